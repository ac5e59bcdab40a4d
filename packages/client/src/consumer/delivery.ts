// Which partition hands something out next: those that have something stand in a queue, each once,
// and go to its end when somebody was served from them. A partition serves one at a time, so that
// its order is kept.

import type { Clock } from '@klamm/base/env'
import type { OwnedPartition } from './owned-partition.ts'

export class Delivery<K, V> {
  readonly #clock: Clock
  /** Where partitions stand that are ready; some are not any more when their turn comes. */
  #queue: OwnedPartition<K, V>[] = []
  #head = 0
  readonly #waiting: (() => void)[] = []
  #isSuspended = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Nothing is handed out while it is. */
  get isSuspended(): boolean {
    return this.#isSuspended
  }

  suspend(): void {
    this.#isSuspended = true
  }

  resume(partitions: Iterable<OwnedPartition<K, V>>): void {
    this.#isSuspended = false
    for (const partition of partitions) this.ready(partition)
  }

  /** The partition may have something to hand out. */
  ready(partition: OwnedPartition<K, V>): void {
    if (!partition.isReady || this.#isSuspended) return
    if (partition.onReady !== undefined) {
      partition.onReady()
      return
    }
    if (partition.isQueued) return
    partition.isQueued = true
    this.#queue.push(partition)
    this.#waiting.shift()?.()
  }

  /**
   * A partition to be served from, which is busy until it is given to `release`; undefined when
   * none has anything.
   */
  claim(): OwnedPartition<K, V> | undefined {
    if (this.#isSuspended) return undefined
    for (;;) {
      const partition = this.#queue[this.#head]
      if (partition === undefined) {
        this.#queue.length = 0
        this.#head = 0
        return undefined
      }
      this.#head += 1
      if (this.#head > 1_000) {
        this.#queue = this.#queue.slice(this.#head)
        this.#head = 0
      }
      partition.isQueued = false
      if (!partition.isReady) continue
      if (partition.blockedUntilMs > this.#clock.monotonicMs()) continue
      partition.begin()
      return partition
    }
  }

  release(partition: OwnedPartition<K, V>): void {
    partition.end()
    this.ready(partition)
  }

  /** Resolves when `claim` may have something, or the signal aborts. */
  whenReady(signal: AbortSignal): Promise<void> {
    if (this.#head < this.#queue.length || signal.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const wake = (): void => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }
    const onAbort = (): void => {
      const index = this.#waiting.indexOf(wake)
      if (index >= 0) this.#waiting.splice(index, 1)
      resolve()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.push(wake)
    return promise
  }
}
