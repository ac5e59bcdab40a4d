// Record batches in place: where each begins and ends, whether its checksum holds, and the few
// fields a broker writes into a batch that it stores. Records are never decoded here.

import { Buffer } from 'node:buffer'
import {
  type BatchHeader,
  batchAttribute,
  batchField,
  batchHeaderBytes,
  batchPrefixBytes,
  currentMagic,
  readBatchHeader,
} from './batch-header.ts'
import { crc32c } from './crc32c.ts'
import { RecordsError } from './records-error.ts'

export interface WholeBatches {
  /** Headers of the batches, one after the other from the first byte on. */
  readonly batches: readonly BatchHeader[]
  /** Bytes at the end that are the beginning of a batch, as a fetch that was cut off has them. */
  readonly incompleteBytes: number
}

/**
 * The headers of concatenated batches; they lie back to back, each `sizeInBytes` long. Throws
 * RecordsError when a batch is cut off, overlong or not of format v2. Checksums are not looked at.
 */
export function readBatches(bytes: Uint8Array): BatchHeader[] {
  const batches: BatchHeader[] = []
  for (let at = 0; at < bytes.length; ) {
    const header = batchAt(bytes, at)
    if (header === undefined) {
      throw new RecordsError('CORRUPT_MESSAGE', `the batch at byte ${at} of ${bytes.length} is cut`)
    }
    batches.push(header)
    at += header.sizeInBytes
  }
  return batches
}

/** Like `readBatches`, but the last batch may be cut off, as where a fetch reached its limit. */
export function readWholeBatches(bytes: Uint8Array): WholeBatches {
  const batches: BatchHeader[] = []
  let at = 0
  while (at < bytes.length) {
    const header = batchAt(bytes, at)
    if (header === undefined) break
    batches.push(header)
    at += header.sizeInBytes
  }
  return { batches, incompleteBytes: bytes.length - at }
}

/** The batches themselves, as views. Throws RecordsError as `readBatches` does. */
export function splitBatches(bytes: Uint8Array): Uint8Array[] {
  const views: Uint8Array[] = []
  let at = 0
  for (const { sizeInBytes } of readBatches(bytes)) {
    views.push(bytes.subarray(at, at + sizeInBytes))
    at += sizeInBytes
  }
  return views
}

/** Undefined when the batch does not end within `bytes`. */
function batchAt(bytes: Uint8Array, at: number): BatchHeader | undefined {
  const remaining = bytes.length - at
  // A lie about the format or the length shows before the rest of the batch is there.
  if (remaining > batchField.magic) checkMagic(bytes[at + batchField.magic] as number)
  if (remaining < batchHeaderBytes) return undefined
  const header = readBatchHeader(bytes, at)
  if (header.sizeInBytes < batchHeaderBytes) {
    throw new RecordsError('CORRUPT_MESSAGE', `a batch of ${header.sizeInBytes} bytes`)
  }
  if (header.sizeInBytes > remaining) return undefined
  checkHeader(header)
  return header
}

function checkMagic(magic: number): void {
  if (magic === currentMagic) return
  if (magic < currentMagic) {
    // What Kafka answers to a Produce v3 or later with the older formats.
    throw new RecordsError('INVALID_RECORD', `message format v${magic} is not supported`)
  }
  throw new RecordsError('CORRUPT_MESSAGE', `there is no message format v${magic}`)
}

function checkHeader(header: BatchHeader): void {
  const { baseOffset, baseTimestamp, maxTimestamp, producerId } = header
  if (header.lastOffsetDelta < 0 || header.recordCount < 0) {
    const counts = `${header.recordCount} records, last offset delta ${header.lastOffsetDelta}`
    throw new RecordsError('INVALID_RECORD', counts)
  }
  if (!Number.isSafeInteger(baseTimestamp) || !Number.isSafeInteger(maxTimestamp)) {
    throw new RecordsError('INVALID_TIMESTAMP', 'a timestamp beyond 2^53 ms')
  }
  if (!Number.isSafeInteger(baseOffset) || !Number.isSafeInteger(producerId)) {
    throw new RecordsError('INVALID_RECORD', 'an offset or producer id beyond 2^53')
  }
}

/** Whether the checksum of the batch at `at` holds. The batch must be whole, see `readBatches`. */
export function verifyCrc(bytes: Uint8Array, at = 0): boolean {
  const stored = viewOf(bytes).readUInt32BE(at + batchField.crc)
  return crcOf(bytes, at) === stored
}

/**
 * Writes what the leader decides, base offset and epoch, into a whole batch; both are outside the
 * checksum. Returns the header as it is now.
 */
export function patchBatchStart(
  batch: Uint8Array,
  baseOffset: number,
  partitionLeaderEpoch: number,
): BatchHeader {
  patchBaseOffset(batch, baseOffset)
  patchLeaderEpoch(batch, partitionLeaderEpoch)
  return readBatchHeader(batch)
}

export function patchBaseOffset(bytes: Uint8Array, baseOffset: number, at = 0): void {
  putInt64(viewOf(bytes), baseOffset, at + batchField.baseOffset)
}

export function patchLeaderEpoch(bytes: Uint8Array, partitionLeaderEpoch: number, at = 0): void {
  viewOf(bytes).writeInt32BE(partitionLeaderEpoch, at + batchField.partitionLeaderEpoch)
}

/**
 * The records get the time of the append: max timestamp and timestamp type change, and so does the
 * checksum, which covers them. `timestampMs` is wall time.
 */
export function stampLogAppendTime(bytes: Uint8Array, timestampMs: number, at = 0): void {
  const view = viewOf(bytes)
  const attributes = view.readInt16BE(at + batchField.attributes)
  view.writeInt16BE(attributes | batchAttribute.logAppendTime, at + batchField.attributes)
  stampMaxTimestamp(bytes, timestampMs, at)
}

/** Corrects the max timestamp, with CreateTime, to what the records say; renews the checksum. */
export function stampMaxTimestamp(bytes: Uint8Array, timestampMs: number, at = 0): void {
  putInt64(viewOf(bytes), timestampMs, at + batchField.maxTimestamp)
  sealCrc(bytes, at)
}

/** Under which name a producer has numbered the records of a batch. */
interface ProducerStamp {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
}

/** Numbers the records anew; renews the checksum. */
export function stampProducer(batch: Uint8Array, stamp: ProducerStamp): void {
  const view = viewOf(batch)
  putInt64(view, stamp.producerId, batchField.producerId)
  view.writeInt16BE(stamp.producerEpoch, batchField.producerEpoch)
  view.writeInt32BE(stamp.baseSequence, batchField.baseSequence)
  sealCrc(batch)
}

/** Computes the checksum of the whole batch at `at` and writes it in. */
export function sealCrc(bytes: Uint8Array, at = 0): void {
  viewOf(bytes).writeUInt32BE(crcOf(bytes, at), at + batchField.crc)
}

/** A safe integer as int64. */
export function putInt64(view: Buffer, value: number, at: number): void {
  view.writeInt32BE(Math.floor(value / 0x1_0000_0000), at)
  view.writeUInt32BE(value >>> 0, at + 4)
}

function crcOf(bytes: Uint8Array, at: number): number {
  const length = viewOf(bytes).readInt32BE(at + batchField.batchLength)
  return crc32c(bytes.subarray(at + batchField.attributes, at + batchPrefixBytes + length))
}

function viewOf(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
