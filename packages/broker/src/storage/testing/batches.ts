// Batches for tests of the store: real headers, real checksums, and noise for records.

import { seededRandom } from '@klamm/base'
import { batchField, batchHeaderBytes, crc32c } from '@klamm/protocol'
import { type BatchHeader, readBatchHeader } from '@klamm/protocol/batch-header'

export interface BatchFields {
  readonly baseOffset: number
  /** Records: the batch ends this many offsets after its base. */
  readonly count?: number
  readonly leaderEpoch?: number
  readonly maxTimestamp?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly attributes?: number
  /** Of the whole batch. */
  readonly sizeBytes?: number
  /** What the records are made of. */
  readonly seed?: number
}

export interface MadeBatch {
  readonly bytes: Uint8Array
  readonly header: BatchHeader
}

export function makeBatch(fields: BatchFields): MadeBatch {
  const { baseOffset, count = 1, sizeBytes = 100, seed = 0 } = fields
  const bytes = new Uint8Array(Math.max(sizeBytes, batchHeaderBytes))
  const noise = seededRandom(`${baseOffset} ${seed}`).bytes(Math.min(bytes.length, 64))
  for (let at = batchHeaderBytes; at < bytes.length; at += noise.length) {
    bytes.set(noise.subarray(0, bytes.length - at), at)
  }
  const view = new DataView(bytes.buffer)
  view.setBigInt64(batchField.baseOffset, BigInt(baseOffset))
  view.setInt32(batchField.batchLength, bytes.length - 12)
  view.setInt32(batchField.partitionLeaderEpoch, fields.leaderEpoch ?? 0)
  view.setInt8(batchField.magic, 2)
  view.setInt16(batchField.attributes, fields.attributes ?? 0)
  view.setInt32(batchField.lastOffsetDelta, count - 1)
  view.setBigInt64(batchField.baseTimestamp, BigInt(fields.maxTimestamp ?? baseOffset))
  view.setBigInt64(batchField.maxTimestamp, BigInt(fields.maxTimestamp ?? baseOffset))
  view.setBigInt64(batchField.producerId, BigInt(fields.producerId ?? -1))
  view.setInt16(batchField.producerEpoch, fields.producerEpoch ?? -1)
  view.setInt32(batchField.baseSequence, fields.baseSequence ?? -1)
  view.setInt32(batchField.recordCount, count)
  view.setUint32(batchField.crc, crc32c(bytes.subarray(batchField.attributes)))
  return { bytes, header: readBatchHeader(bytes) }
}
