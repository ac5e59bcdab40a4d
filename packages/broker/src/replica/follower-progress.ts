// What a leader knows of one follower: how far it has come, and whether it keeps up.

import { assert } from '@klamm/base'

/** One fetch of a follower that was found to agree with the leader's log up to its offset. */
export interface FetchedState {
  /** Incarnation of the follower that sent the fetch. */
  readonly brokerEpoch: number
  /** The follower durably holds every record before it. */
  readonly fetchOffset: number
  readonly logStartOffset: number
  readonly leaderEndOffset: number
  readonly nowMs: number
}

/**
 * Always true: nothing is known (-1) until the first fetch in the leader epoch, whatever the
 * replica had in an earlier one.
 */
export class FollowerProgress {
  readonly brokerId: number
  #brokerEpoch = -1
  #logEndOffset = -1
  #logStartOffset = -1
  #lastFetchMs = Number.NEGATIVE_INFINITY
  #lastFetchLeaderEndOffset = 0
  #lastCaughtUpMs: number
  /** The high watermark in the last response; see `PartitionLeader.highWatermarkSent`. */
  lastSentHighWatermark = -1

  /** A member of the ISR gets the benefit of the doubt from `caughtUpMs` on. */
  constructor(brokerId: number, caughtUpMs: number | undefined) {
    this.brokerId = brokerId
    this.#lastCaughtUpMs = caughtUpMs ?? Number.NEGATIVE_INFINITY
  }

  /** -1: has not fetched in this leader epoch. */
  get brokerEpoch(): number {
    return this.#brokerEpoch
  }

  /** Exclusive end of what the follower durably holds; -1: unknown. */
  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** -1: unknown. */
  get logStartOffset(): number {
    return this.#logStartOffset
  }

  get hasFetched(): boolean {
    return this.#logEndOffset >= 0
  }

  get lastFetchMs(): number {
    return this.#lastFetchMs
  }

  fetched(fetch: FetchedState): void {
    const { brokerEpoch, fetchOffset, leaderEndOffset, nowMs } = fetch
    assert(brokerEpoch >= this.#brokerEpoch, 'fetches of past incarnations are not counted')
    // Under load the end moves on while a fetch travels. Who now has what was the end at its last
    // fetch was caught up then.
    if (fetchOffset >= leaderEndOffset) this.#lastCaughtUpMs = nowMs
    else if (this.hasFetched && fetchOffset >= this.#lastFetchLeaderEndOffset) {
      this.#lastCaughtUpMs = this.#lastFetchMs
    }
    this.#brokerEpoch = brokerEpoch
    // May go back: the follower truncated, or a new incarnation came back with less.
    this.#logEndOffset = fetchOffset
    this.#logStartOffset = fetch.logStartOffset
    this.#lastFetchMs = nowMs
    this.#lastFetchLeaderEndOffset = leaderEndOffset
  }

  /** Whether it had all that the leader had, at some time within the last `maxLagMs`. */
  isCaughtUp(leaderEndOffset: number, nowMs: number, maxLagMs: number): boolean {
    return this.#logEndOffset >= leaderEndOffset || nowMs - this.#lastCaughtUpMs <= maxLagMs
  }
}
