// How the writer grows, what it copies and what it passes on.

import { expect, test } from 'vitest'
import { minBytesByReference } from './limits.ts'
import { bytesOf, hexOf, sampleUuid, uuidHex } from './testing/golden.ts'
import { putUvarint, uvarintByteLength } from './varint.ts'
import { Writer } from './writer.ts'

function hexWritten(write: (writer: Writer) => void): string {
  const writer = new Writer(1)
  write(writer)
  return hexOf(writer.finish())
}

test('integers are big-endian', () => {
  expect(hexWritten(w => w.int8(-128))).toBe('80')
  expect(hexWritten(w => w.int16(-2))).toBe('fffe')
  expect(hexWritten(w => w.int16(0xffff))).toBe('ffff')
  expect(hexWritten(w => w.int32(-2))).toBe('fffffffe')
  expect(hexWritten(w => w.int64(-1))).toBe('ffffffffffffffff')
  expect(hexWritten(w => w.int64(2 ** 32 - 1))).toBe('00000000ffffffff')
  expect(hexWritten(w => w.int64(-(2 ** 32) - 1))).toBe('fffffffeffffffff')
  expect(hexWritten(w => w.int64(Number.MAX_SAFE_INTEGER))).toBe('001fffffffffffff')
  expect(hexWritten(w => w.int64(Number.MIN_SAFE_INTEGER))).toBe('ffe0000000000001')
})

test('an int64 that is no safe integer is never written', () => {
  for (const value of [2 ** 53, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => new Writer().int64(value), `${value}`).toThrow('safe integer')
  }
})

test('a varint has seven bits per byte, lowest first, and is as short as can be', () => {
  const known: [number, string][] = [
    [0, '00'],
    [127, '7f'],
    [128, '8001'],
    [300, 'ac02'],
    [16383, 'ff7f'],
    [16384, '808001'],
    [0xffffffff, 'ffffffff0f'],
  ]
  for (const [value, hex] of known) {
    expect(hexWritten(w => w.uvarint(value))).toBe(hex)
    expect(uvarintByteLength(value)).toBe(hex.length / 2)
    expect(putUvarint(new Uint8Array(9), 3, value)).toBe(3 + hex.length / 2)
  }
})

test('a string counts bytes, not characters', () => {
  expect(hexWritten(w => w.string('aé', false))).toBe(hexOf([bytesOf('0003 "a" c3a9')]))
  expect(hexWritten(w => w.string('aé', true))).toBe(hexOf([bytesOf('04 "a" c3a9')]))
  const long = 'é'.repeat(100)
  expect(hexWritten(w => w.string(long, true))).toBe(`c901${'c3a9'.repeat(100)}`)
})

test('a string of more than 32767 bytes is never written', () => {
  expect(() => new Writer().string('é'.repeat(0x4000), true)).toThrow('32767')
})

test('a uuid is 22 characters of base64url', () => {
  expect(hexWritten(w => w.uuid(sampleUuid))).toBe(uuidHex)
  expect(() => new Writer().uuid('')).toThrow('22 characters')
  expect(() => new Writer().uuid('!'.repeat(22))).toThrow('base64url')
})

test('large byte strings are passed on, small ones are copied', () => {
  const large = new Uint8Array(minBytesByReference)
  const small = new Uint8Array(minBytesByReference - 1)
  const writer = new Writer()
  writer.int8(1)
  writer.bytes(large)
  writer.int8(2)
  writer.bytes(small)
  const chunks = writer.finish()
  expect(chunks).toHaveLength(3)
  expect(chunks[1]).toBe(large)
  expect(chunks[2]?.byteLength).toBe(1 + small.byteLength)
  expect(chunks[2]?.buffer).not.toBe(small.buffer)
})

test('what was written before a growth is still there', () => {
  const expected: number[] = []
  const writer = new Writer(1)
  for (let i = 0; i < 300; i++) {
    writer.int8(i)
    expected.push(i & 0xff)
    if (i % 100 === 50) {
      writer.bytes(new Uint8Array(minBytesByReference).fill(i))
      for (let n = 0; n < minBytesByReference; n++) expected.push(i)
    }
  }
  expect(writer.byteLength).toBe(expected.length)
  expect(hexOf(writer.finish())).toBe(hexOf([Uint8Array.from(expected)]))
})

test('a part is preceded by its size, however many bytes the size takes', () => {
  for (const size of [0, 1, 127, 128, 16383, 16384]) {
    const content = new Uint8Array(size).fill(7)
    const hex = hexWritten(writer => {
      writer.int8(1)
      const mark = writer.openPart()
      writer.bytes(content)
      writer.closePart(mark)
      writer.int8(2)
    })
    expect(hex).toBe(`01${hexWritten(w => w.uvarint(size))}${hexOf([content])}02`)
  }
})

test('a part inside a part moves with it', () => {
  const hex = hexWritten(writer => {
    const outer = writer.openPart()
    const inner = writer.openPart()
    writer.bytes(new Uint8Array(200).fill(5))
    writer.closePart(inner)
    writer.int8(9)
    writer.closePart(outer)
  })
  // 200 is c801; the outer part is 2 + 200 + 1 bytes.
  expect(hex).toBe(`cb01c801${'05'.repeat(200)}09`)
})

test('a frame begins with the size of the rest, also when its bytes are passed on', () => {
  const writer = new Writer()
  writer.int32(0)
  writer.bytes(new Uint8Array(5000))
  writer.int16(3)
  expect(hexOf(writer.finishFrame().slice(0, 1))).toBe('0000138a')
})
