// Snapshots of many collections at once, by epoch (an offset, usually): a shard that applies
// records before they are committed reads at the committed offset and reverts what was never
// committed. Each snapshot holds, per collection, what was overwritten since: an undo log.

import { assert } from '../assert.ts'

/** A collection's side of reverting: puts back what a delta remembers. */
export interface TimelineCollection<Delta> {
  /** Makes the state what it was when the snapshot that owns the delta was taken. */
  restore(delta: Delta): void
}

interface Snapshot {
  readonly epoch: number
  /** Old values of what changed after this snapshot and before the next one. */
  readonly deltas: Map<TimelineCollection<unknown>, unknown>
}

/**
 * Always true: epochs ascend. A delta belongs to the newest snapshot at the time of the change, so
 * a value at epoch e is the one remembered by the first delta at or after e, or the current one.
 * Costs: a change costs one undo entry per snapshot interval it falls in, reading the present
 * nothing, reading the past one lookup per snapshot kept since.
 */
export class TimelineRegistry {
  readonly #snapshots: Snapshot[] = []

  /** Epochs that can be read or reverted to, ascending. */
  get epochs(): readonly number[] {
    return this.#snapshots.map(snapshot => snapshot.epoch)
  }

  get latestEpoch(): number | undefined {
    return this.#snapshots.at(-1)?.epoch
  }

  has(epoch: number): boolean {
    return this.#indexOf(epoch) >= 0
  }

  /** Remembers the present as `epoch`, which must be above all epochs so far. */
  snapshot(epoch: number): void {
    const latest = this.latestEpoch
    assert(latest === undefined || epoch > latest, 'epochs ascend', () => `${epoch} ${latest}`)
    this.#snapshots.push({ epoch, deltas: new Map() })
  }

  /** Puts every collection back to what it was at `epoch` and forgets the snapshots after it. */
  revertTo(epoch: number): void {
    const index = this.#indexOf(epoch)
    assert(index >= 0, 'only a kept snapshot is reverted to', () => `${epoch}`)
    for (let i = this.#snapshots.length - 1; i >= index; i--) {
      const snapshot = this.#snapshots[i]
      if (snapshot === undefined) continue
      for (const [collection, delta] of snapshot.deltas) collection.restore(delta)
      snapshot.deltas.clear()
    }
    this.#snapshots.length = index + 1
  }

  /** Forgets the snapshots below `epoch` (exclusive): nobody will read or revert to them. */
  forgetUpTo(epoch: number): void {
    let count = 0
    for (const snapshot of this.#snapshots) {
      if (snapshot.epoch >= epoch) break
      count += 1
    }
    this.#snapshots.splice(0, count)
  }

  /** Forgets all snapshots. The present stays as it is. */
  forgetAll(): void {
    this.#snapshots.length = 0
  }

  /**
   * For collections: the delta in which a change has to be remembered now, made by `create` when
   * this is the collection's first change since the newest snapshot. Undefined when there is no
   * snapshot and so nothing to remember.
   */
  currentDelta<Delta>(
    collection: TimelineCollection<Delta>,
    create: () => Delta,
  ): Delta | undefined {
    const snapshot = this.#snapshots.at(-1)
    if (snapshot === undefined) return undefined
    const key = collection as TimelineCollection<unknown>
    // The map pairs a collection with its own kind of delta only: this is the one place that sets.
    let delta = snapshot.deltas.get(key) as Delta | undefined
    if (delta === undefined) {
      delta = create()
      snapshot.deltas.set(key, delta)
    }
    return delta
  }

  /** For collections: their deltas at or after `epoch`, oldest first. */
  deltasSince<Delta>(collection: TimelineCollection<Delta>, epoch: number): readonly Delta[] {
    const from = this.#indexOf(epoch)
    assert(from >= 0, 'only a kept snapshot is read', () => `${epoch}`)
    const deltas: Delta[] = []
    for (let i = from; i < this.#snapshots.length; i++) {
      const delta = this.#snapshots[i]?.deltas.get(collection as TimelineCollection<unknown>)
      if (delta !== undefined) deltas.push(delta as Delta)
    }
    return deltas
  }

  #indexOf(epoch: number): number {
    let low = 0
    let high = this.#snapshots.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#snapshots[middle]?.epoch ?? 0) < epoch) low = middle + 1
      else high = middle
    }
    return this.#snapshots[low]?.epoch === epoch ? low : -1
  }
}
