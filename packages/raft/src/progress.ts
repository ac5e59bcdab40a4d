// One follower (voter or observer) as its leader sees it: what it has, what to send next, and how
// boldly. All changes of this state are here; `replication.ts` decides when they happen.

import { assert } from '@klamm/base'
import type { Inflights } from './inflights.ts'
import type { LogIndex, Snapshot, VoterId } from './types.ts'

/**
 * - `probe`: where the logs agree is unknown; one append at a time looks for it.
 * - `replicate`: the logs agree up to `matchIndex`; appends are pipelined.
 * - `snapshot`: what the follower needs is no longer in the log; it gets a snapshot, nothing else.
 */
export type ProgressState = 'probe' | 'replicate' | 'snapshot'

const transitions = {
  probe: ['probe', 'replicate', 'snapshot'],
  replicate: ['probe', 'snapshot'],
  snapshot: ['probe', 'replicate'],
} as const satisfies Record<ProgressState, readonly ProgressState[]>

/** A snapshot on its way, piece by piece. */
export interface SnapshotTransfer {
  readonly snapshot: Snapshot
  /** The follower has this many bytes; the piece that starts here is on its way. */
  offset: number
  sentAtMs: number
}

/** Always true: 0 <= matchIndex < nextIndex. */
export class Progress {
  readonly id: VoterId
  readonly inflights: Inflights
  #state: ProgressState = 'probe'
  #matchIndex: LogIndex = 0
  #nextIndex: LogIndex
  #transfer: SnapshotTransfer | undefined
  /** In `probe`: an append is out, wait for its answer or for a sign of life. */
  isProbing = false
  /** Highest commit index it was told, to tell it once. */
  sentCommit: LogIndex = 0
  /** `matchIndex` at the last heartbeat answer: no progress since means something got lost. */
  matchAtHeartbeat: LogIndex = 0
  /** Latest quorum round it answered. */
  ackedRound = 0
  /** Monotonic; undefined when never heard in this term. */
  lastContactMs: number | undefined
  /** When the leader began to care about it. */
  readonly sinceMs: number

  constructor(id: VoterId, nextIndex: LogIndex, inflights: Inflights, nowMs: number) {
    this.id = id
    this.#nextIndex = nextIndex
    this.inflights = inflights
    this.sinceMs = nowMs
  }

  get state(): ProgressState {
    return this.#state
  }

  get matchIndex(): LogIndex {
    return this.#matchIndex
  }

  get nextIndex(): LogIndex {
    return this.#nextIndex
  }

  get transfer(): SnapshotTransfer | undefined {
    return this.#transfer
  }

  /** When it was last known to be alive, or since when that is awaited. */
  get aliveAtMs(): number {
    return this.lastContactMs ?? this.sinceMs
  }

  /** Whether it answered within the last `ms`. */
  isActive(nowMs: number, ms: number): boolean {
    return this.lastContactMs !== undefined && nowMs - this.lastContactMs < ms
  }

  /** Whether another append may leave now. */
  get maySend(): boolean {
    if (this.#state === 'probe') return !this.isProbing
    return this.#state === 'replicate' && !this.inflights.isFull
  }

  /** An append with entries up to `lastIndex` left. */
  sent(lastIndex: LogIndex, bytes: number): void {
    if (this.#state === 'probe') {
      this.isProbing = true
      return
    }
    assert(this.#state === 'replicate', 'a follower that gets a snapshot gets no appends')
    if (lastIndex < this.#nextIndex) return
    this.#nextIndex = lastIndex + 1
    this.inflights.add(lastIndex, bytes)
  }

  /** The follower has everything up to `index`. False when that is no news. */
  matched(index: LogIndex): boolean {
    this.inflights.freeTo(index)
    this.#nextIndex = Math.max(this.#nextIndex, index + 1)
    if (index <= this.#matchIndex) return false
    this.#matchIndex = index
    return true
  }

  becomeReplicate(): void {
    this.#transition('replicate')
    this.#nextIndex = this.#matchIndex + 1
  }

  /** Looks for agreement below `nextIndex`. */
  becomeProbe(nextIndex: LogIndex): void {
    this.#transition('probe')
    this.#nextIndex = Math.max(this.#matchIndex + 1, nextIndex)
    this.sentCommit = 0
  }

  becomeSnapshot(snapshot: Snapshot, nowMs: number): void {
    this.#transition('snapshot')
    this.#nextIndex = Math.max(this.#matchIndex, snapshot.index) + 1
    this.#transfer = { snapshot, offset: 0, sentAtMs: nowMs }
    this.sentCommit = 0
  }

  #transition(to: ProgressState): void {
    const allowed: readonly ProgressState[] = transitions[this.#state]
    assert(allowed.includes(to), 'progress moves as its table says', () => `${this.#state} ${to}`)
    this.#state = to
    this.isProbing = false
    this.inflights.clear()
    this.#transfer = undefined
  }
}
