// What the package exports about record batches. `@klamm/protocol/batch-header` is the pure part.

export {
  BatchBuilder,
  type BatchOptions,
  type NewRecord,
  recompressBatch,
} from './batch-builder.ts'
export {
  addToSequence,
  type BatchHeader,
  batchAttribute,
  batchField,
  batchHeaderBytes,
  type CompressionName,
  compressionNames,
  compressionOf,
  currentMagic,
  hasDeleteHorizon,
  isControlBatch,
  isTransactionalBatch,
  lastOffsetOf,
  lastSequenceOf,
  readBatchHeader,
  timestampTypeOf,
} from './batch-header.ts'
export {
  patchBaseOffset,
  patchBatchStart,
  patchLeaderEpoch,
  readBatches,
  readWholeBatches,
  splitBatches,
  stampLogAppendTime,
  stampMaxTimestamp,
  stampProducer,
  verifyCrc,
  type WholeBatches,
} from './batch-view.ts'
export { compress, decompress } from './compression.ts'
export {
  controlRecordType,
  type EndTransactionMarker,
  endTransactionMarkerOf,
  type MarkerBatch,
  markerBatch,
  readMarker,
} from './control-records.ts'
export { crc32c, crc32cByTable, crc32cNative } from './crc32c.ts'
export { maxOpenedBatchBytes } from './limits.ts'
export { RecordCursor, type RecordHeader } from './record-cursor.ts'
export {
  firstRecordAtOrAfter,
  openRecords,
  readRecords,
  type StoredRecord,
  type TimestampedOffset,
} from './record-iterator.ts'
export { RecordsError, type RecordsErrorName } from './records-error.ts'
export {
  type InvalidRecords,
  type RecordError,
  type RecordRules,
  type ValidRecords,
  validateRecords,
} from './validate.ts'
