// Timers as data: which operation is due when. Nothing fires by itself; the driver asks for the
// next deadline, sleeps, and takes what is due.

import { Heap } from '@klamm/base'

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
}

/**
 * Keyed timers. Moving a deadline further away, which every heartbeat does, only writes a number:
 * the entry is put back in its place when it comes to the front.
 *
 * Always true: every entry of `#byKey` is in the heap once, at or before its deadline.
 */
export class Timers<Operation> {
  readonly #byKey = new Map<string, Entry<Operation>>()
  /** May hold entries that were cancelled or replaced: those are not the ones in `#byKey`. */
  readonly #heap = new Heap<Entry<Operation>>((a, b) => a.queuedMs - b.queuedMs)

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
    const entry = { key, operation, deadlineMs, queuedMs: deadlineMs }
    this.#byKey.set(key, entry)
    this.#heap.push(entry)
    if (this.#heap.size > 2 * this.#byKey.size + 64) {
      this.#heap.retain(kept => this.#byKey.get(kept.key) === kept)
    }
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
    this.#heap.pop()
    this.#byKey.delete(entry.key)
    return entry
  }

  /** The entry with the earliest deadline, after clearing away what stands before it wrongly. */
  #front(): Entry<Operation> | undefined {
    for (;;) {
      const entry = this.#heap.peek()
      if (entry === undefined) return undefined
      if (this.#byKey.get(entry.key) !== entry) {
        this.#heap.pop()
      } else if (entry.queuedMs < entry.deadlineMs) {
        this.#heap.pop()
        entry.queuedMs = entry.deadlineMs
        this.#heap.push(entry)
      } else {
        return entry
      }
    }
  }
}
