// The records of one batch, one at a time. For those who read records (clients, coordinators on
// their internal topics); a broker that produces or fetches never comes here.

import {
  type BatchHeader,
  batchHeaderBytes,
  compressionOf,
  readBatchHeader,
} from './batch-header.ts'
import { decompress } from './compression.ts'
import { maxOpenedBatchBytes } from './limits.ts'
import { RecordCursor, type RecordHeader } from './record-cursor.ts'
import { RecordsError } from './records-error.ts'

/** A record as it lies in a log. Bytes are views of the batch, or of its decompressed copy. */
export interface StoredRecord {
  readonly offset: number
  /** In ms; -1 for none. */
  readonly timestamp: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/**
 * The records of the whole batch that `batch` is. Lazy: RecordsError comes
 * when the record at fault is reached, or at the first when the batch does not decompress.
 */
export function* readRecords(
  batch: Uint8Array,
  header = readBatchHeader(batch),
  maxOpenedBytes = maxOpenedBatchBytes,
): Generator<StoredRecord, void, undefined> {
  const cursor = openRecords(batch, header, maxOpenedBytes)
  while (cursor.next()) {
    yield {
      offset: header.baseOffset + cursor.offsetDelta,
      timestamp: cursor.timestamp,
      key: cursor.key,
      value: cursor.value,
      headers: cursor.headers(),
    }
  }
}

/** A cursor before the first record. Throws RecordsError. */
export function openRecords(
  batch: Uint8Array,
  header: BatchHeader,
  maxOpenedBytes = maxOpenedBatchBytes,
): RecordCursor {
  return new RecordCursor(openedBytes(batch, header, maxOpenedBytes), header)
}

/** What follows the header, decompressed. Throws RecordsError. */
export function openedBytes(
  batch: Uint8Array,
  header: BatchHeader,
  maxOpenedBytes = maxOpenedBatchBytes,
): Uint8Array {
  const compression = compressionOf(header)
  if (compression === undefined) {
    throw new RecordsError('UNSUPPORTED_COMPRESSION_TYPE', 'unknown compression type')
  }
  const body = batch.subarray(batchHeaderBytes, header.sizeInBytes)
  // An empty batch, which compaction leaves, has nothing to decompress.
  if (header.recordCount === 0 && body.length === 0) return body
  return decompress(compression, body, maxOpenedBytes)
}

export interface TimestampedOffset {
  readonly offset: number
  readonly timestamp: number
}

/**
 * The first record of the batch whose timestamp is at least `timestampMs`; undefined when there is
 * none. With the batch's own max timestamp this finds the first of the latest records.
 */
export function firstRecordAtOrAfter(
  batch: Uint8Array,
  timestampMs: number,
  maxOpenedBytes = maxOpenedBatchBytes,
): TimestampedOffset | undefined {
  const header = readBatchHeader(batch)
  const cursor = openRecords(batch, header, maxOpenedBytes)
  while (cursor.next()) {
    const { timestamp, offsetDelta } = cursor
    if (timestamp >= timestampMs) return { offset: header.baseOffset + offsetDelta, timestamp }
  }
  return undefined
}
