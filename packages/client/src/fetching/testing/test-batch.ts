// Record batches for tests of what decides about them: true headers, records that nobody reads.

import { batchAttribute, batchField, batchHeaderBytes } from '@klamm/protocol/batch-header'

interface TestBatch {
  readonly baseOffset: number
  readonly records?: number
  /** Offsets it covers; as many as records when left out. */
  readonly offsets?: number
  readonly leaderEpoch?: number
  /** Whole, header included. */
  readonly bytes?: number
  /** Makes it transactional. */
  readonly producerId?: number
  /** The end of a transaction. */
  readonly marker?: 'commit' | 'abort'
}

/** Length 16, attributes, timestamp and offset delta 0, key of 4 bytes: version, then type. */
const markerRecord = (type: number) => [32, 0, 0, 0, 8, 0, 0, 0, type, 12, 0, 0, 0, 0, 0, 0, 0]

export function testBatch(options: TestBatch): Uint8Array {
  const { baseOffset, records = 1, leaderEpoch = 0, producerId = -1, marker } = options
  const body = marker === undefined ? [] : markerRecord(marker === 'commit' ? 1 : 0)
  const bytes = new Uint8Array(options.bytes ?? batchHeaderBytes + Math.max(body.length, 39))
  const view = new DataView(bytes.buffer)
  view.setBigInt64(batchField.baseOffset, BigInt(baseOffset))
  view.setInt32(batchField.batchLength, bytes.length - 12)
  view.setInt32(batchField.partitionLeaderEpoch, leaderEpoch)
  view.setInt8(batchField.magic, 2)
  const transactional = producerId >= 0 ? batchAttribute.transactional : 0
  const control = marker === undefined ? 0 : batchAttribute.control
  view.setInt16(batchField.attributes, transactional | control)
  view.setInt32(batchField.lastOffsetDelta, (options.offsets ?? records) - 1)
  view.setBigInt64(batchField.producerId, BigInt(producerId))
  view.setInt32(batchField.recordCount, records)
  bytes.set(body, batchHeaderBytes)
  return bytes
}
