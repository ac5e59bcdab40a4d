// Numeric keys in ascending order with lookup of the nearest one: leader epochs by start offset,
// segments by sequence, offsets by timestamp. Built for keys that arrive mostly in order.

import { assert } from './assert.ts'

export interface SortedEntry<V> {
  readonly key: number
  readonly value: V
}

/** Appending is constant, lookup logarithmic, inserting in the middle linear. */
export class SortedMap<V> {
  readonly #entries: SortedEntry<V>[] = []

  get size(): number {
    return this.#entries.length
  }

  get first(): SortedEntry<V> | undefined {
    return this.#entries[0]
  }

  get last(): SortedEntry<V> | undefined {
    return this.#entries.at(-1)
  }

  get(key: number): V | undefined {
    const entry = this.#entries[this.#lowerBound(key)]
    return entry?.key === key ? entry.value : undefined
  }

  has(key: number): boolean {
    return this.#entries[this.#lowerBound(key)]?.key === key
  }

  /** Adds the key or replaces its value. */
  set(key: number, value: V): void {
    assert(!Number.isNaN(key), 'a key is a number')
    const index = this.#lowerBound(key)
    const isReplaced = this.#entries[index]?.key === key
    if (index === this.#entries.length) this.#entries.push({ key, value })
    else this.#entries.splice(index, isReplaced ? 1 : 0, { key, value })
  }

  delete(key: number): boolean {
    const index = this.#lowerBound(key)
    if (this.#entries[index]?.key !== key) return false
    this.#entries.splice(index, 1)
    return true
  }

  /** The entry with the greatest key that is not above `key`. */
  floor(key: number): SortedEntry<V> | undefined {
    const index = this.#lowerBound(key)
    const entry = this.#entries[index]
    return entry?.key === key ? entry : this.#entries[index - 1]
  }

  /** The entry with the smallest key that is not below `key`. */
  ceiling(key: number): SortedEntry<V> | undefined {
    return this.#entries[this.#lowerBound(key)]
  }

  /** The entry with the smallest key above `key`. */
  higher(key: number): SortedEntry<V> | undefined {
    const index = this.#lowerBound(key)
    return this.#entries[this.#entries[index]?.key === key ? index + 1 : index]
  }

  /** The entry with the greatest key below `key`. */
  lower(key: number): SortedEntry<V> | undefined {
    return this.#entries[this.#lowerBound(key) - 1]
  }

  /** Removes every key from `key` on (inclusive). Returns how many there were. */
  truncateFrom(key: number): number {
    return this.#entries.splice(this.#lowerBound(key)).length
  }

  /** Removes every key below `key` (exclusive). Returns how many there were. */
  truncateUntil(key: number): number {
    return this.#entries.splice(0, this.#lowerBound(key)).length
  }

  clear(): void {
    this.#entries.length = 0
  }

  /** Entries in ascending order. The map must not be changed meanwhile. */
  entries(): readonly SortedEntry<V>[] {
    return this.#entries
  }

  /** Entries with keys in [from, to), in ascending order, as a copy. */
  slice(from: number, to: number): readonly SortedEntry<V>[] {
    return this.#entries.slice(this.#lowerBound(from), this.#lowerBound(to))
  }

  /** Index of the first key that is not below `key`. */
  #lowerBound(key: number): number {
    let low = 0
    let high = this.#entries.length
    const last = this.#entries[high - 1]
    if (last === undefined || last.key < key) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      const entry = this.#entries[middle]
      if (entry !== undefined && entry.key < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
