// What the rest of the broker sees of the logs: one store per broker, one log per replica. Appends
// and reads are synchronous; durability comes later and is told by promises and by `onDurable`.

import type { Logger, StorageError } from '@klamm/base/env'

/**
 * What the store keeps of a batch's header; the decoded header of the protocol has these fields.
 */
export interface StoredBatchHeader {
  readonly baseOffset: number
  readonly partitionLeaderEpoch: number
  /** See `attribute` in the replica folder. */
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
  /** The batch's own checksum, unsigned. */
  readonly crc: number
  /** Of the whole batch: the 12 bytes of base offset and length included. */
  readonly sizeInBytes: number
}

/** An index entry. */
export interface BatchInfo extends StoredBatchHeader {
  /** Inclusive. */
  readonly lastOffset: number
  /** Inclusive; -1 without sequences. */
  readonly lastSequence: number
}

export interface ReadResult {
  /** Whole batches in offset order, as they were appended. They must not be changed. */
  readonly chunks: readonly Uint8Array[]
  readonly sizeBytes: number
  /** The offset after the last batch returned; `fromOffset` when there is none. */
  readonly nextOffset: number
}

/** Rejects `whenDurable` when the offset waited for was truncated away or its log deleted. */
export class LogTruncatedError extends Error {
  override readonly name = 'LogTruncatedError'
}

export interface SegmentStoreOptions {
  readonly log: Logger
  /**
   * Called once, when a commit has failed. Everything is refused afterwards, what was appended and
   * not durable may be lost: the broker must end.
   */
  readonly onFailure: (error: unknown) => void
  /** A segment that has reached this size is not written to any more. 256 MiB by default. */
  readonly segmentBytes?: number
  /** Batches kept in memory after they were appended, over all logs. 64 MiB by default. */
  readonly cacheBytes?: number
  /** A commit takes what is waiting up to about this size. 4 MiB when it flushes, else 1 MiB. */
  readonly commitBytes?: number
  /**
   * More than this may never wait for commits: an invariant error, since the caller is to hold
   * appends back by `queuedBytes` long before. 512 MiB by default.
   */
  readonly maxQueuedBytes?: number
  /**
   * What `endSequence` was when the store was last closed cleanly. When less is found, that is a
   * `lostTail`: a lost end leaves no other trace.
   */
  readonly minEndSequence?: number
}

export interface SegmentStore {
  /**
   * The log with this id (1 to 39 bytes; `topicId-partition`), made when there is none. Throws
   * StorageError `corrupt` when batches of it are missing: see `corruptLogs`.
   */
  log(id: string): PartitionLog
  /** Throws as `log` does. */
  find(id: string): PartitionLog | undefined
  /** Ids of all logs, the corrupt ones included. */
  logIds(): string[]
  /**
   * Logs that are not what was appended, with the reason. They serve nothing; `deleteLog` makes
   * room for a new log under the same id, which is then filled from another replica.
   */
  readonly corruptLogs: ReadonlyMap<string, Error>
  /**
   * Set when commits at the end were found missing that had been acknowledged. Every log is what it
   * once was, and any may lack its end, or have been deleted, or not be there at all. That cannot
   * be found out again once the store has been written to.
   */
  readonly lostTail: Error | undefined
  /** A read of this log gave something else than was appended: it serves nothing from now on. */
  markCorrupt(id: string, error: StorageError): void
  /** Gone at once for readers; resolves when that is durable. An unknown id is harmless. */
  deleteLog(id: string): Promise<void>
  /** Bytes appended and not yet durable. The caller holds appends back when they are too many. */
  readonly queuedBytes: number
  /** Grows with every commit. After `close` it says where the store ends: see `minEndSequence`. */
  readonly endSequence: number
  /** Waits until everything appended is durable, then closes. */
  close(): Promise<void>
}

/**
 * The log of one replica.
 * Always true: logStartOffset <= logEndOffset and durableEndOffset <= logEndOffset; batches lie end
 * to end from one that holds logStartOffset on.
 */
export interface PartitionLog {
  readonly id: string
  readonly logStartOffset: number
  /** Exclusive. Appended, and readable; perhaps not durable. */
  readonly logEndOffset: number
  /** Exclusive. What counts for the high watermark, for acknowledgements and for fetch offsets. */
  readonly durableEndOffset: number
  /**
   * Up to where the log was committed at the last `checkpointHighWatermark` that has become
   * durable before the store was opened, or later. Within the start and the durable end.
   */
  readonly checkpointedHighWatermark: number
  /** Bytes of all batches from the start to the end. */
  readonly sizeBytes: number
  /** Called after each commit that made `durableEndOffset` grow. */
  onDurable: ((durableEndOffset: number) => void) | undefined
  /**
   * Appends one whole batch (format v2) that carries its base offset and leader epoch already and
   * whose CRC was checked. `header.baseOffset` must be `logEndOffset`. The order of calls is the
   * order of the log. The bytes must not change afterwards.
   */
  append(batch: Uint8Array, header: StoredBatchHeader): void
  /**
   * Resolves when `durableEndOffset >= offset`; rejects with LogTruncatedError when the log was cut
   * below it first, and with StorageError when the store failed.
   */
  whenDurable(offset: number): Promise<void>
  /**
   * Whole batches from the one that holds `fromOffset` on, none with a record at or after
   * `upToOffset`, together at most `maxBytes`, but the first one in any case with `minOneBatch`.
   * `fromOffset` must be in [logStartOffset, logEndOffset]. Throws StorageError `corrupt` when what
   * the disk gives is not what was appended, and `io` when it gives nothing.
   */
  read(fromOffset: number, maxBytes: number, upToOffset: number, minOneBatch: boolean): ReadResult
  /**
   * Cuts off every batch with a record at or after `toOffset`: the log then ends there, or before
   * when `toOffset` was inside a batch. At once for readers; resolves when it is durable. Below
   * `logStartOffset` it is the same as `restart(toOffset)`.
   */
  truncate(toOffset: number): Promise<void>
  /** The log is empty and begins at `offset`, wherever it was. Resolves when that is durable. */
  restart(offset: number): Promise<void>
  /**
   * Nothing before `offset` is wanted any more; the start never goes back. Must not be above
   * `logEndOffset`. At once for readers; resolves when it is durable. Space is given back when all
   * that shares a segment is gone.
   */
  setLogStartOffset(offset: number): Promise<void>
  /**
   * Notes, with the next commit, how far the log is committed; at most `durableEndOffset`. For
   * calls at intervals, not with every change.
   */
  checkpointHighWatermark(highWatermark: number): void
  /** The batch that holds `offset`. */
  batchAt(offset: number): BatchInfo | undefined
  /** Batches with a record in [from, to), in order. The log must not change meanwhile. */
  batches(from: number, to: number): Iterable<BatchInfo>
  lastBatch(): BatchInfo | undefined
  /** The first batch whose greatest timestamp is at or after this one. */
  firstBatchAtOrAfterTimestamp(timestampMs: number): BatchInfo | undefined
  /** The first of the batches with the greatest timestamp that begin before `endOffset`. */
  batchWithMaxTimestamp(endOffset: number): BatchInfo | undefined
  /** The last batch with this leader epoch or a lower one. */
  lastBatchAtOrBelowEpoch(leaderEpoch: number): BatchInfo | undefined
}
