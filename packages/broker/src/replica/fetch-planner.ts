// A follower's fetches from one leader: which partitions are asked for next, in which order, which
// ones wait after an error. One request is in flight; what a fetch session shortens it to is
// decided in `fetch-session-client.ts`.

import { assert, present } from '@klamm/base'
import type { FollowerFetch } from './partition-follower.ts'

export interface FollowedPartition {
  readonly topicId: string
  readonly partitionIndex: number
}

export interface PlannedFetch extends FollowedPartition {
  readonly fetch: FollowerFetch
}

/**
 * - `busy`: its last answer is being worked off (appended, flushed, truncated);
 * - `fetching`: part of every request;
 * - `delayed`: waits after an error.
 */
export type FetchState = 'busy' | 'fetching' | 'delayed'

export interface FetchPlan {
  /** Those fed least recently first; empty: nothing to ask now. */
  readonly partitions: readonly PlannedFetch[]
  readonly maxBytes: number
  readonly partitionMaxBytes: number
  /** With no partitions: when to ask for a plan again, if nothing happens before. */
  readonly wakeAtMs: number | undefined
}

export interface FetchPlannerOptions {
  /** replica.fetch.response.max.bytes: of one response. */
  readonly maxBytes: number
  /** replica.fetch.max.bytes: of one partition in a response. */
  readonly partitionMaxBytes: number
  /** replica.fetch.backoff.ms: after an error, of a partition or of the whole request. */
  readonly backoffMs: number
  /** Partitions of one request; the others come with the next ones. */
  readonly maxPartitions: number
  /**
   * How long a request waits for busy partitions. One left out is not asked for until the request
   * without it is answered, which takes the leader up to its max wait when it has no news; so a
   * request is worth delaying by a flush, but not by a slow truncation. Default 100.
   */
  readonly busyWaitMs?: number
}

const defaultBusyWaitMs = 100

interface Entry {
  readonly partition: FollowedPartition
  readonly leaderEpoch: number
  state: FetchState
  /** What to ask; undefined until the follower knows. */
  fetch: FollowerFetch | undefined
  /** When busy: since when, undefined until a plan was made. When delayed: until when. */
  atMs: number | undefined
}

/**
 * Always true: at most one plan is in flight; a partition is asked for in one leader epoch at a
 * time, and what comes late for an earlier one changes nothing.
 */
export class FetchPlanner {
  readonly #options: FetchPlannerOptions
  /** In the order in which they are asked for. */
  readonly #entries = new Map<string, Entry>()
  #inFlight: FetchPlan | undefined
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

  state(partition: FollowedPartition): FetchState | undefined {
    return this.#entries.get(keyOf(partition))?.state
  }

  /** Follows the partition in this leader epoch; it is busy until `ready`. */
  add({ topicId, partitionIndex }: FollowedPartition, leaderEpoch: number): void {
    const partition = { topicId, partitionIndex }
    const key = keyOf(partition)
    this.#entries.delete(key)
    this.#entries.set(key, {
      partition,
      leaderEpoch,
      state: 'busy',
      fetch: undefined,
      atMs: undefined,
    })
  }

  remove(partition: FollowedPartition): void {
    this.#entries.delete(keyOf(partition))
  }

  /**
   * What to ask next of this partition (`PartitionFollower.nextFetch`). It goes to the end of the
   * queue: partitions take turns when a response cannot hold what all of them miss.
   */
  ready(partition: FollowedPartition, fetch: FollowerFetch): void {
    const key = keyOf(partition)
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.leaderEpoch !== fetch.currentLeaderEpoch) return
    entry.fetch = fetch
    if (entry.state === 'delayed') return
    entry.state = 'fetching'
    this.#entries.delete(key)
    this.#entries.set(key, entry)
  }

  /** The last answer had an error for this partition: it waits, then asks the same again. */
  delayed(partition: FollowedPartition, nowMs: number): void {
    const entry = this.#entries.get(keyOf(partition))
    if (entry === undefined) return
    entry.state = 'delayed'
    entry.atMs = nowMs + this.#options.backoffMs
  }

  /** What to send now; nothing while a request is in flight. */
  next(nowMs: number): FetchPlan {
    if (this.#inFlight !== undefined) return this.#nothing(undefined)
    if (nowMs < this.#notBeforeMs) return this.#nothing(this.#notBeforeMs)
    const partitions: PlannedFetch[] = []
    let delayedUntilMs: number | undefined
    let busyUntilMs: number | undefined
    for (const entry of this.#entries.values()) {
      this.#endDelay(entry, nowMs)
      const { state } = entry
      if (state === 'fetching') {
        if (partitions.length < this.#options.maxPartitions) partitions.push(planned(entry))
      } else if (state === 'delayed') {
        delayedUntilMs = earlier(delayedUntilMs, entry.atMs)
      } else {
        busyUntilMs = earlier(busyUntilMs, this.#busyUntilMs(entry, nowMs))
      }
    }
    if (busyUntilMs !== undefined) return this.#nothing(busyUntilMs)
    if (partitions.length === 0) return this.#nothing(delayedUntilMs)
    const { maxBytes, partitionMaxBytes } = this.#options
    this.#inFlight = { partitions, maxBytes, partitionMaxBytes, wakeAtMs: undefined }
    return this.#inFlight
  }

  /**
   * The answer is here. Its partitions are busy until `ready` or `delayed` is told of each.
   */
  completed(plan: FetchPlan): void {
    assert(plan === this.#inFlight, 'the plan in flight is completed')
    this.#inFlight = undefined
    for (const { topicId, partitionIndex, fetch } of plan.partitions) {
      const entry = this.#entries.get(keyOf({ topicId, partitionIndex }))
      if (entry === undefined || entry.state !== 'fetching') continue
      if (entry.leaderEpoch !== fetch.currentLeaderEpoch) continue
      entry.state = 'busy'
      entry.atMs = undefined
    }
  }

  /** There is no answer: all partitions ask the same again after the back-off. */
  failed(plan: FetchPlan, nowMs: number): void {
    assert(plan === this.#inFlight, 'the plan in flight fails')
    this.#inFlight = undefined
    this.#notBeforeMs = nowMs + this.#options.backoffMs
  }

  #nothing(wakeAtMs: number | undefined): FetchPlan {
    const { maxBytes, partitionMaxBytes } = this.#options
    return { partitions: [], maxBytes, partitionMaxBytes, wakeAtMs }
  }

  #endDelay(entry: Entry, nowMs: number): void {
    if (entry.state !== 'delayed' || (entry.atMs ?? nowMs) > nowMs) return
    entry.state = entry.fetch === undefined ? 'busy' : 'fetching'
    entry.atMs = undefined
  }

  /** Until when a request waits for it; undefined: no longer. */
  #busyUntilMs(entry: Entry, nowMs: number): number | undefined {
    entry.atMs ??= nowMs
    const untilMs = entry.atMs + (this.#options.busyWaitMs ?? defaultBusyWaitMs)
    return untilMs > nowMs ? untilMs : undefined
  }
}

function planned({ partition, fetch }: Entry): PlannedFetch {
  const { topicId, partitionIndex } = partition
  const known = present(fetch, 'a partition that is fetched knows what to ask')
  return { topicId, partitionIndex, fetch: known }
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return Math.min(a, b)
}

function keyOf({ topicId, partitionIndex }: FollowedPartition): string {
  return `${partitionIndex} ${topicId}`
}
