// Makes a record batch: records are appended to one growing buffer, and `build` compresses them and
// writes the header before them. What is appended is trusted; impossible values are a bug.

import { Buffer } from 'node:buffer'
import { assert } from '@klamm/base'
import {
  type BatchHeader,
  batchAttribute,
  batchField,
  batchHeaderBytes,
  batchPrefixBytes,
  type CompressionName,
  compressionNames,
  currentMagic,
} from './batch-header.ts'
import { putInt64, sealCrc } from './batch-view.ts'
import { compress } from './compression.ts'
import type { RecordHeader } from './record-cursor.ts'
import { openedBytes } from './record-iterator.ts'
import { putVarint, putVarlong, varintByteLength, varlongByteLength } from './signed-varint.ts'

export interface NewRecord {
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly RecordHeader[] | undefined
  /** In ms; -1 for none. */
  readonly timestamp: number
}

/** What the header says besides the records. What is left out says "does not apply". */
export interface BatchOptions {
  readonly compression?: CompressionName | undefined
  /** Offset of the first record; 0 from a producer. */
  readonly baseOffset?: number | undefined
  readonly partitionLeaderEpoch?: number | undefined
  readonly producerId?: number | undefined
  readonly producerEpoch?: number | undefined
  readonly baseSequence?: number | undefined
  readonly isTransactional?: boolean | undefined
  readonly isControl?: boolean | undefined
}

const maxInt32 = 0x7fffffff

/**
 * Always true: `#block` holds room for the header and then `recordCount` records up to `#offset`,
 * with offset deltas 0, 1, 2….
 */
export class BatchBuilder {
  #block: Buffer
  #offset: number = batchHeaderBytes
  #recordCount = 0
  #baseTimestamp = -1
  #maxTimestamp = -1

  /** `initialBytes` is the room to begin with; it grows as needed. */
  constructor(options: { readonly initialBytes?: number } = {}) {
    const { initialBytes = 1024 } = options
    this.#block = Buffer.allocUnsafe(Math.max(initialBytes, batchHeaderBytes))
  }

  get recordCount(): number {
    return this.#recordCount
  }

  /** Of the batch if it is not compressed, header included. */
  get sizeInBytes(): number {
    return this.#offset
  }

  /** In ms; -1 as long as no record has a timestamp. */
  get maxTimestamp(): number {
    return this.#maxTimestamp
  }

