// What the fetching machine asks of its driver, what it is told, and what it wants to be known.

import type { Uuid } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { FetchPartition } from './fetch-partition.ts'
import type { SessionRequest } from './fetch-session.ts'
import type { AbortedTransaction } from './fetched-batches.ts'

/** Where to begin without a committed offset, and when the offset is not in the log any more. */
export type ResetPolicy = 'earliest' | 'latest' | 'none'

export interface FetchingOptions {
  /** Bytes buffered and asked for together; one batch that is larger than its share may pass it. */
  readonly maxBufferedBytes: number
  /** Bytes asked for at a time of one partition; up to twice that are buffered. */
  readonly maxBytesPerPartition: number
  readonly resetPolicy: ResetPolicy
  /** Records of open and aborted transactions are not seen (KIP-98). */
  readonly isReadCommitted: boolean
  /** How long to read from the replica that a leader named (KIP-392), in ms. */
  readonly readReplicaMs: number
  /** Waits after failures. */
  readonly retry: { readonly initialMs: number; readonly maxMs: number }
}

/** What was asked of one partition, and of which state of it. */
export interface PlannedPartition {
  readonly partition: FetchPartition
  readonly version: number
  readonly fetchOffset: number
}

/** One Fetch request. */
export interface FetchPlan {
  readonly id: number
  readonly brokerId: number
  /**
   * Sent beside the session fetch, which is parked at the broker and does not know of these
   * partitions: outside of the session, on another connection, and without waiting.
   */
  readonly isExpress: boolean
  readonly request: SessionRequest
  readonly partitions: ReadonlyMap<string, PlannedPartition>
  /** Of the whole answer. */
  readonly maxBytes: number
}

/** What a Fetch response says about one partition. */
export interface FetchedPartition {
  readonly errorCode: number
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number }
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  readonly preferredReadReplica: number
  readonly records: readonly Uint8Array[] | null
}

/** A question about offsets to one leader; its entries are answered one by one. */
export interface OffsetQuestion {
  /** `listOffsets` → `listed`; `validate`, by OffsetForLeaderEpoch → `validated`. */
  readonly kind: 'listOffsets' | 'validate'
  readonly brokerId: number
  readonly entries: readonly QuestionEntry[]
}

export interface QuestionEntry {
  readonly partition: FetchPartition
  readonly version: number
  /** Of the leader, as far as known. */
  readonly currentLeaderEpoch: number
  /** `listOffsets`: ms since 1970, -1 the end, -2 the beginning. */
  readonly timestamp: number
  /** `validate`: the epoch whose end is wanted. */
  readonly leaderEpoch: number
}

export interface PartitionLeader {
  readonly leaderId: number
  readonly leaderEpoch: number
}

export interface TopicLeaders {
  readonly topicId: Uuid
  /** By partition. */
  readonly partitions: readonly PartitionLeader[]
}

export type FetchingEffect =
  /** What is known of the topic's leaders is wrong or missing. */
  | { readonly kind: 'refresh'; readonly topic: string }
  /** A broker said who leads now (KIP-951). */
  | ({
      readonly kind: 'leaderHint'
      readonly topic: string
      readonly partition: number
    } & PartitionLeader)
  /** For the log. */
  | { readonly kind: 'note'; readonly isWarning: boolean; readonly message: string }
  /** Nothing more comes of this partition. */
  | {
      readonly kind: 'failed'
      readonly partition: FetchPartition
      readonly error: ErrorName | 'NO_OFFSET'
      readonly message: string
    }
