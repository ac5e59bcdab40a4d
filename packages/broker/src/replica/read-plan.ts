// One fetch: from which partition how many bytes, in the order asked for, within minBytes, maxBytes
// and the isolation level. It plans; the driver reads and tells how much it got.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'

/** `replica`: a follower reads all there is, committed or not. */
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
  /** Exceeded only as `maxBytes` is. */
  readonly partitionMaxBytes: number
  /** -1: not told. */
  readonly currentLeaderEpoch: number
}

/** What is known of the log of one partition on this broker, leader or follower (KIP-392). */
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
 *   `endOffset`, together at most `maxBytes`, but with `atLeastOne` the first one in any case; then
 *   call `read` with the size of what was found;
 * - `nothing`: answer without data;
 * - `error`: answer with it.
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

const nothing: ReadStep = { kind: 'nothing' }

/**
 * Always true: what was read is within `maxBytes`, or is one batch (KIP-74: a batch greater than
 * every limit is returned, else a consumer could never get past it).
 */
export class ReadPlan {
  readonly #options: ReadPlanOptions
  #readBytes = 0
  #mustAnswer = false

  constructor(options: ReadPlanOptions) {
    this.#options = options
  }

  get readBytes(): number {
    return this.#readBytes
  }

  get remainingBytes(): number {
    return Math.max(0, this.#options.maxBytes - this.#readBytes)
  }

  /** True when the response need not wait: enough bytes, or something to tell without delay. */
  get isSatisfied(): boolean {
    return this.#mustAnswer || this.#readBytes >= this.#options.minBytes
  }

  /** Something has to be told at once: an error, a diverging epoch, a preferred read replica. */
  answerNow(): void {
    this.#mustAnswer = true
  }

  /**
   * Plans the next partition, in the order of the request.
   */
  next(request: ReadRequest, log: ReadableLog): ReadStep {
    const error = problemWithRead(request, log, this.#options)
    if (error !== undefined) {
      this.#mustAnswer = true
      return { kind: 'error', error }
    }
    const endOffset = readableEnd(log, this.#options.isolation)
    if (request.fetchOffset >= endOffset) return nothing
    const maxBytes = Math.min(Math.max(0, request.partitionMaxBytes), this.remainingBytes)
    const atLeastOne = this.#readBytes === 0
    if (maxBytes === 0 && !atLeastOne) return nothing
    return { kind: 'read', fromOffset: request.fetchOffset, endOffset, maxBytes, atLeastOne }
  }

  /** So many bytes were found for the partition just planned. */
  read(sizeInBytes: number): void {
    assert(sizeInBytes >= 0, 'sizes are not negative')
    this.#readBytes += sizeInBytes
  }
}

/** End (exclusive) of what may be read at this isolation level. */
export function readableEnd(log: ReadableLog, isolation: Isolation): number {
  if (isolation === 'replica') return log.logEndOffset
  return isolation === 'readCommitted' ? log.lastStableOffset : log.highWatermark
}

/** FENCED_LEADER_EPOCH: the asker is behind; UNKNOWN_LEADER_EPOCH: it is ahead of us (KIP-320). */
export function problemWithLeaderEpoch(
  currentLeaderEpoch: number,
  leaderEpoch: number,
): ErrorName | undefined {
  if (currentLeaderEpoch < 0 || currentLeaderEpoch === leaderEpoch) return undefined
  return currentLeaderEpoch < leaderEpoch ? 'FENCED_LEADER_EPOCH' : 'UNKNOWN_LEADER_EPOCH'
}

function problemWithRead(
  { fetchOffset, currentLeaderEpoch }: ReadRequest,
  log: ReadableLog,
  { isolation }: ReadPlanOptions,
): ErrorName | undefined {
  const error = problemWithLeaderEpoch(currentLeaderEpoch, log.leaderEpoch)
  if (error !== undefined) return error
  if (isolation === 'replica' && !log.isLeader) return 'NOT_LEADER_OR_FOLLOWER'
  // Between the high watermark and the end of the log there is nothing to read yet, but the offset
  // is one that will exist: a new leader's mark lags behind (KIP-207), a follower's always does.
  if (fetchOffset < log.logStartOffset || fetchOffset > log.logEndOffset) {
    return 'OFFSET_OUT_OF_RANGE'
  }
  return undefined
}
