// Walks over the decompressed records of one batch without making an object per record. Every
// length and count is checked against the bytes that are there: any bytes give records or a
// RecordsError. Whether offsets and timestamps make sense is for the caller.

import { Buffer } from 'node:buffer'
import { type BatchHeader, timestampTypeOf } from './batch-header.ts'
import { minRecordBytes } from './limits.ts'
import { RecordsError } from './records-error.ts'

export interface RecordHeader {
  readonly key: string
  readonly value: Uint8Array | null
}

/** Where a null begins. */
const absent = -1

/**
 * Stands before the first record; `next` moves to the following one, whose fields can then be read.
 *
 * Always true: `#at` is within the records; what the fields point at lies before it.
 */
export class RecordCursor {
  /** Offset relative to the batch's base offset; as claimed. */
  offsetDelta = 0
  /** In ms; the batch's max timestamp with LogAppendTime, -1 for none. */
  timestamp = 0

  readonly #bytes: Buffer
  readonly #baseTimestamp: number
  readonly #fixedTimestamp: number | undefined
  #remaining: number
  #at = 0
  #end = 0
  #keyStart = absent
  #keyEnd = 0
  #valueStart = absent
  #valueEnd = 0
  #headersStart = 0
  #headerCount = 0

  /** `records` is what follows the header of the batch, decompressed. */
  constructor(records: Uint8Array, header: BatchHeader) {
    this.#bytes = Buffer.from(records.buffer, records.byteOffset, records.byteLength)
    this.#baseTimestamp = header.baseTimestamp
    const isLogAppendTime = timestampTypeOf(header) === 'LogAppendTime'
    this.#fixedTimestamp = isLogAppendTime ? header.maxTimestamp : undefined
    this.#remaining = header.recordCount
    if (header.recordCount < 0 || header.recordCount * minRecordBytes > records.length) {
      throw invalid(`${header.recordCount} records in ${records.length} bytes`)
    }
  }

  /** False after the last record; the bytes must end there. */
  next(): boolean {
    const total = this.#bytes.length
    if (this.#remaining === 0) {
      if (this.#at === total) return false
      throw invalid(`${total - this.#at} bytes after the last record`)
    }
    this.#remaining -= 1
    this.#end = total
    const length = this.#varint()
    if (length < 0 || length > total - this.#at) throw invalid(`a record of ${length} bytes`)
    this.#end = this.#at + length
    // The attributes of a record have no meaning yet.
    this.#skip(1)
    const timestampDelta = this.#varlong()
    this.timestamp = this.#fixedTimestamp ?? this.#baseTimestamp + timestampDelta
    if (!Number.isSafeInteger(this.timestamp)) throw invalid('a timestamp beyond 2^53 ms')
    this.offsetDelta = this.#varint()
    this.#keyStart = this.#nullableBytes()
    this.#keyEnd = this.#at
    this.#valueStart = this.#nullableBytes()
    this.#valueEnd = this.#at
    this.#headersStart = this.#at
    this.#skipHeaders()
    if (this.#at !== this.#end) throw invalid(`${this.#end - this.#at} bytes too many in a record`)
    return true
  }

  get hasKey(): boolean {
    return this.#keyStart !== absent
  }

  /** A view. */
  get key(): Uint8Array | null {
    return this.#keyStart === absent ? null : this.#view(this.#keyStart, this.#keyEnd)
  }

  /** A view; null is a tombstone on a compacted topic. */
  get value(): Uint8Array | null {
    return this.#valueStart === absent ? null : this.#view(this.#valueStart, this.#valueEnd)
  }

  /** The same view as a Buffer, for those who hand it on to programs. */
  get keyBuffer(): Buffer | null {
    if (this.#keyStart === absent) return null
    return this.#bytes.subarray(this.#keyStart, this.#keyEnd)
  }

  /** As `keyBuffer`. */
  get valueBuffer(): Buffer | null {
    if (this.#valueStart === absent) return null
    return this.#bytes.subarray(this.#valueStart, this.#valueEnd)
  }

  get headerCount(): number {
    return this.#headerCount
  }

  /** The headers of the current record, in order; a key may occur several times. */
  headers(): RecordHeader[] {
    const resumeAt = this.#at
    this.#at = this.#headersStart
    const headers: RecordHeader[] = []
    for (let count = this.#varint(); count > 0; count--) {
      const keyBytes = this.#varint()
      const key = this.#bytes.toString('utf8', this.#at, this.#at + keyBytes)
      this.#at += keyBytes
      const start = this.#nullableBytes()
      headers.push({ key, value: start === absent ? null : this.#view(start, this.#at) })
    }
    this.#at = resumeAt
    return headers
  }

  #skipHeaders(): void {
    const count = this.#varint()
    this.#headerCount = count
    // A header takes at least two bytes.
    if (count < 0 || count * 2 > this.#end - this.#at) throw invalid(`${count} headers`)
    for (let i = 0; i < count; i++) {
      const keyBytes = this.#varint()
      if (keyBytes < 0) throw invalid('a header without a key')
      this.#skip(keyBytes)
      this.#nullableBytes()
    }
  }

  /** Moves over length and bytes; returns where the bytes start. */
  #nullableBytes(): number {
    const length = this.#varint()
    if (length === -1) return absent
    if (length < -1) throw invalid(`a length of ${length}`)
    const start = this.#at
    this.#skip(length)
    return start
  }

  #skip(byteLength: number): void {
    if (byteLength > this.#end - this.#at)
      throw invalid(`${byteLength} bytes pass the record's end`)
    this.#at += byteLength
  }

  #view(start: number, end: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, end - start)
  }

  #varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.#at >= this.#end) throw invalid('a varint passes the end')
      const byte = this.#bytes[this.#at++] as number
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1)
    }
    throw invalid('a varint longer than 32 bits')
  }

  #varlong(): number {
    let value = 0
    let factor = 1
    for (let i = 0; i < 10; i++) {
      if (this.#at >= this.#end) throw invalid('a varlong passes the end')
      const byte = this.#bytes[this.#at++] as number
      value += (byte & 0x7f) * factor
      factor *= 0x80
      if (byte > 0x7f) continue
      if (value > Number.MAX_SAFE_INTEGER) throw invalid('a timestamp beyond 2^53 ms')
      return value % 2 === 0 ? value / 2 : -(value + 1) / 2
    }
    throw invalid('a varlong longer than 64 bits')
  }
}

function invalid(problem: string): RecordsError {
  return new RecordsError('INVALID_RECORD', problem)
}
