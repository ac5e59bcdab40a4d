// A follower's fetches from one leader: which partitions are asked for next, in which order, which
// ones wait after an error. One request is in flight; what it may be shortened to by a fetch session
// is decided in `fetch-session-client.ts`.

import { assert, present } from '@klamm/base'
import type { FollowerFetch } from './partition-follower.ts'

/**
 * - `busy`: its last answer is being worked off (appended, flushed, truncated);
 * - `fetching`: part of every request;
 * - `delayed`: waits after an error.
 */
export type FetchState = 'busy' | 'fetching' | 'delayed'

export interface PlannedFetch<P> {
  readonly partition: P
  readonly fetch: FollowerFetch
}

export interface FetchPlan<P> {
  /** Least recently fed first; empty: nothing to ask now. */
  readonly partitions: readonly PlannedFetch<P>[]
  /** With no partitions: when to ask for a plan again, if nothing happens before. */
  readonly wakeAtMs: number | undefined
}

export interface FetchPlannerOptions {
  /** replica.fetch.backoff.ms: after an error, of a partition or of the whole request. */
  readonly backoffMs: number
  /**
   * How long a request waits for busy partitions. Left out, a partition is not asked for until the
   * request without it is answered, and a leader without news answers late; so a request is worth
   * delaying by a flush, but not by a slow truncation.
   */
  readonly busyWaitMs: number
}

interface Entry {
  state: FetchState
  /** What to ask; undefined until the follower knows. */
  fetch: FollowerFetch | undefined
  /** When `busy`: since when. When `delayed`: until when. */
  atMs: number
}

/**
 * `P` is the driver's handle of a followed partition in one leader epoch, compared by identity: what
 * comes late for a handle that was removed changes nothing.
 *
 * Always true: at most one plan is in flight, and no partition is asked for twice at once.
 */
export class FetchPlanner<P extends object> {
  readonly #options: FetchPlannerOptions
  /** In the order in which they are asked for. */
  readonly #entries = new Map<P, Entry>()
  #inFlight: FetchPlan<P> | undefined
  #notBeforeMs = Number.NEGATIVE_INFINITY

  constructor(options: FetchPlannerOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.size
  }

  get isInFlight(): boolean {
    return this.#inFlight !== undefined
  }

  state(partition: P): FetchState | undefined {
    return this.#entries.get(partition)?.state
  }

  /** Follows the partition from now on; it is busy until `ready`. */
  add(partition: P, nowMs: number): void {
    assert(!this.#entries.has(partition), 'a partition is followed once')
    this.#entries.set(partition, { state: 'busy', fetch: undefined, atMs: nowMs })
  }

  remove(partition: P): void {
    this.#entries.delete(partition)
  }

  /**
   * What to ask next of this partition (`PartitionFollower.nextFetch`). It goes to the end of the
   * queue, so that partitions take turns when a response cannot hold them all.
   */
  ready(partition: P, fetch: FollowerFetch): void {
    const entry = this.#entries.get(partition)
    if (entry === undefined) return
    entry.fetch = fetch
    if (entry.state === 'delayed') return
    entry.state = 'fetching'
    this.#entries.delete(partition)
    this.#entries.set(partition, entry)
  }

  /** The last answer had an error for this partition: it waits, then asks again. */
  delayed(partition: P, fetch: FollowerFetch | undefined, nowMs: number): void {
    const entry = this.#entries.get(partition)
    if (entry === undefined) return
    entry.state = 'delayed'
    entry.fetch = fetch
    entry.atMs = nowMs + this.#options.backoffMs
  }

  /** What to send now; nothing while a request is in flight. */
  next(nowMs: number): FetchPlan<P> {
    if (this.#inFlight !== undefined) return { partitions: [], wakeAtMs: undefined }
    if (nowMs < this.#notBeforeMs) return { partitions: [], wakeAtMs: this.#notBeforeMs }
    const partitions: PlannedFetch<P>[] = []
    let wakeAtMs: number | undefined
    let busyUntilMs: number | undefined
    for (const [partition, entry] of this.#entries) {
      if (entry.state === 'delayed' && entry.atMs <= nowMs) this.#endDelay(entry, nowMs)
      if (entry.state === 'fetching') {
        const fetch = present(entry.fetch, 'a partition that is fetched knows what to ask')
        partitions.push({ partition, fetch })
        continue
      }
      const untilMs = entry.state === 'busy' ? entry.atMs + this.#options.busyWaitMs : entry.atMs
      if (untilMs > nowMs) {
        if (entry.state === 'busy') busyUntilMs = Math.min(busyUntilMs ?? untilMs, untilMs)
        wakeAtMs = Math.min(wakeAtMs ?? untilMs, untilMs)
      }
    }
    if (busyUntilMs !== undefined) return { partitions: [], wakeAtMs: busyUntilMs }
    if (partitions.length === 0) return { partitions, wakeAtMs }
    this.#inFlight = { partitions, wakeAtMs: undefined }
    return this.#inFlight
  }

  /**
   * The answer is here. Its partitions are busy until the driver has told `ready` or `delayed` of
   * each.
   */
  completed(plan: FetchPlan<P>, nowMs: number): void {
    assert(plan === this.#inFlight, 'the plan in flight is completed')
    this.#inFlight = undefined
    for (const { partition } of plan.partitions) {
      const entry = this.#entries.get(partition)
      if (entry === undefined || entry.state !== 'fetching') continue
      entry.state = 'busy'
      entry.atMs = nowMs
    }
  }

  /** There is no answer: all partitions ask again after the back-off. */
  failed(plan: FetchPlan<P>, nowMs: number): void {
    assert(plan === this.#inFlight, 'the plan in flight fails')
    this.#inFlight = undefined
    this.#notBeforeMs = nowMs + this.#options.backoffMs
  }

  #endDelay(entry: Entry, nowMs: number): void {
    entry.state = entry.fetch === undefined ? 'busy' : 'fetching'
    entry.atMs = nowMs
  }
}
