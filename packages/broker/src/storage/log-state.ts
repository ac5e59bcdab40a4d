// One incarnation of a log in memory: its bounds, its index, who waits for its durability. A log
// that is deleted or restarted is another incarnation, with a number that was never used before, so
// nothing that is said about the old one can be taken for the new one.

import { assert } from '@klamm/base'
import type { Appended } from './appended.ts'
import { BatchIndex } from './batch-index.ts'
import { LogTruncatedError, type StoredBatchHeader } from './store-api.ts'

/** Hears of rows that left the index, by the segment that holds their batch. */
export type Release = (segmentId: number) => void

interface Waiter {
  readonly offset: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/**
 * Always true: `startOffset <= endOffset`; the rows from `firstRow` on lie end to end, the first
 * holds `startOffset` and the last ends at `endOffset`; or there are none and both are equal.
 */
export class LogState {
  readonly number: number
  readonly id: string
  readonly index = new BatchIndex()
  onDurable: ((durableEndOffset: number) => void) | undefined
  readonly #release: Release
  #startOffset: number
  #endOffset: number
  #durableEndOffset: number
  #highWatermark: number
  /** The row that holds `startOffset`. Rows before it stay until a commit has taken their batch. */
  #firstRow = 0
  #sizeBytes = 0
  #isDeleted = false
  #waiters: Waiter[] = []

  constructor(number: number, id: string, startOffset: number, release: Release) {
    this.number = number
    this.id = id
    this.#release = release
    this.#startOffset = startOffset
    this.#endOffset = startOffset
    this.#durableEndOffset = startOffset
    this.#highWatermark = startOffset
  }

  get startOffset(): number {
    return this.#startOffset
  }

  get endOffset(): number {
    return this.#endOffset
  }

  get durableEndOffset(): number {
    return this.#durableEndOffset
  }

  /** As it was last noted: it is not kept up to date in between. Within the durable log. */
  get highWatermark(): number {
    return Math.max(this.#startOffset, this.#highWatermark)
  }

  get firstRow(): number {
    return this.#firstRow
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get isDeleted(): boolean {
    return this.#isDeleted
  }

  /** What recovery found, rows included: all of it is durable. */
  recovered(startOffset: number, endOffset: number, highWatermark: number): void {
    this.#startOffset = startOffset
    this.#endOffset = endOffset
    this.#durableEndOffset = endOffset
    this.#highWatermark = Math.min(highWatermark, endOffset)
    const { index } = this
    index.removeBefore(index.holding(startOffset))
    this.#firstRow = index.first
    for (let n = index.first; n < index.end; n++) this.#sizeBytes += index.size(n)
  }

  append(header: StoredBatchHeader, appended: Appended): void {
    assert(appended.row === this.index.end, 'a batch knows its row')
    this.index.append(header, appended)
    this.#endOffset = appended.endOffset
    this.#sizeBytes += header.sizeInBytes
  }

  /** Cuts off rows from `row` on; the log ends where that row began. */
  truncate(row: number): void {
    const { index } = this
    const endOffset = index.baseOffset(row)
    assert(row >= this.#firstRow && endOffset >= this.#startOffset, 'what is cut off is in the log')
    for (let n = row; n < index.end; n++) this.#sizeBytes -= index.size(n)
    this.#cutOff(row)
    this.#endOffset = endOffset
    this.#durableEndOffset = Math.min(this.#durableEndOffset, endOffset)
    this.#highWatermark = Math.min(this.#highWatermark, endOffset)
    this.#rejectWaiters(endOffset)
  }

  /** Nothing before `offset` is wanted any more. */
  startAt(offset: number): void {
    assert(offset >= this.#startOffset && offset <= this.#endOffset, 'the start stays in the log')
    this.#startOffset = offset
    const { index } = this
    const row = index.holding(offset)
    for (let n = this.#firstRow; n < row; n++) this.#sizeBytes -= index.size(n)
    this.#firstRow = row
    this.trim()
  }

  /** Notes how far the log is committed. */
  committedTo(highWatermark: number): void {
    assert(highWatermark <= this.#durableEndOffset, 'what is committed is durable here')
    this.#highWatermark = highWatermark
  }

  /** Drops rows before the start whose batches a commit has taken. */
  trim(): void {
    const { index } = this
    let n = index.first
    while (n < this.#firstRow && index.sequence(n) >= 0) {
      this.#release(index.segmentId(n))
      n += 1
    }
    index.removeBefore(n)
  }

  delete(): void {
    this.#isDeleted = true
    this.#cutOff(this.index.first)
    this.#sizeBytes = 0
    this.#rejectWaiters(-1)
  }

  /** A commit has made a batch durable. True when that moved the durable end. */
  becameDurable({ endOffset, isDead }: Appended): boolean {
    if (isDead || endOffset <= this.#durableEndOffset) return false
    this.#durableEndOffset = endOffset
    return true
  }

  whenDurable(offset: number): Promise<void> {
    if (offset <= this.#durableEndOffset) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ offset, resolve, reject })
    return promise
  }

  /** The durable end has moved. */
  tellDurable(): void {
    this.trim()
    this.#resolveWaiters()
    this.onDurable?.(this.#durableEndOffset)
  }

  #resolveWaiters(): void {
    if (this.#waiters.length === 0) return
    const due = this.#waiters.filter(({ offset }) => offset <= this.#durableEndOffset)
    this.#waiters = this.#waiters.filter(({ offset }) => offset > this.#durableEndOffset)
    for (const { resolve } of due) resolve()
  }

  /** The store has failed. */
  fail(error: Error): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }

  #cutOff(row: number): void {
    const { index } = this
    for (let n = row; n < index.end; n++) {
      if (index.sequence(n) >= 0) this.#release(index.segmentId(n))
      const appended = index.appended(n)
      if (appended !== undefined) appended.isDead = true
    }
    index.removeFrom(row)
    this.#firstRow = Math.min(this.#firstRow, row)
  }

  #rejectWaiters(endOffset: number): void {
    const lost = this.#waiters.filter(({ offset }) => offset > endOffset)
    if (lost.length === 0) return
    this.#waiters = this.#waiters.filter(({ offset }) => offset <= endOffset)
    const error = new LogTruncatedError(`${this.id} was cut off at offset ${endOffset}`)
    for (const { reject } of lost) reject(error)
  }
}
