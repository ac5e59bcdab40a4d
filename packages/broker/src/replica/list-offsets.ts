// What a ListOffsets question about one partition asks for, decided from what is known without
// reading the log.

import type { ErrorName } from '@klamm/protocol/errors'
import {
  type Isolation,
  problemWithLeaderEpoch,
  type ReadableLog,
  readableEnd,
} from './read-plan.ts'

/** The special timestamps of ListOffsets; all others are a time in ms. */
export const latestTimestamp = -1
export const earliestTimestamp = -2
/** The record with the greatest timestamp (KIP-734). */
export const maxTimestamp = -3
/** The same as the earliest where there is no tiered storage (KIP-405). */
export const earliestLocalTimestamp = -4
/** The last offset in tiered storage (KIP-1005): there is none. */
export const latestTieredTimestamp = -5
/** The first offset that is to be moved to tiered storage (KIP-1023): there is none. */
export const earliestPendingUploadTimestamp = -6

export interface OffsetQuestion {
  readonly timestamp: number
  /** -1: not told. */
  readonly currentLeaderEpoch: number
  readonly isolation: Isolation
}

/**
 * - `offset`: answer with it and timestamp -1; -1 stands for none;
 * - `lookup`: the first record before `endOffset` with at least this timestamp, else -1;
 * - `lookupMax`: the record before `endOffset` with the greatest timestamp, else -1.
 *
 * `mayLag`: what lies at or after `endOffset` may have been visible at an earlier leader, so that
 * finding nothing before it is OFFSET_NOT_AVAILABLE instead of -1.
 */
export type OffsetAnswer =
  | { readonly kind: 'offset'; readonly offset: number }
  | {
      readonly kind: 'lookup'
      readonly timestamp: number
      readonly endOffset: number
      readonly mayLag: boolean
    }
  | { readonly kind: 'lookupMax'; readonly endOffset: number }
  | { readonly kind: 'error'; readonly error: ErrorName }

/**
 * `clientHighWatermark` as the leader tells it: undefined while it may lag behind what clients were
 * told before (KIP-207). `log` is undefined when nobody leads the partition, as far as is known
 * here.
 */
export function listOffset(
  question: OffsetQuestion,
  log: ReadableLog | undefined,
  clientHighWatermark: number | undefined,
): OffsetAnswer {
  if (log === undefined) return { kind: 'error', error: 'NOT_LEADER_OR_FOLLOWER' }
  const { timestamp, currentLeaderEpoch, isolation } = question
  const epochError = problemWithLeaderEpoch(currentLeaderEpoch, log.leaderEpoch)
  if (epochError !== undefined) return { kind: 'error', error: epochError }
  if (!log.isLeader) return { kind: 'error', error: 'NOT_LEADER_OR_FOLLOWER' }
  const endOffset = readableEnd(log, isolation)
  const mayLag = isolation !== 'replica' && clientHighWatermark === undefined
  switch (timestamp) {
    case earliestTimestamp:
    case earliestLocalTimestamp:
      return { kind: 'offset', offset: log.logStartOffset }
    case latestTieredTimestamp:
    case earliestPendingUploadTimestamp:
      return { kind: 'offset', offset: -1 }
    case latestTimestamp:
      return mayLag ? notAvailable : { kind: 'offset', offset: endOffset }
    case maxTimestamp:
      return mayLag ? notAvailable : { kind: 'lookupMax', endOffset }
  }
  if (timestamp < 0) return { kind: 'error', error: 'UNSUPPORTED_VERSION' }
  return { kind: 'lookup', timestamp, endOffset, mayLag }
}

const notAvailable: OffsetAnswer = { kind: 'error', error: 'OFFSET_NOT_AVAILABLE' }
