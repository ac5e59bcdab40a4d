// What tables can say and messages of Kafka do not show all of: defaults, tags, nulls, counts that
// lie.

import { expect, test } from 'vitest'
import { codecOf, compile } from './compile.ts'
import { DecodeError } from './decode-error.ts'
import { Reader } from './reader.ts'
import {
  array,
  bool,
  bytes,
  type Fields,
  int8,
  int32,
  int64Clamped,
  type Message,
  nullableArray,
  nullableBytes,
  nullableString,
  nullableStruct,
  records,
  string,
  struct,
} from './schema.ts'
import { bytesOf, hexOf } from './testing/golden.ts'
import { Writer } from './writer.ts'

interface Case<F extends Fields> {
  readonly fields: F
  readonly version?: number
  readonly flexible?: boolean
}

function decode<F extends Fields>(golden: string, of: Case<F>): Message<F> {
  const reader = new Reader(bytesOf(golden))
  const message = compile(of.fields, of.version ?? 0, of.flexible ?? false).read(reader)
  expect(reader.remaining).toBe(0)
  return message
}

function encode<F extends Fields>(message: Message<F>, of: Case<F>): string {
  const writer = new Writer(1)
  compile(of.fields, of.version ?? 0, of.flexible ?? false).write(writer, message)
  return hexOf(writer.finish())
}

const hex = (golden: string) => hexOf([bytesOf(golden)])

test('a field is carried from since to until and has its default elsewhere', () => {
  const fields = { a: int8({ since: 1, until: 2, default: 5 }), b: int8() }
  const message = { a: 3, b: 4 }
  expect([0, 1, 2, 3].map(version => encode(message, { fields, version }))).toEqual([
    '04',
    '0304',
    '0304',
    '04',
  ])
  expect(decode('04', { fields, version: 3 })).toEqual({ a: 5, b: 4 })
  expect(decode('0304', { fields, version: 1 })).toEqual({ a: 3, b: 4 })
})

test('a tagged field that holds its default is not written', () => {
  const fields = {
    number: int8({ tag: 0, default: 7 }),
    list: array(int8(), { tag: 1 }),
    inner: struct({ x: int32({ default: -1 }), y: string() }, { tag: 2 }),
    text: nullableString({ tag: 3 }),
  }
  const defaults = { number: 7, list: [], inner: { x: -1, y: '' }, text: null }
  expect(encode(defaults, { fields, flexible: true })).toBe('00')
  expect(decode('00', { fields, flexible: true })).toEqual(defaults)
  const others = { number: 0, list: [1], inner: { x: -1, y: 'a' }, text: '' }
  const golden = '04 00 01 00 01 02 02 01 02 07 ffffffff 02 "a" 00 03 01 01'
  expect(encode(others, { fields, flexible: true })).toBe(hex(golden))
  expect(decode(golden, { fields, flexible: true })).toEqual(others)
})

test('tagged fields are written by ascending tag, wherever they stand in the table', () => {
  const fields = { late: int8({ tag: 9 }), early: int8({ tag: 1 }), plain: int8() }
  const message = { late: 3, early: 2, plain: 1 }
  expect(encode(message, { fields, flexible: true })).toBe(hex('01 02 01 01 02 09 01 03'))
  const read = decode('01 02 01 01 02 09 01 03', { fields, flexible: true })
  expect(read).toEqual(message)
  expect(Object.keys(read)).toEqual(['late', 'early', 'plain'])
})

test('a tag that is not known is passed over', () => {
  const fields = { known: int8({ tag: 1 }) }
  expect(decode('02 01 01 05 07 03 aabbcc', { fields, flexible: true })).toEqual({ known: 5 })
})

test('a tagged field whose size is not that of its value is a DecodeError', () => {
  const fields = { known: int8({ tag: 1 }) }
  for (const golden of ['01 01 02 0505', '01 01 00', '01 01 05 05', '01 01 ffffffff0f 05']) {
    expect(() => decode(golden, { fields, flexible: true }), golden).toThrow(DecodeError)
  }
})

test('a large value in the tagged section is copied, for its size stands before it', () => {
  const large = new Uint8Array(5000).fill(1)
  const fields = { large: bytes({ tag: 0 }) }
  const written = encode({ large }, { fields, flexible: true })
  // 5001 as varint is 8927; the part is two bytes longer: 8a27 is 5002.
  expect(written).toBe(`01008a278927${hexOf([large])}`)
  expect(decode(written, { fields, flexible: true })).toEqual({ large })
})

