// A binary heap whose equal elements leave in the order they came in: what timers and the
// simulator's events need to be deterministic.

import { present } from './assert.ts'

interface Entry<T> {
  readonly value: T
  readonly sequence: number
}

/** Smallest first, by `compare` (negative: the first argument leaves first), then by arrival. */
export class Heap<T> {
  readonly #compare: (a: T, b: T) => number
  #entries: Entry<T>[] = []
  #nextSequence = 0

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#entries.length
  }

  /** The element that leaves next. */
  peek(): T | undefined {
    return this.#entries[0]?.value
  }

  push(value: T): void {
    const entry = { value, sequence: this.#nextSequence++ }
    this.#entries.push(entry)
    this.#rise(this.#entries.length - 1, entry)
  }

  pop(): T | undefined {
    const first = this.#entries[0]
    const last = this.#entries.pop()
    if (first === undefined || last === undefined) return undefined
    if (this.#entries.length > 0) this.#sink(0, last)
    return first.value
  }

  /** Keeps only the elements that `keep` accepts, in linear time; their order is unchanged. */
  retain(keep: (value: T) => boolean): void {
    this.#entries = this.#entries.filter(entry => keep(entry.value))
    for (let i = (this.#entries.length >> 1) - 1; i >= 0; i--) this.#sink(i, this.#entry(i))
  }

  clear(): void {
    this.#entries = []
  }

  #entry(index: number): Entry<T> {
    return present(this.#entries[index], 'an index below the size has an entry')
  }

  #before(a: Entry<T>, b: Entry<T>): boolean {
    const order = this.#compare(a.value, b.value)
    return order < 0 || (order === 0 && a.sequence < b.sequence)
  }

  #rise(index: number, entry: Entry<T>): void {
    let hole = index
    while (hole > 0) {
      const parentIndex = (hole - 1) >> 1
      const parent = this.#entry(parentIndex)
      if (!this.#before(entry, parent)) break
      this.#entries[hole] = parent
      hole = parentIndex
    }
    this.#entries[hole] = entry
  }

  #sink(index: number, entry: Entry<T>): void {
    const size = this.#entries.length
    let hole = index
    for (;;) {
      let childIndex = 2 * hole + 1
      if (childIndex >= size) break
      let child = this.#entry(childIndex)
      if (childIndex + 1 < size) {
        const right = this.#entry(childIndex + 1)
        if (this.#before(right, child)) {
          child = right
          childIndex += 1
        }
      }
      if (!this.#before(child, entry)) break
      this.#entries[hole] = child
      hole = childIndex
    }
    this.#entries[hole] = entry
  }
}
