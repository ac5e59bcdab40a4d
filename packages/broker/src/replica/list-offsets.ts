// What a ListOffsets question about one partition asks for, decided from what is known without
// reading the log.

import type { ErrorName } from '@klamm/protocol/errors'
import type { Isolation, ReadableLog } from './read-plan.ts'

/** The special timestamps of ListOffsets. */
export const latestTimestamp = -1
export const earliestTimestamp = -2
export const maxTimestamp = -3
export const earliestLocalTimestamp = -4
export const latestTieredTimestamp = -5
export const earliestPendingUploadTimestamp = -6

export interface OffsetQuestion {
  readonly timestamp: number
  /** -1: not told. */
  readonly currentLeaderEpoch: number
  readonly isolation: Isolation
}

/**
 * - `offset`: answer with it, timestamp -1, and the epoch of that offset from the epoch cache;
 * - `lookup`: the first record before `endOffset` with at least this timestamp, else no offset (-1);
 * - `lookupMax`: the record before `endOffset` with the greatest timestamp, else no offset (-1).
 */
export type OffsetAnswer =
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'lookup'; readonly timestamp: number; readonly endOffset: number }
  | { readonly kind: 'lookupMax'; readonly endOffset: number }
  | { readonly kind: 'error'; readonly error: ErrorName }

/** `clientHighWatermark` as the leader tells it: undefined while it may lag behind (KIP-207). */
export declare function listOffset(
  question: OffsetQuestion,
  log: ReadableLog | undefined,
  clientHighWatermark: number | undefined,
): OffsetAnswer
