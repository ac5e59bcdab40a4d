// Signed variable-length integers of records: zigzag, then seven bits per byte, lowest first. The
// writing side; reading them is part of RecordCursor, which knows its bounds.

import { assert } from '@klamm/base'
import { putUvarint, uvarintByteLength } from '../varint.ts'

/** Largest distance from zero of a varlong here: after zigzag it is still exact as a number. */
export const maxVarlong = 2 ** 52

/** Bytes of an int32 as varint. */
export function varintByteLength(value: number): number {
  return uvarintByteLength(zigzag32(value))
}

/** Writes an int32; there must be room. Returns the offset after it. */
export function putVarint(bytes: Uint8Array, at: number, value: number): number {
  return putUvarint(bytes, at, zigzag32(value))
}

/** Bytes of a varlong; |value| ≤ `maxVarlong`. */
export function varlongByteLength(value: number): number {
  let rest = zigzag(value)
  let length = 1
  while (rest >= 0x80) {
    rest = Math.floor(rest / 0x80)
    length += 1
  }
  return length
}

/** Writes a varlong; there must be room. Returns the offset after it. */
export function putVarlong(bytes: Uint8Array, start: number, value: number): number {
  let rest = zigzag(value)
  let at = start
  while (rest >= 0x80) {
    bytes[at++] = (rest % 0x80) | 0x80
    rest = Math.floor(rest / 0x80)
  }
  bytes[at++] = rest
  return at
}

function zigzag32(value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}

function zigzag(value: number): number {
  assert(Math.abs(value) <= maxVarlong, 'a varlong is exact as a number')
  return value < 0 ? -2 * value - 1 : 2 * value
}
