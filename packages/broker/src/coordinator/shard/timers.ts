// Timers as data: which operation is due when. Nothing fires by itself; the driver asks for the
// next deadline, sleeps, and takes what is due.

import { present } from '@klamm/base'

/** A timer whose deadline has passed; it is forgotten once it has been taken. */
export interface DueTimer<Operation> {
  readonly key: string
  readonly deadlineMs: number
  readonly operation: Operation
}

interface Entry<Operation> {
  readonly key: string
  operation: Operation
  deadlineMs: number
  /** Where the entry stands in the heap: the deadline, or an earlier one it has outgrown. */
  queuedMs: number
  /** Orders entries of one deadline by when they were set. */
  readonly sequence: number
}

/**
 * Keyed timers. Moving a deadline further away, which every heartbeat does, only writes a number:
 * the entry is put back in its place when it comes to the front.
 *
 * Always true: every entry of `#byKey` is in the heap once, at or before its deadline.
 */
export class Timers<Operation> {
  readonly #byKey = new Map<string, Entry<Operation>>()
  #heap: Entry<Operation>[] = []
  #sequence = 0

  get size(): number {
    return this.#byKey.size
  }

  deadlineMs(key: string): number | undefined {
    return this.#byKey.get(key)?.deadlineMs
  }

  /** Sets the timer; one of the same key is replaced. */
  set(key: string, deadlineMs: number, operation: Operation): void {
    const known = this.#byKey.get(key)
    if (known !== undefined && known.queuedMs <= deadlineMs) {
      known.deadlineMs = deadlineMs
      known.operation = operation
      return
    }
    this.#sequence += 1
    const entry = { key, operation, deadlineMs, queuedMs: deadlineMs, sequence: this.#sequence }
    this.#byKey.set(key, entry)
    this.#push(entry)
    if (this.#heap.length > 2 * this.#byKey.size + 64) this.#dropForgotten()
  }

  cancel(key: string): void {
    this.#byKey.delete(key)
  }

  /** The earliest deadline; undefined without timers. */
  nextDeadlineMs(): number | undefined {
    return this.#front()?.deadlineMs
  }

  /** Takes the earliest timer whose deadline is not after `nowMs`, if there is one. */
  takeDue(nowMs: number): DueTimer<Operation> | undefined {
    const entry = this.#front()
    if (entry === undefined || entry.deadlineMs > nowMs) return undefined
    this.#pop()
    this.#byKey.delete(entry.key)
    return entry
  }

  /** The entry with the earliest deadline, after clearing away what stands before it wrongly. */
  #front(): Entry<Operation> | undefined {
    for (;;) {
      const entry = this.#heap[0]
      if (entry === undefined) return undefined
      if (this.#byKey.get(entry.key) !== entry) {
        this.#pop()
      } else if (entry.queuedMs < entry.deadlineMs) {
        this.#pop()
        entry.queuedMs = entry.deadlineMs
        this.#push(entry)
      } else {
        return entry
      }
    }
  }

  #dropForgotten(): void {
    const kept = this.#heap.filter(entry => this.#byKey.get(entry.key) === entry)
    // Sorted is a heap.
    kept.sort((a, b) => (isBefore(a, b) ? -1 : 1))
    this.#heap = kept
  }

  #push(entry: Entry<Operation>): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const up = (at - 1) >> 1
      const parent = present(heap[up], 'a heap has no holes')
      if (!isBefore(entry, parent)) break
      heap[at] = parent
      at = up
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let down = 2 * at + 1
      const left = heap[down]
      const right = heap[down + 1]
      let child = left
      if (left !== undefined && right !== undefined && isBefore(right, left)) {
        child = right
        down += 1
      }
      if (child === undefined || !isBefore(child, last)) break
      heap[at] = child
      at = down
    }
    heap[at] = last
  }
}

function isBefore(
  a: { readonly queuedMs: number; readonly sequence: number },
  b: { readonly queuedMs: number; readonly sequence: number },
): boolean {
  return a.queuedMs < b.queuedMs || (a.queuedMs === b.queuedMs && a.sequence < b.sequence)
}
