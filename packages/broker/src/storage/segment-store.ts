// The logs of a broker on shared, append-only segment environments, with one group commit for all.

import type { StorageEngine } from '@klamm/base/env'
import type { SegmentStore, SegmentStoreOptions } from './store-api.ts'

export {
  type BatchInfo,
  LogTruncatedError,
  type PartitionLog,
  type ReadResult,
  type SegmentStore,
  type SegmentStoreOptions,
  type StoredBatchHeader,
} from './store-api.ts'

/**
 * Opens the store on an engine and rebuilds its index. Rejects with StorageError `corrupt` when an
 * index record is missing or damaged: then it is not known whose batches are gone, and all logs
 * have to come from other replicas (`destroySegmentStore`, then open again).
 */
export declare function openSegmentStore(
  engine: StorageEngine,
  options: SegmentStoreOptions,
): Promise<SegmentStore>

/** Removes all segments, unread. */
export declare function destroySegmentStore(engine: StorageEngine): Promise<void>
