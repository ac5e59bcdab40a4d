// A first-in-first-out queue with a bound by count and by bytes. Full means refused:
// whoever pushes stops reading its socket, or answers with an error. Nothing grows and
// nothing is dropped silently.

import { assert } from './assert.ts'

export interface QueueBounds {
  readonly maxCount: number
  /** Infinity when left out. */
  readonly maxBytes?: number
}

interface Item<T> {
  readonly value: T
  readonly bytes: number
}

export class BoundedQueue<T> {
  readonly #maxCount: number
  readonly #maxBytes: number
  #items: (Item<T> | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(bounds: QueueBounds) {
    assert(bounds.maxCount >= 1, 'a queue holds at least one item')
    this.#maxCount = bounds.maxCount
    this.#maxBytes = bounds.maxBytes ?? Number.POSITIVE_INFINITY
  }

  get size(): number {
    return this.#items.length - this.#head
  }

  /** Bytes of everything queued. */
  get bytes(): number {
    return this.#bytes
  }

  get isEmpty(): boolean {
    return this.size === 0
  }

  /**
   * Whether one more item of `bytes` would be accepted. An empty queue accepts an item of any size:
   * a single one that is larger than the bound could otherwise never pass.
   */
  accepts(bytes = 0): boolean {
    if (this.isEmpty) return true
    return this.size < this.#maxCount && this.#bytes + bytes <= this.#maxBytes
  }

  /** Returns false, and does nothing, when the queue is full. */
  push(value: T, bytes = 0): boolean {
    assert(bytes >= 0, 'an item has a size')
    if (!this.accepts(bytes)) return false
    this.#items.push({ value, bytes })
    this.#bytes += bytes
    return true
  }

  peek(): T | undefined {
    return this.#items[this.#head]?.value
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#items[this.#head] = undefined
    this.#head += 1
    this.#bytes -= item.bytes
    // Moves the rest down only when most of the array is behind us: constant on average.
    if (this.#head >= 32 && this.#head * 2 >= this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item.value
  }

  /** Takes everything out, in order. */
  drain(): T[] {
    const values: T[] = []
    for (let i = this.#head; i < this.#items.length; i++) {
      const item = this.#items[i]
      if (item !== undefined) values.push(item.value)
    }
    this.#items = []
    this.#head = 0
    this.#bytes = 0
    return values
  }
}
