// Values that a message test does not reach: extremes, lengths that lie, integers beyond 2^53.

import { expect, test } from 'vitest'
import { DecodeError } from './decode-error.ts'
import { Reader } from './reader.ts'
import { bytesOf } from './testing/golden.ts'

const reader = (golden: string): Reader => new Reader(bytesOf(golden))

test('integers are big-endian and signed', () => {
  expect(reader('80').int8()).toBe(-128)
  expect(reader('7f').int8()).toBe(127)
  expect(reader('8000').int16()).toBe(-0x8000)
  expect(reader('7fff').int16()).toBe(0x7fff)
  expect(reader('ffff').uint16()).toBe(0xffff)
  expect(reader('80000000').int32()).toBe(-0x80000000)
  expect(reader('7fffffff').int32()).toBe(0x7fffffff)
  expect(reader('0000000100000000').int64()).toBe(2 ** 32)
  expect(reader('00000000ffffffff').int64()).toBe(2 ** 32 - 1)
  expect(reader('ffffffffffffffff').int64()).toBe(-1)
  expect(reader('ffffffff00000000').int64()).toBe(-(2 ** 32))
})

test('an int64 is a number up to 2^53 and a DecodeError beyond', () => {
  expect(reader('001fffffffffffff').int64()).toBe(Number.MAX_SAFE_INTEGER)
  expect(reader('ffe0000000000001').int64()).toBe(Number.MIN_SAFE_INTEGER)
  for (const beyond of ['0020000000000000', 'ffe0000000000000', '7fffffffffffffff']) {
    expect(() => reader(beyond).int64(), beyond).toThrow(DecodeError)
  }
})

test('a clamped int64 beyond 2^53 is the nearest safe integer', () => {
  expect(reader('7fffffffffffffff').int64Clamped()).toBe(Number.MAX_SAFE_INTEGER)
  expect(reader('8000000000000000').int64Clamped()).toBe(Number.MIN_SAFE_INTEGER)
  expect(reader('fffffffffffffffe').int64Clamped()).toBe(-2)
})

test('a varint has seven bits per byte, lowest first', () => {
  const known: [string, number][] = [
    ['00', 0],
    ['7f', 127],
    ['8001', 128],
    ['ac02', 300],
    ['ff7f', 16383],
    ['808001', 16384],
    ['ffffffff0f', 0xffffffff],
    // Longer than needed, but no longer than 32 bits.
    ['8000', 0],
  ]
  for (const [hex, value] of known) expect(reader(hex).uvarint(), hex).toBe(value)
})

test('a varint beyond 32 bits or without end is a DecodeError', () => {
  for (const hex of ['ffffffff10', '808080808001', '80', '']) {
    expect(() => reader(hex).uvarint(), hex).toThrow(DecodeError)
  }
})

test('any byte but 0 is true', () => {
  expect(reader('00').bool()).toBe(false)
  expect(reader('01').bool()).toBe(true)
  expect(reader('02').bool()).toBe(true)
})

test('text is UTF-8, short or long', () => {
  for (const text of [
    '',
    'a',
    'ä',
    'topic-日本',
    '😀'.repeat(30),
    'x'.repeat(24),
    'x'.repeat(25),
  ]) {
    const bytes = Buffer.from(text)
    expect(new Reader(bytes).utf8(bytes.byteLength)).toBe(text)
  }
})

test('bytes that are not UTF-8 become the replacement character', () => {
  expect(reader('61 ff').utf8(2)).toBe('a\ufffd')
})

test('text of more than 32767 bytes is a DecodeError even when it is there', () => {
  const bytes = new Uint8Array(0x8000).fill(0x61)
  expect(new Reader(bytes).utf8(0x7fff)).toHaveLength(0x7fff)
  expect(() => new Reader(bytes).utf8(0x8000)).toThrow(DecodeError)
})

test('a view shares the memory of what is read', () => {
  const bytes = Uint8Array.of(9, 1, 2, 3)
  const view = new Reader(bytes, 1).view(2)
  bytes[1] = 7
  expect(view).toEqual(Uint8Array.of(7, 2))
})

test('reading starts and ends where it was told', () => {
  const whole = Uint8Array.of(1, 2, 3, 4, 5)
  const part = new Reader(whole.subarray(1), 1, 3)
  expect(part.remaining).toBe(2)
  expect(part.int16()).toBe(0x0304)
  expect(() => part.int8()).toThrow(DecodeError)
})

test('a part that is read short or long is a DecodeError', () => {
  const short = reader('010203')
  const end = short.enter(2)
  short.int8()
  expect(() => short.leave(end)).toThrow(DecodeError)

  const long = reader('010203')
  long.enter(2)
  expect(() => long.int32()).toThrow(DecodeError)
  expect(() => reader('01').enter(2)).toThrow(DecodeError)
})

test('an error says what was wanted and where', () => {
  const cut = reader('0000 00')
  cut.int16()
  expect(() => cut.int32()).toThrow('4 bytes wanted, 1 left at byte 2')
})
