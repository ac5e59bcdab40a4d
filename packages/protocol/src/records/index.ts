// What the package exports about record batches. `@klamm/protocol/batch-header` is the pure part.

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
  stampLogAppendTime,
  stampMaxTimestamp,
  verifyCrc,
  type WholeBatches,
} from './batch-view.ts'
export { crc32c } from './crc32c.ts'
export { RecordsError, type RecordsErrorName } from './records-error.ts'
