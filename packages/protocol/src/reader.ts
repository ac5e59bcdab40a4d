// Reads the primitive types of the wire from a byte array. Every length is checked against the
// bytes that are left before it is believed. Byte strings are views: they share the frame's memory.

import { Buffer } from 'node:buffer'
import { DecodeError } from './decode-error.ts'
import { maxStringBytes } from './limits.ts'

const two32 = 0x1_0000_0000
/** Up to here a loop over the bytes beats the call into native code. */
const shortStringBytes = 24

export class Reader {
  readonly #bytes: Buffer
  #offset: number
  #end: number

  /** Reads `bytes` from `offset` up to (not including) `end`. */
  constructor(bytes: Uint8Array, offset = 0, end = bytes.byteLength) {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#offset = offset
    this.#end = end
  }

  /** Position of the next byte in what was given to the constructor. */
  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#end - this.#offset
  }

  int8(): number {
    const at = this.#take(1)
    return ((this.#bytes[at] as number) << 24) >> 24
  }

  bool(): boolean {
    return this.#bytes[this.#take(1)] !== 0
  }

  int16(): number {
    const at = this.#take(2)
    const bytes = this.#bytes
    return (((bytes[at] as number) << 24) >> 16) | (bytes[at + 1] as number)
  }

  uint16(): number {
    const at = this.#take(2)
    const bytes = this.#bytes
    return ((bytes[at] as number) << 8) | (bytes[at + 1] as number)
  }

  int32(): number {
    return this.#int32At(this.#take(4))
  }

  /** A DecodeError when the value cannot be told exactly as a number. */
  int64(): number {
    const at = this.#take(8)
    const value = this.#int32At(at) * two32 + (this.#int32At(at + 4) >>> 0)
    if (!Number.isSafeInteger(value)) throw new DecodeError('int64 beyond 2^53', at)
    return value
  }

  /** The nearest safe integer, for what is only compared with smaller numbers. */
  int64Clamped(): number {
    const at = this.#take(8)
    const value = this.#int32At(at) * two32 + (this.#int32At(at + 4) >>> 0)
    return Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)
  }

  uvarint(): number {
    const bytes = this.#bytes
    const start = this.#offset
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#offset >= this.#end) throw this.#short(1)
      const byte = bytes[this.#offset++] as number
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new DecodeError('varint longer than 32 bits', start)
  }

  /** 16 bytes as base64url without padding: 22 characters, as Kafka prints them. */
  uuid(): string {
    const at = this.#take(16)
    return this.#bytes.toString('base64url', at, at + 16)
  }

  /** `byteLength` bytes of UTF-8. What is not UTF-8 becomes U+FFFD, as in Kafka. */
  utf8(byteLength: number): string {
    if (byteLength > maxStringBytes) {
      throw new DecodeError(`string of ${byteLength} bytes`, this.#offset)
    }
    const start = this.#take(byteLength)
    const end = start + byteLength
    if (byteLength > shortStringBytes) return this.#bytes.toString('utf8', start, end)
    const bytes = this.#bytes
    let text = ''
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number
      if (byte > 0x7f) return bytes.toString('utf8', start, end)
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** A view of the next bytes; it keeps the whole frame's memory alive. */
  view(byteLength: number): Uint8Array {
    const at = this.#take(byteLength)
    const bytes = this.#bytes
    return new Uint8Array(bytes.buffer, bytes.byteOffset + at, byteLength)
  }

  skip(byteLength: number): void {
    this.#take(byteLength)
  }

  /**
   * Ends the message `byteLength` bytes from here, for a part that carries its own size; returns
   * the end to go back to with `leave`.
   */
  enter(byteLength: number): number {
    if (byteLength > this.#end - this.#offset) throw this.#short(byteLength)
    const outerEnd = this.#end
    this.#end = this.#offset + byteLength
    return outerEnd
  }

  /** A DecodeError when the part entered was not read to its end. */
  leave(outerEnd: number): void {
    if (this.#offset !== this.#end) {
      throw new DecodeError(`${this.remaining} bytes too many`, this.#offset)
    }
    this.#end = outerEnd
  }

  #int32At(at: number): number {
    const bytes = this.#bytes
    return (
      ((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)
    )
  }

  /** Moves over the next bytes and returns where they start. */
  #take(byteLength: number): number {
    const at = this.#offset
    if (byteLength > this.#end - at) throw this.#short(byteLength)
    this.#offset = at + byteLength
    return at
  }

  #short(wanted: number): DecodeError {
    return new DecodeError(`${wanted} bytes wanted, ${this.remaining} left`, this.#offset)
  }
}
