// Who waits until an offset of a partition is reached: acks=all for the high watermark.

import { Heap } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'

/** So many that gave up are not worth clearing away. */
const keptAbandoned = 16

interface Waiter {
  readonly offset: number
  /** Undefined once it was called or given up. */
  done: ((error: ErrorName) => void) | undefined
}

export class OffsetWaiters {
  readonly #heap = new Heap<Waiter>((a, b) => a.offset - b.offset)
  /** Waiters in the heap that have given up. */
  #abandoned = 0

  /** Those that gave up and were not cleared away yet included. */
  get size(): number {
    return this.#heap.size
  }

  /**
   * Calls `done('NONE')` when the offset (exclusive end) is reached, or with an error when it never
   * will be. The function returned gives up waiting.
   */
  add(offset: number, done: (error: ErrorName) => void): () => void {
    const waiter: Waiter = { offset, done }
    this.#heap.push(waiter)
    return () => {
      if (waiter.done === undefined) return
      waiter.done = undefined
      this.#abandoned += 1
      this.#clearAway()
    }
  }

  reached(offset: number): void {
    for (;;) {
      const first = this.#heap.peek()
      if (first === undefined || first.offset > offset) return
      this.#heap.pop()
      this.#tell(first, 'NONE')
    }
  }

  /** Nobody will reach these offsets here: the leadership is gone, or the log. */
  fail(error: ErrorName): void {
    for (let waiter = this.#heap.pop(); waiter !== undefined; waiter = this.#heap.pop()) {
      this.#tell(waiter, error)
    }
  }

  #tell(waiter: Waiter, error: ErrorName): void {
    const { done } = waiter
    if (done === undefined) this.#abandoned -= 1
    waiter.done = undefined
    done?.(error)
  }

  /**
   * Offsets may not be reached for long while retries come and go; each is moved once on average.
   */
  #clearAway(): void {
    if (this.#abandoned <= keptAbandoned || this.#abandoned * 2 <= this.#heap.size) return
    this.#heap.retain(({ done }) => done !== undefined)
    this.#abandoned = 0
  }
}
