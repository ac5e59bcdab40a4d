// The batches appended last, over all logs, so that those who read at the end of a log (followers,
// and consumers that keep up) never touch the disk.

import type { Appended } from './appended.ts'
import { Fifo } from './fifo.ts'

/**
 * Always true: everything that is not durable is in it, whatever that takes; beyond that at most
 * `maxBytes`, the newest.
 */
export class TailCache {
  readonly #maxBytes: number
  readonly #items = new Fifo<Appended>()
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  add(item: Appended): void {
    this.#items.push(item)
    this.#bytes += item.bytes.length
  }

  /** Lets go of the oldest. To be called when batches have become durable. */
  trim(): void {
    while (this.#bytes > this.#maxBytes) {
      const oldest = this.#items.peek()
      // Durability comes in order, so nothing behind it is durable either.
      if (oldest === undefined || !oldest.isDurable) return
      this.#items.shift()
      this.#bytes -= oldest.bytes.length
      oldest.state.index.forget(oldest.row, oldest)
    }
  }
}
