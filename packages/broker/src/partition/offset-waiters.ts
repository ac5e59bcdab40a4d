// Who waits until an offset of a partition is reached: acks=all for the high watermark.

import { Heap } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'

interface Waiter {
  readonly offset: number
  /** Undefined once it was called or given up. */
  done: ((error: ErrorName) => void) | undefined
}

export class OffsetWaiters {
  readonly #heap = new Heap<Waiter>((a, b) => a.offset - b.offset)

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
      waiter.done = undefined
    }
  }

  reached(offset: number): void {
    for (;;) {
      const first = this.#heap.peek()
      if (first === undefined || first.offset > offset) return
      this.#heap.pop()
      first.done?.('NONE')
    }
  }

  /** Nobody will reach these offsets here: the leadership is gone, or the log. */
  fail(error: ErrorName): void {
    for (let waiter = this.#heap.pop(); waiter !== undefined; waiter = this.#heap.pop()) {
      waiter.done?.(error)
    }
  }
}
