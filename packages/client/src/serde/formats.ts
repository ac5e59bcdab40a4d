// The formats that need no schema: text, bytes as they are, numbers as Java's serializers write
// them.

import { Buffer } from 'node:buffer'
import type { Serde } from './serde.ts'

/** UTF-8. Bytes that are no UTF-8 come out with replacement characters, as everywhere in Node. */
export function string(): Serde<string> {
  return text
}

/** Bytes as they are. */
export function bytes(): Serde<Uint8Array> {
  return raw
}

/** Four bytes, highest first, as Java's IntegerSerializer. */
export function int32(): Serde<number> {
  return integer32
}

/** Eight bytes, highest first, as Java's LongSerializer; integers up to 2^53 - 1 in size. */
export function int64(): Serde<number> {
  return integer64
}

/** Eight bytes of IEEE 754, highest first, as Java's DoubleSerializer. */
export function float64(): Serde<number> {
  return double
}

const text: Serde<string> = {
  serialize(value) {
    if (typeof value === 'string') return value
    throw new TypeError(`expected a string, got ${nameOf(value)}`)
  },
  deserialize: value => viewOf(value).toString('utf8'),
}

const raw: Serde<Uint8Array> = {
  serialize(value) {
    if (value instanceof Uint8Array) return value
    throw new TypeError(`expected a Uint8Array, got ${nameOf(value)}`)
  },
  deserialize: value => value,
}

const integer32: Serde<number> = {
  serialize(value) {
    if (!Number.isInteger(value) || value !== (value | 0)) {
      throw new RangeError(`expected an integer of 32 bits, got ${nameOf(value)}`)
    }
    const buffer = Buffer.allocUnsafe(4)
    buffer.writeInt32BE(value)
    return buffer
  },
  deserialize: value => sized(value, 4).readInt32BE(),
}

const integer64: Serde<number> = {
  serialize(value) {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`expected an integer below 2^53, got ${nameOf(value)}`)
    }
    const buffer = Buffer.allocUnsafe(8)
    buffer.writeBigInt64BE(BigInt(value))
    return buffer
  },
  deserialize(value) {
    const integer = Number(sized(value, 8).readBigInt64BE())
    if (Number.isSafeInteger(integer)) return integer
    throw new RangeError(`an integer beyond 2^53`)
  },
}

const double: Serde<number> = {
  serialize(value) {
    if (typeof value !== 'number') throw new TypeError(`expected a number, got ${nameOf(value)}`)
    const buffer = Buffer.allocUnsafe(8)
    buffer.writeDoubleBE(value)
    return buffer
  },
  deserialize: value => sized(value, 8).readDoubleBE(),
}

function sized(bytes: Uint8Array, byteLength: number): Buffer {
  if (bytes.length === byteLength) return viewOf(bytes)
  throw new RangeError(`expected ${byteLength} bytes, got ${bytes.length}`)
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function nameOf(value: unknown): string {
  return typeof value === 'number' ? String(value) : typeof value
}
