// What goes into the leader of a partition and what comes out of it.

import type { ErrorName } from '@klamm/protocol/errors'
import type { EpochCache, EpochEnd } from './epoch-cache.ts'
import type { IsrProposal, PartitionState } from './isr-state.ts'
import type { LogOffsets } from './watermarks.ts'

export interface LeaderOptions {
  readonly brokerId: number
  /** Of this incarnation of the broker. */
  readonly brokerEpoch: number
  readonly partition: PartitionState
  /**
   * Brokers that may be in sync, with the epoch of their registration: registered, not fenced, not
   * shutting down (KIP-841, KIP-903). Shared by all partitions; replaced when the metadata change.
   */
  readonly eligibleBrokers: ReadonlyMap<number, number>
  readonly minInsyncReplicas: number
  /** replica.lag.time.max.ms */
  readonly replicaLagTimeMaxMs: number
  readonly offsets: LogOffsets
  /** The log's own cache, one object for the life of the log; only read here. */
  readonly epochs: EpochCache
  readonly nowMs: number
}

/** What the driver has to do next, in this order. */
export type LeaderEffect =
  | { readonly kind: 'highWatermarkAdvanced'; readonly highWatermark: number }
  | IsrProposal

/** A follower's fetch. `currentLeaderEpoch` and `lastFetchedEpoch` are -1 when absent. */
export interface ReplicaFetch {
  readonly replicaId: number
  readonly brokerEpoch: number
  readonly currentLeaderEpoch: number
  readonly fetchOffset: number
  /** Epoch of the record before `fetchOffset` in the follower's log; -1: none. */
  readonly lastFetchedEpoch: number
  readonly logStartOffset: number
  readonly nowMs: number
}

/** What a follower's fetch is answered with: data from its offset on, or one of the others. */
export type ReplicaFetchResult =
  | { readonly kind: 'read' }
  | { readonly kind: 'diverging'; readonly end: EpochEnd }
  | { readonly kind: 'error'; readonly error: ErrorName }

/** How an acks=all append that needs everything before an offset stands. */
export type CommitResult = 'waiting' | 'NONE' | 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'
