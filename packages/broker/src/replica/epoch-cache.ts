// Leader epoch to start offset, for one log: where the records of each leader begin. It is a
// function of the batches in the log, nothing else, so it can be rebuilt at any time; an epoch in
// which nothing was written is not in it (see `truncation.ts` for how a leader answers for those).

import { assert } from '@klamm/base'

export interface EpochEntry {
  readonly epoch: number
  /** Offset of the first record of the epoch. */
  readonly startOffset: number
}

/** Where an epoch ends in some log. */
export interface EpochEnd {
  /** The greatest epoch of that log that is not greater than the one asked for. */
  readonly leaderEpoch: number
  /** Exclusive. */
  readonly endOffset: number
}

/**
 * Always true: epochs and start offsets both rise strictly from entry to entry.
 */
export class EpochCache {
  #entries: EpochEntry[] = []
  #epochBeforeStart: number | undefined

  constructor(entries: readonly EpochEntry[] = [], epochBeforeStart?: number) {
    this.#epochBeforeStart = epochBeforeStart
    for (const { epoch, startOffset } of entries) this.assign(epoch, startOffset)
    assert(this.#entries.length === entries.length, 'entries of an epoch cache are in order')
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** Of the last record; undefined for a log that has none. */
  get latestEpoch(): number | undefined {
    return this.#entries.at(-1)?.epoch
  }

  /**
   * Of the last record that was deleted at the start of the log; undefined when none was, or when
   * the cache was built from a log that had lost it. It lets a follower whose log ends where the
   * leader's begins be recognized.
   */
  get epochBeforeStart(): number | undefined {
    return this.#epochBeforeStart
  }

  /** A batch of `epoch` was appended at `startOffset`; true when its epoch is new here. */
  assign(epoch: number, startOffset: number): boolean {
    assert(epoch >= 0 && startOffset >= 0, 'epochs and offsets are not negative')
    const last = this.#entries.at(-1)
    if (last !== undefined) {
      if (last.epoch === epoch) return false
      assert(epoch > last.epoch, 'leader epochs of a log do not fall', () => this.#with(epoch))
      assert(startOffset > last.startOffset, 'an epoch begins after the one before it')
    }
    this.#entries.push({ epoch, startOffset })
    return true
  }

  /** The epoch of the record at `offset`; undefined before the first record known. */
  epochAt(offset: number): number | undefined {
    return this.#entries[this.#floorByOffset(offset)]?.epoch
  }

  /**
   * Where `epoch` ends in this log, as OffsetForLeaderEpoch answers (KIP-279): for an epoch that is
   * not here, the end of the greatest smaller one; undefined when `epoch` is greater than all here.
   * For an epoch smaller than all here, the end is where the first one begins.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEnd | undefined {
    const entries = this.#entries
    let after = entries.length
    while (after > 0 && (entries[after - 1] as EpochEntry).epoch > epoch) after -= 1
    const next = entries[after]
    const floor = entries[after - 1]
    if (next === undefined) {
      return floor?.epoch === epoch ? { leaderEpoch: epoch, endOffset: logEndOffset } : undefined
    }
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: next.startOffset }
  }

  /** Records from `endOffset` on are gone. */
  truncateFromEnd(endOffset: number): void {
    const entries = this.#entries
    while (entries.length > 0 && (entries.at(-1) as EpochEntry).startOffset >= endOffset) {
      entries.pop()
    }
  }

  /**
   * Records before `startOffset` are gone: the epoch they ended with now begins at `startOffset`.
   * `logEndOffset` tells a log that has become empty.
   */
  truncateFromStart(startOffset: number, logEndOffset: number): void {
    const [first] = this.#entries
    if (first === undefined || first.startOffset >= startOffset) return
    this.#epochBeforeStart = this.epochAt(startOffset - 1)
    if (startOffset >= logEndOffset) {
      this.#entries = []
      return
    }
    const kept = this.#entries.slice(this.#floorByOffset(startOffset))
    kept[0] = { epoch: (kept[0] as EpochEntry).epoch, startOffset }
    this.#entries = kept
  }

  /** Nothing is known any more: the log starts anew somewhere else. */
  clear(): void {
    this.#entries = []
    this.#epochBeforeStart = undefined
  }

  /** Whether both are of the same records; what is known of deleted ones does not count. */
  equals(other: EpochCache): boolean {
    const [a, b] = [this.#entries, other.#entries]
    return (
      a.length === b.length &&
      a.every((x, i) => x.epoch === b[i]?.epoch && x.startOffset === b[i]?.startOffset)
    )
  }

  /** Index of the last entry that starts at or before `offset`; -1 when none does. */
  #floorByOffset(offset: number): number {
    let index = this.#entries.length - 1
    while (index >= 0 && (this.#entries[index] as EpochEntry).startOffset > offset) index -= 1
    return index
  }

  #with(epoch: number): string {
    return `${epoch} after ${this.#entries.map(e => `${e.epoch}@${e.startOffset}`).join(' ')}`
  }
}

/**
 * The cache of a log with these batches, in offset order: the reference for every live cache. The
 * first batch may begin before the log does.
 */
export function epochCacheOf(
  batches: Iterable<{ readonly baseOffset: number; readonly partitionLeaderEpoch: number }>,
  logStartOffset: number,
): EpochCache {
  const entries: EpochEntry[] = []
  let epochBeforeStart: number | undefined
  for (const { baseOffset, partitionLeaderEpoch: epoch } of batches) {
    if (baseOffset < logStartOffset) epochBeforeStart = epoch
    if (entries.at(-1)?.epoch === epoch) continue
    entries.push({ epoch, startOffset: Math.max(baseOffset, logStartOffset) })
  }
  return new EpochCache(entries, epochBeforeStart)
}
