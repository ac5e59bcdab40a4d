// Writes the primitive types of the wire into a buffer that grows. Large byte strings are not
// copied: the result is a list of chunks in order, some of them the caller's own memory.

import { Buffer } from 'node:buffer'
import { assert } from '@klamm/base'
import { maxStringBytes, minBytesByReference } from './limits.ts'
import { putUvarint, uvarintByteLength } from './varint.ts'

const two32 = 0x1_0000_0000
const defaultBlockBytes = 512
/** Up to here a loop over the characters beats the call into native code. */
const shortStringLength = 24

/**
 * Always true: `#chunks` hold everything before `#start` of the current block; what stands between
 * `#start` and `#offset` is written but not yet a chunk.
 */
export class Writer {
  #block: Buffer
  #start = 0
  #offset = 0
  #chunks: Uint8Array[] = []
  /** Bytes in `#chunks`. */
  #chunkBytes = 0
  /** Parts of unknown size that are open: until they close, nothing may leave the block. */
  #openParts = 0

  /** `blockBytes` is the size to begin with; the buffer grows as needed. */
  constructor(blockBytes = defaultBlockBytes) {
    this.#block = Buffer.allocUnsafe(blockBytes)
  }

  get byteLength(): number {
    return this.#chunkBytes + this.#offset - this.#start
  }

  int8(value: number): void {
    const at = this.#room(1)
    this.#block[at] = value
  }

  bool(value: boolean): void {
    const at = this.#room(1)
    this.#block[at] = value ? 1 : 0
  }

  /** Also for uint16: only the low 16 bits are looked at. */
  int16(value: number): void {
    const at = this.#room(2)
    const block = this.#block
    block[at] = value >> 8
    block[at + 1] = value
  }

  int32(value: number): void {
    const at = this.#room(4)
    putInt32(this.#block, at, value)
  }

  int64(value: number): void {
    assert(Number.isSafeInteger(value), 'an int64 is a safe integer')
    const at = this.#room(8)
    putInt32(this.#block, at, Math.floor(value / two32))
    putInt32(this.#block, at + 4, value >>> 0)
  }

  uvarint(value: number): void {
    const at = this.#room(uvarintByteLength(value))
    putUvarint(this.#block, at, value)
  }

  /** Base64url without padding, 22 characters, to 16 bytes. */
  uuid(value: string): void {
    assert(value.length === 22, 'a UUID has 22 characters of base64url')
    const at = this.#room(16)
    assert(this.#block.write(value, at, 16, 'base64url') === 16, 'a UUID is base64url')
  }

  /** Length as uvarint plus one (compact) or int16, then UTF-8. */
  string(value: string, compact: boolean): void {
    if (value.length <= shortStringLength && this.#shortAscii(value, compact)) return
    const byteLength = Buffer.byteLength(value)
    assert(byteLength <= maxStringBytes, 'a string has at most 32767 bytes')
    if (compact) this.uvarint(byteLength + 1)
    else this.int16(byteLength)
    const at = this.#room(byteLength)
    this.#block.write(value, at, byteLength, 'utf8')
  }

  /** Raw bytes: by reference when there are many, so they must not change until they are sent. */
  bytes(value: Uint8Array): void {
    const length = value.byteLength
    if (length >= minBytesByReference && this.#openParts === 0) {
      this.#cut()
      this.#chunks.push(value)
      this.#chunkBytes += length
      return
    }
    const at = this.#room(length)
    this.#block.set(value, at)
  }

  /** Begins a part that is preceded by its size as uvarint; `closePart` takes what this returns. */
  openPart(): number {
    this.#openParts += 1
    this.#room(1)
    // Relative to #start: growing moves the block, but nothing is cut off while a part is open.
    return this.#offset - this.#start
  }

  closePart(mark: number): void {
    const size = this.#offset - this.#start - mark
    const extra = uvarintByteLength(size) - 1
    if (extra > 0) {
      this.#room(extra)
      const from = this.#start + mark
      this.#block.copyWithin(from + extra, from, from + size)
    }
    putUvarint(this.#block, this.#start + mark - 1, size)
    this.#openParts -= 1
  }

  /** All that was written, in order. The writer must not be used afterwards. */
  finish(): Uint8Array[] {
    assert(this.#openParts === 0, 'every part is closed')
    this.#cut()
    return this.#chunks
  }

  /** Overwrites the first four bytes, which an int32 was written to, with the size of the rest. */
  finishFrame(): Uint8Array[] {
    const size = this.byteLength - 4
    const chunks = this.finish()
    const first = chunks[0]
    assert(first !== undefined && first.byteLength >= 4, 'a frame begins with its length')
    putInt32(first, 0, size)
    return chunks
  }

  #shortAscii(value: string, compact: boolean): boolean {
    const length = value.length
    // One byte says the compact length of a short string.
    const prefix = compact ? 1 : 2
    const at = this.#room(prefix + length)
    const block = this.#block
    for (let i = 0; i < length; i++) {
      const code = value.charCodeAt(i)
      if (code > 0x7f) {
        this.#offset = at
        return false
      }
      block[at + prefix + i] = code
    }
    if (compact) block[at] = length + 1
    else {
      block[at] = 0
      block[at + 1] = length
    }
    return true
  }

  /** Makes what is written so far a chunk. */
  #cut(): void {
    if (this.#offset === this.#start) return
    this.#chunks.push(this.#block.subarray(this.#start, this.#offset))
    this.#chunkBytes += this.#offset - this.#start
    this.#start = this.#offset
  }

  /**
   * Makes room and returns where it begins. May replace `#block`: call it first, and read `#block`
   * only afterwards.
   */
  #room(byteLength: number): number {
    if (this.#offset + byteLength > this.#block.byteLength) this.#grow(byteLength)
    const at = this.#offset
    this.#offset = at + byteLength
    return at
  }

  #grow(byteLength: number): void {
    const kept = this.#offset - this.#start
    const block = Buffer.allocUnsafe(Math.max(2 * this.#block.byteLength, kept + byteLength))
    block.set(this.#block.subarray(this.#start, this.#offset), 0)
    this.#block = block
    this.#start = 0
    this.#offset = kept
  }
}

function putInt32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 24
  bytes[at + 1] = value >> 16
  bytes[at + 2] = value >> 8
  bytes[at + 3] = value
}