test('null is -1 as a length, 0 as a compact one', () => {
  const fields = {
    text: nullableString(),
    data: nullableBytes(),
    list: nullableArray(int8()),
    batches: records(),
    inner: nullableStruct({ x: int8() }),
  }
  const nulls = { text: null, data: null, list: null, batches: null, inner: null }
  expect(encode(nulls, { fields })).toBe(hex('ffff ffffffff ffffffff ffffffff ff'))
  expect(decode('ffff ffffffff ffffffff ffffffff ff', { fields })).toEqual(nulls)
  expect(encode(nulls, { fields, flexible: true })).toBe(hex('00 00 00 00 ff 00'))
  expect(decode('00 00 00 00 ff 00', { fields, flexible: true })).toEqual(nulls)
})

test('null where the version has none is a DecodeError, as is a length below it', () => {
  const nullable = { text: nullableString({ nullableSince: 1 }) }
  expect(decode('ffff', { fields: nullable, version: 1 })).toEqual({ text: null })
  expect(() => decode('ffff', { fields: nullable, version: 0 })).toThrow(DecodeError)
  expect(() => decode('fffe', { fields: nullable, version: 1 })).toThrow(DecodeError)
  expect(() => decode('00 00', { fields: { text: string() }, flexible: true })).toThrow(DecodeError)
  expect(() => decode('ffffffff', { fields: { list: array(int8()) } })).toThrow(DecodeError)
  expect(() => decode('fffffffe', { fields: { list: nullableArray(int8()) } })).toThrow(DecodeError)
  expect(() => decode('ffffffff', { fields: { data: bytes() } })).toThrow(DecodeError)
  expect(() => decode('fffffffe', { fields: { batches: records() } })).toThrow(DecodeError)
})

test('a null string is written as an empty one where the version has no null', () => {
  const fields = { text: nullableString({ nullableSince: 1 }) }
  expect(encode({ text: null }, { fields, version: 0 })).toBe('0000')
  expect(encode({ text: null }, { fields, version: 1 })).toBe('ffff')
})

test('a null array where the version has no null is a bug: it would mean something else', () => {
  const fields = { list: nullableArray(int8(), { nullableSince: 1 }) }
  expect(encode({ list: null }, { fields, version: 1 })).toBe('ffffffff')
  expect(() => encode({ list: null }, { fields, version: 0 })).toThrow('an array is null only')
})

test('a count that the remaining bytes cannot hold is refused before the first element', () => {
  const fields = { list: array({ id: int32(), name: string() }) }
  // Two elements of at least six bytes each, eleven bytes left.
  expect(() => decode(`00000002 ${'00'.repeat(11)}`, { fields })).toThrow(
    'list: array of 2 elements in 11 bytes',
  )
  expect(() => decode('7fffffff', { fields })).toThrow(DecodeError)
  expect(() => decode('ffffffff0f', { fields, flexible: true })).toThrow(DecodeError)
})

test('elements that take no bytes in this version cannot be asked for in any number', () => {
  const fields = { list: array({ later: int8({ since: 5 }) }) }
  expect(() => decode('7fffffff', { fields })).toThrow(DecodeError)
})

test('an offset beyond exact numbers is clamped where it is only compared', () => {
  const fields = { offset: int64Clamped() }
  const { offset } = decode('7fffffffffffffff', { fields })
  expect(offset).toBe(Number.MAX_SAFE_INTEGER)
})

test('an error deep inside names the way to it', () => {
  const fields = { topics: array({ partitions: array({ isr: bool(), name: string() }) }) }
  expect(() => decode('00000001 00000002 01 0000 01 0005 61', { fields })).toThrow(
    'topics[0].partitions[1].name: 5 bytes wanted, 1 left at byte 14',
  )
})

test('a codec is made once per table and version', () => {
  const fields = { a: int8(), b: int8({ since: 1 }) }
  expect(codecOf(fields, 0, false)).toBe(codecOf(fields, 0, false))
  expect(codecOf(fields, 1, false)).not.toBe(codecOf(fields, 0, false))
})

test('defaults are shared and therefore frozen', () => {
  const fields = { inner: struct({ x: int8() }, { since: 1 }), list: array(int8(), { since: 1 }) }
  const message = decode('', { fields })
  expect(Object.isFrozen(message.inner)).toBe(true)
  expect(Object.isFrozen(message.list)).toBe(true)
})
