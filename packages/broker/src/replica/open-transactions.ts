// The transactions of one partition: where the first undecided one begins (last stable offset), and
// which aborted ones a reader must skip. A function of the log, like the producer state.

import { assert } from '@klamm/base'
import type { LoggedMarker } from './batch.ts'

/** A transaction that was aborted in this partition. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Of its marker. */
  readonly lastOffset: number
}

interface Decided {
  readonly firstOffset: number
  readonly markerOffset: number
}

interface AbortedEntry extends AbortedTransaction {
  /** First offset of what was open when it was aborted: later entries begin there or after. */
  readonly lastStableOffset: number
}

/** Everything that is known, as plain data. */
export interface TransactionsSnapshot {
  /** End (exclusive) of the part of the log that it stands for. */
  readonly offset: number
  readonly open: readonly { readonly producerId: number; readonly firstOffset: number }[]
  /** Decided by a marker that may not have been committed yet. */
  readonly decided: readonly Decided[]
  readonly aborted: readonly AbortedEntry[]
}

/**
 * Always true: `#open` is in order of first offsets (they are added as the log grows), `#decided`
 * and `#aborted` in order of markers.
 */
export class OpenTransactions {
  /** Producer id to first offset. */
  #open = new Map<number, number>()
  #decided: Decided[] = []
  #aborted: AbortedEntry[] = []
  #endOffset = 0

  get endOffset(): number {
    return this.#endOffset
  }

  /** First offset of the oldest open transaction; undefined: none is open. */
  get firstOpenOffset(): number | undefined {
    for (const firstOffset of this.#open.values()) return firstOffset
    return undefined
  }

  /** A transactional data batch is in the log; the first of its producer opens a transaction. */
  applied(batch: { readonly producerId: number; readonly baseOffset: number }): void {
    const { producerId, baseOffset } = batch
    assert(baseOffset >= this.#endOffset, 'batches are applied once and in order')
    this.#endOffset = baseOffset + 1
    if (!this.#open.has(producerId)) this.#open.set(producerId, baseOffset)
  }

  /** A marker is in the log. One without an open transaction decides nothing. */
  appliedMarker(marker: LoggedMarker): void {
    const { producerId, offset } = marker
    assert(offset >= this.#endOffset, 'markers are applied once and in order')
    this.#endOffset = offset + 1
    const firstOffset = this.#open.get(producerId)
    if (firstOffset === undefined) return
    this.#open.delete(producerId)
    this.#decided.push({ firstOffset, markerOffset: offset })
    if (marker.isCommit) return
    const lastStableOffset = this.firstOpenOffset ?? offset + 1
    this.#aborted.push({ producerId, firstOffset, lastOffset: offset, lastStableOffset })
  }

  /**
   * End of what readers at read_committed may see. A transaction is undecided while its marker is
   * not committed: another leader may not have it.
   */
  lastStableOffset(logStartOffset: number, highWatermark: number): number {
    let first = Math.min(highWatermark, this.firstOpenOffset ?? highWatermark)
    for (const { firstOffset, markerOffset } of this.#decided) {
      if (markerOffset >= highWatermark) first = Math.min(first, firstOffset)
    }
    return Math.max(first, logStartOffset)
  }

  /** The high watermark of this replica, which does not fall. */
  committed(highWatermark: number): void {
    let count = 0
    while (count < this.#decided.length) {
      if ((this.#decided[count] as Decided).markerOffset >= highWatermark) break
      count += 1
    }
    if (count > 0) this.#decided.splice(0, count)
  }

  /**
   * Aborted transactions that may have records in [fetchOffset, endOffset), by first offset, as
   * clients expect them.
   */
  abortedIn(fetchOffset: number, endOffset: number): readonly AbortedTransaction[] {
    const found: AbortedTransaction[] = []
    for (let i = this.#firstAbortedFrom(fetchOffset); i < this.#aborted.length; i++) {
      const entry = this.#aborted[i] as AbortedEntry
      const { producerId, firstOffset, lastOffset } = entry
      if (firstOffset < endOffset) found.push({ producerId, firstOffset, lastOffset })
      if (entry.lastStableOffset >= endOffset) break
    }
    return found.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  /** Records before it are gone, and with them the need to know who aborted there. */
  logStartAdvanced(logStartOffset: number): void {
    const count = this.#firstAbortedFrom(logStartOffset)
    if (count > 0) this.#aborted.splice(0, count)
  }

  /** As `ProducerStates.truncate`. */
  truncate(toOffset: number): boolean {
    if (toOffset >= this.#endOffset) return true
    this.restore({ offset: 0, open: [], decided: [], aborted: [] })
    return false
  }

  snapshot(): TransactionsSnapshot {
    return {
      offset: this.#endOffset,
      open: [...this.#open].map(([producerId, firstOffset]) => ({ producerId, firstOffset })),
      decided: [...this.#decided],
      aborted: [...this.#aborted],
    }
  }

  restore(snapshot: TransactionsSnapshot): void {
    this.#endOffset = snapshot.offset
    this.#open = new Map(snapshot.open.map(entry => [entry.producerId, entry.firstOffset]))
    this.#decided = [...snapshot.decided]
    this.#aborted = [...snapshot.aborted]
  }

  /** Index of the first entry whose marker is at `offset` or later. */
  #firstAbortedFrom(offset: number): number {
    let [low, high] = [0, this.#aborted.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#aborted[middle] as AbortedEntry).lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }
}
