// Timers as data: a machine keeps its deadlines here, tells its driver when the next one is, and
// asks which have passed. Nothing in here runs by itself.

import { Heap } from './heap.ts'

interface Deadline<K> {
  readonly key: K
  readonly atMs: number
}

/** One deadline per key. Those that pass together leave by deadline, then in the order set. */
export class Timers<K = string> {
  readonly #byKey = new Map<K, Deadline<K>>()
  /** May hold deadlines that were cancelled or moved: those are not the ones in `#byKey`. */
  readonly #heap = new Heap<Deadline<K>>((a, b) => a.atMs - b.atMs)

  get size(): number {
    return this.#byKey.size
  }

  /** The earliest deadline; undefined when nothing is set. */
  get nextAtMs(): number | undefined {
    this.#dropStale()
    return this.#heap.peek()?.atMs
  }

  /** The deadline of the key. */
  atMs(key: K): number | undefined {
    return this.#byKey.get(key)?.atMs
  }

  has(key: K): boolean {
    return this.#byKey.has(key)
  }

  /** Sets the key's deadline, in place of an earlier one. */
  set(key: K, atMs: number): void {
    const deadline = { key, atMs }
    this.#byKey.set(key, deadline)
    this.#heap.push(deadline)
    // A deadline that is moved again and again (heartbeats) must not fill the heap.
    if (this.#heap.size > 2 * this.#byKey.size + 16) {
      this.#heap.retain(kept => this.#byKey.get(kept.key) === kept)
    }
  }

  /** Returns whether the key had a deadline. */
  cancel(key: K): boolean {
    return this.#byKey.delete(key)
  }

  /** Takes out the keys whose deadline is at or before `nowMs`. */
  expired(nowMs: number): readonly K[] {
    const keys: K[] = []
    for (;;) {
      this.#dropStale()
      const next = this.#heap.peek()
      if (next === undefined || next.atMs > nowMs) return keys
      this.#heap.pop()
      this.#byKey.delete(next.key)
      keys.push(next.key)
    }
  }

  clear(): void {
    this.#byKey.clear()
    this.#heap.clear()
  }

  #dropStale(): void {
    for (;;) {
      const next = this.#heap.peek()
      if (next === undefined || this.#byKey.get(next.key) === next) return
      this.#heap.pop()
    }
  }
}
