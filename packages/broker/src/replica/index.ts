// The decisions about the replicas of a partition: leading, following, appending, reading. Pure: no
// I/O, no clock, no randomness of its own.

export type * from './append-validator.ts'
export type { BatchHeader, LoggedBatch, LoggedMarker } from './batch.ts'
export { noProducerEpoch, noProducerId, noSequence, noTimestamp, sequenceAfter } from './batch.ts'
export { EpochCache, type EpochEnd, type EpochEntry, epochCacheOf } from './epoch-cache.ts'
export type * from './fetch-planner.ts'
export type * from './fetch-session.ts'
export { FollowerProgress } from './follower-progress.ts'
export type {
  CommittedIsr,
  IsrMember,
  IsrProposal,
  PartitionState,
  ProposalError,
} from './isr-state.ts'
export type * from './list-offsets.ts'
export type * from './open-transactions.ts'
export {
  type FetchedPartition,
  type FollowerAction,
  type FollowerEffect,
  type FollowerFetch,
  type FollowerOptions,
  PartitionFollower,
  type ReplicatedBatch,
} from './partition-follower.ts'
export {
  type CommitResult,
  type LeaderEffect,
  type LeaderOptions,
  PartitionLeader,
  type ReplicaFetch,
  type ReplicaFetchResult,
} from './partition-leader.ts'
export type * from './producer-state.ts'
export type * from './read-plan.ts'
export { divergence, epochEndOnLeader, truncationOffset } from './truncation.ts'
export { checkWatermarks, type LogOffsets, type Watermarks } from './watermarks.ts'
