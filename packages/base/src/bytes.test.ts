// Byte helpers against Node’s Buffer.

import { expect, test } from 'vitest'
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromHex,
  readableBytes,
  toHex,
  totalBytes,
} from './bytes.ts'
import { seededRandom } from './random.ts'

test('the order is bytewise, unsigned, a prefix first', () => {
  const random = seededRandom(1)
  for (let i = 0; i < 2_000; i++) {
    const a = random.bytes(random.below(4)).map(byte => byte & 0x81)
    const b = random.bytes(random.below(4)).map(byte => byte & 0x81)
    expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
    expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
  }
})

test('joining copies, also a single part and also a Buffer', () => {
  const part = Buffer.from('abc')
  const joined = concatBytes([part])
  part.fill(0)
  expect(toHex(joined)).toBe('616263')
  expect(toHex(concatBytes([fromHex('01'), fromHex(''), fromHex('0203')]))).toBe('010203')
  expect(concatBytes([])).toEqual(new Uint8Array(0))
  expect(totalBytes([fromHex('01'), fromHex('0203')])).toBe(3)
})

test('hexadecimal goes both ways and ignores space', () => {
  expect(toHex(fromHex('00 0f\nF0 ff'))).toBe('000ff0ff')
  expect(() => fromHex('0')).toThrow('pairs of hexadecimal digits')
  expect(() => fromHex('0x')).toThrow('pairs of hexadecimal digits')
})

test('readable bytes are plain text where they can be, and say how much was cut', () => {
  expect(readableBytes(Buffer.from('topic-1 \\ \n\xff', 'latin1'))).toBe('topic-1 \\x5c \\x0a\\xff')
  expect(readableBytes(Buffer.from('abcdef'), 3)).toBe('abc… (6 bytes)')
})
