// A follower's fetches from one leader: which partitions are asked for next, in which order, which
// ones wait after an error. One request is in flight.

import type { FollowerFetch } from './partition-follower.ts'

export interface FollowedPartition {
  readonly topicId: string
  readonly partitionIndex: number
}

export interface PlannedFetch extends FollowedPartition {
  readonly fetch: FollowerFetch
}

export interface FetchPlannerOptions {
  /** replica.fetch.response.max.bytes, of one response. */
  readonly maxBytes: number
  /** replica.fetch.max.bytes, of one partition. */
  readonly partitionMaxBytes: number
  /** replica.fetch.backoff.ms: after an error, of a partition or of the whole request. */
  readonly backoffMs: number
  /** Partitions of one request; the others come with the next ones. */
  readonly maxPartitions: number
}

/**
 * `busy`: its last answer is being worked off, or its tail flushed; `fetching`: asked for with every
 * request; `delayed`: waits after an error.
 */
export type FetchState = 'busy' | 'fetching' | 'delayed'

export interface FetchPlan {
  /** Empty: nothing to ask now. */
  readonly partitions: readonly PlannedFetch[]
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  /** Until when there is nothing to do by itself; undefined: until a partition becomes ready. */
  readonly wakeAtMs: number | undefined
}

export declare class FetchPlanner {
  constructor(options: FetchPlannerOptions)
  /** Follows the partition in this leader epoch; an older epoch of it is forgotten. */
  add(partition: FollowedPartition, leaderEpoch: number): void
  remove(partition: FollowedPartition): void
  get size(): number
  state(partition: FollowedPartition): FetchState | undefined
  /** The follower knows what to ask next (`PartitionFollower.nextFetch`). */
  ready(partition: FollowedPartition, fetch: FollowerFetch): void
  /** The next request; nothing while one is in flight. */
  next(nowMs: number): FetchPlan
  /** The answer to the plan is here; each partition is busy, ready again, or delayed after this. */
  completed(plan: FetchPlan): void
  /** This partition of the last answer had an error. */
  delayed(partition: FollowedPartition, nowMs: number): void
  /** The request as a whole failed. */
  failed(plan: FetchPlan, nowMs: number): void
}
