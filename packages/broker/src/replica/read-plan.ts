// One fetch: from which partition how many bytes, in the order asked for, within minBytes, maxBytes
// and the isolation level. It plans; the driver reads and tells how much it got.

import type { ErrorName } from '@klamm/protocol/errors'

export type Isolation = 'readUncommitted' | 'readCommitted' | 'replica'

export interface ReadPlanOptions {
  /** The response waits (up to maxWaitMs) until it has so many bytes. */
  readonly minBytes: number
  /** Of the response; exceeded only by the first batch of the first partition that has one. */
  readonly maxBytes: number
  readonly isolation: Isolation
}

/** What is asked of one partition. */
export interface ReadRequest {
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
  /** -1: not told. */
  readonly currentLeaderEpoch: number
}

/** What is known of the log of one partition on this broker. */
export interface ReadableLog {
  readonly isLeader: boolean
  readonly leaderEpoch: number
  readonly logStartOffset: number
  readonly lastStableOffset: number
  readonly highWatermark: number
  readonly logEndOffset: number
}

/**
 * What to do for one partition:
 * - `read` whole batches from the one that holds `fromOffset`, none with a record at or after
 *   `endOffset`, together at most `maxBytes`, but the first one in any case with `atLeastOne`; then
 *   call `read` with the size of what was found;
 * - `nothing`: answer without data;
 * - `error`.
 */
export type ReadStep =
  | {
      readonly kind: 'read'
      readonly fromOffset: number
      readonly endOffset: number
      readonly maxBytes: number
      readonly atLeastOne: boolean
    }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'error'; readonly error: ErrorName }

export declare class ReadPlan {
  constructor(options: ReadPlanOptions)
  /** Plans the next partition; `log` is undefined for one that is not here. */
  next(request: ReadRequest, log: ReadableLog | undefined): ReadStep
  /** So many bytes were read for the partition just planned. */
  read(sizeInBytes: number): void
  /** True when the response need not wait: enough bytes, or an error to tell. */
  get isSatisfied(): boolean
  get remainingBytes(): number
}
