// The log of one node in memory: the entries after the last compaction, what of them is committed,
// and what was handed to storage. Metadata logs are small; the disk is only read at start.

import { assert, present } from '@klamm/base'
import {
  type Entry,
  entryBytes,
  type LogIndex,
  type LogPosition,
  type PersistedState,
  type Snapshot,
  type Term,
} from './types.ts'

/**
 * Always true: start <= snapshot.index <= commitIndex <= lastIndex; handedIndex <= lastIndex;
 * committed entries are never changed.
 */
export class RaftLog {
  #start: LogPosition
  #snapshot: Snapshot
  #entries: Entry[]
  #commitIndex: LogIndex
  #handedIndex: LogIndex
  #changedFrom = Number.POSITIVE_INFINITY
  #bytesSinceSnapshot = 0

  constructor(state: PersistedState) {
    this.#start = state.logStart
    this.#snapshot = state.snapshot
    this.#entries = [...state.entries]
    this.#commitIndex = state.snapshot.index
    this.#handedIndex = this.lastIndex
    this.#countBytes()
  }

  /** The position right before the first entry. */
  get start(): LogPosition {
    return this.#start
  }

  get snapshot(): Snapshot {
    return this.#snapshot
  }

  get lastIndex(): LogIndex {
    return this.#start.index + this.#entries.length
  }

  get lastTerm(): Term {
    return this.#entries.at(-1)?.term ?? this.#start.term
  }

  get commitIndex(): LogIndex {
    return this.#commitIndex
  }

  /** Entries up to here are stored or in a write that was handed out. */
  get handedIndex(): LogIndex {
    return this.#handedIndex
  }

  get bytesSinceSnapshot(): number {
    return this.#bytesSinceSnapshot
  }

  /** Undefined outside of what is kept. */
  termAt(index: LogIndex): Term | undefined {
    if (index === this.#start.index) return this.#start.term
    return this.#entries[index - this.#start.index - 1]?.term
  }

  entryAt(index: LogIndex): Entry {
    return present(this.#entries[index - this.#start.index - 1], 'the entry is in the log')
  }

  /** Entries `from` to `to` (inclusive), cut after `bytesMax` but never before the first. */
  slice(from: LogIndex, to: LogIndex, bytesMax: number): readonly Entry[] {
    let bytes = 0
    let end = from
    while (end <= to) {
      bytes += entryBytes(this.entryAt(end))
      if (bytes > bytesMax && end > from) break
      end += 1
    }
    return this.#entries.slice(from - this.#start.index - 1, end - this.#start.index - 1)
  }

  /** The last index at or below `index` whose term is at most `term`, not below `floor`. */
  lastWithTermAtMost(term: Term, index: LogIndex, floor: LogIndex): LogIndex {
    let candidate = Math.min(index, this.lastIndex)
    while (candidate > floor && (this.termAt(candidate) ?? 0) > term) candidate -= 1
    return Math.max(candidate, floor)
  }

  /** The first of `entries`, which follow `prevIndex`, that is not in the log with its term. */
  firstNew(prevIndex: LogIndex, entries: readonly Entry[]): LogIndex {
    let index = prevIndex + 1
    for (const entry of entries) {
      if (this.termAt(index) !== entry.term) break
      index += 1
    }
    return index
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, 'the log has no gaps')
    assert(entry.term >= this.lastTerm, 'terms in the log never go back')
    this.#entries.push(entry)
    if (entry.index > this.#snapshot.index) this.#bytesSinceSnapshot += entryBytes(entry)
    this.#changedFrom = Math.min(this.#changedFrom, entry.index)
  }

  /** Drops the entries at `index` and above: another leader never had them. */
  truncateFrom(index: LogIndex): void {
    assert(index > this.#start.index && index <= this.lastIndex, 'a cut is inside the log')
    this.#entries.length = index - this.#start.index - 1
    this.#handedIndex = Math.min(this.#handedIndex, index - 1)
    this.#changedFrom = Math.min(this.#changedFrom, index)
    this.#countBytes()
  }

  /** Never goes back. */
  commitTo(index: LogIndex): void {
    assert(index <= this.lastIndex, 'only what is in the log is committed')
    this.#commitIndex = Math.max(this.#commitIndex, index)
  }

  /**
   * Adopts a snapshot of the own state machine. Keeps `margin` entries before it. True when the
   * start of the log moved.
   */
  compact(snapshot: Snapshot, margin: number): boolean {
    assert(snapshot.index <= this.#commitIndex, 'a snapshot covers committed entries only')
    assert(snapshot.index > this.#snapshot.index, 'snapshots move forward')
    this.#snapshot = snapshot
    const startIndex = Math.max(this.#start.index, snapshot.index - margin)
    const moved = startIndex > this.#start.index
    if (moved) {
      const term = present(this.termAt(startIndex), 'the new start is in the log')
      this.#entries.splice(0, startIndex - this.#start.index)
      this.#start = { term, index: startIndex }
    }
    this.#countBytes()
    return moved
  }

  /** Becomes a leader's snapshot: nothing of the log before it or after it is kept. */
  restore(snapshot: Snapshot): void {
    assert(snapshot.index > this.#commitIndex, 'a snapshot never takes anything back')
    this.#changedFrom = Math.min(this.#changedFrom, this.#commitIndex + 1)
    this.#snapshot = snapshot
    this.#start = { term: snapshot.term, index: snapshot.index }
    this.#entries = []
    this.#commitIndex = snapshot.index
    this.#handedIndex = snapshot.index
    this.#bytesSinceSnapshot = 0
  }

  /**
   * Hands the new tail to storage. `changedFrom` is the first index whose stored content becomes
   * another one (infinite if none).
   */
  takeUnwritten(): { readonly entries: readonly Entry[]; readonly changedFrom: LogIndex } {
    const entries = this.#entries.slice(Math.max(0, this.#handedIndex - this.#start.index))
    const changedFrom = this.#changedFrom
    this.#handedIndex = this.lastIndex
    this.#changedFrom = Number.POSITIVE_INFINITY
    return { entries, changedFrom }
  }

  /** For tools and checkers. */
  entriesFrom(index: LogIndex): readonly Entry[] {
    return this.#entries.slice(Math.max(0, index - this.#start.index - 1))
  }

  #countBytes(): void {
    this.#bytesSinceSnapshot = 0
    for (const entry of this.#entries) {
      if (entry.index > this.#snapshot.index) this.#bytesSinceSnapshot += entryBytes(entry)
    }
  }
}