  /** By how much `record` would make the batch grow, uncompressed. */
  sizeOf(record: NewRecord): number {
    const baseTimestamp = this.#recordCount === 0 ? record.timestamp : this.#baseTimestamp
    const length = bodyBytes(record, record.timestamp - baseTimestamp, this.#recordCount)
    return varintByteLength(length) + length
  }

  append(record: NewRecord): void {
    if (this.#recordCount === 0) this.#baseTimestamp = record.timestamp
    const timestampDelta = record.timestamp - this.#baseTimestamp
    const length = bodyBytes(record, timestampDelta, this.#recordCount)
    this.#reserve(varintByteLength(length) + length)
    const block = this.#block
    let at = putVarint(block, this.#offset, length)
    block[at++] = 0
    at = putVarlong(block, at, timestampDelta)
    at = putVarint(block, at, this.#recordCount)
    at = putNullableBytes(block, at, record.key)
    at = putNullableBytes(block, at, record.value)
    at = putHeaders(block, at, record.headers)
    this.#offset = at
    this.#recordCount += 1
    if (record.timestamp > this.#maxTimestamp) this.#maxTimestamp = record.timestamp
  }

  /** The whole batch, with its checksum. The builder must not be used afterwards. */
  build(options: BatchOptions = {}): Uint8Array {
    assert(this.#recordCount > 0, 'a batch has records')
    const { compression = 'none' } = options
    const batch =
      compression === 'none'
        ? this.#block.subarray(0, this.#offset)
        : withBody(compress(compression, this.#block.subarray(batchHeaderBytes, this.#offset)))
    putInt64(batch, options.baseOffset ?? 0, batchField.baseOffset)
    batch.writeInt32BE(batch.length - batchPrefixBytes, batchField.batchLength)
    batch.writeInt32BE(options.partitionLeaderEpoch ?? -1, batchField.partitionLeaderEpoch)
    batch.writeInt8(currentMagic, batchField.magic)
    batch.writeInt16BE(attributesOf(options, compression), batchField.attributes)
    batch.writeInt32BE(this.#recordCount - 1, batchField.lastOffsetDelta)
    putInt64(batch, this.#baseTimestamp, batchField.baseTimestamp)
    putInt64(batch, this.#maxTimestamp, batchField.maxTimestamp)
    putInt64(batch, options.producerId ?? -1, batchField.producerId)
    batch.writeInt16BE(options.producerEpoch ?? -1, batchField.producerEpoch)
    batch.writeInt32BE(options.baseSequence ?? -1, batchField.baseSequence)
    batch.writeInt32BE(this.#recordCount, batchField.recordCount)
    sealCrc(batch)
    return batch
  }

  #reserve(byteLength: number): void {
    const needed = this.#offset + byteLength
    assert(needed <= maxInt32, 'a batch has less than 2 GiB')
    if (needed <= this.#block.length) return
    const block = Buffer.allocUnsafe(Math.max(needed, 2 * this.#block.length))
    block.set(this.#block.subarray(0, this.#offset))
    this.#block = block
  }
}

/**
 * The same batch with its records compressed by another codec, in new memory; everything else in
 * the header stays, the checksum is new. Throws RecordsError when the records cannot be opened.
 */
export function recompressBatch(
  batch: Uint8Array,
  header: BatchHeader,
  compression: CompressionName,
  maxOpenedBytes?: number,
): Uint8Array {
  const recompressed = withBody(compress(compression, openedBytes(batch, header, maxOpenedBytes)))
  recompressed.set(batch.subarray(0, batchHeaderBytes))
  recompressed.writeInt32BE(recompressed.length - batchPrefixBytes, batchField.batchLength)
  const others = header.attributes & ~batchAttribute.compressionMask
  recompressed.writeInt16BE(others | compressionNames.indexOf(compression), batchField.attributes)
  sealCrc(recompressed)
  return recompressed
}

/** Room for a header, then the bytes. */
function withBody(body: Uint8Array): Buffer {
  const batch = Buffer.allocUnsafe(batchHeaderBytes + body.length)
  batch.set(body, batchHeaderBytes)
  return batch
}

function attributesOf(options: BatchOptions, compression: CompressionName): number {
  let attributes = compressionNames.indexOf(compression)
  if (options.isTransactional === true) attributes |= batchAttribute.transactional
  if (options.isControl === true) attributes |= batchAttribute.control
  return attributes
}

/** Bytes of a record after its length. */
function bodyBytes(record: NewRecord, timestampDelta: number, offsetDelta: number): number {
  let length =
    1 +
    varlongByteLength(timestampDelta) +
    varintByteLength(offsetDelta) +
    nullableByteLength(record.key) +
    nullableByteLength(record.value)
  const { headers } = record
  if (headers === undefined) return length + 1
  length += varintByteLength(headers.length)
  for (const { key, value } of headers) {
    const keyBytes = Buffer.byteLength(key)
    length += varintByteLength(keyBytes) + keyBytes + nullableByteLength(value)
  }
  return length
}

function nullableByteLength(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintByteLength(bytes.length) + bytes.length
}

function putNullableBytes(block: Buffer, start: number, bytes: Uint8Array | null): number {
  if (bytes === null) return putVarint(block, start, -1)
  const at = putVarint(block, start, bytes.length)
  block.set(bytes, at)
  return at + bytes.length
}

function putHeaders(
  block: Buffer,
  start: number,
  headers: readonly RecordHeader[] | undefined,
): number {
  if (headers === undefined) return putVarint(block, start, 0)
  let at = putVarint(block, start, headers.length)
  for (const { key, value } of headers) {
    at = putVarint(block, at, Buffer.byteLength(key))
    at += block.write(key, at)
    at = putNullableBytes(block, at, value)
  }
  return at
}
