// Byte keys in order, with their values: one layer of a simulated environment. Appending is cheap,
// copying shares the values.

import { compareBytes } from '@klamm/base'

export class SortedBytes {
  #keys: Uint8Array[] = []
  #values: Uint8Array[] = []
  #bytes = 0

  get size(): number {
    return this.#keys.length
  }

  /** Bytes of all keys and values. */
  get bytes(): number {
    return this.#bytes
  }

  get lastKey(): Uint8Array | undefined {
    return this.#keys.at(-1)
  }

  clone(): SortedBytes {
    const copy = new SortedBytes()
    copy.#keys = this.#keys.slice()
    copy.#values = this.#values.slice()
    copy.#bytes = this.#bytes
    return copy
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const index = this.#lowerBound(key)
    return this.#isAt(index, key) ? this.#values[index] : undefined
  }

  /** `null` deletes. */
  put(key: Uint8Array, value: Uint8Array | null): void {
    const index = this.#lowerBound(key)
    if (this.#isAt(index, key)) {
      this.#bytes -= this.#values[index]?.length ?? 0
      if (value === null) {
        this.#bytes -= key.length
        this.#keys.splice(index, 1)
        this.#values.splice(index, 1)
      } else {
        this.#values[index] = value
        this.#bytes += value.length
      }
    } else if (value !== null) {
      this.#bytes += key.length + value.length
      if (index === this.#keys.length) {
        this.#keys.push(key)
        this.#values.push(value)
      } else {
        this.#keys.splice(index, 0, key)
        this.#values.splice(index, 0, value)
      }
    }
  }

  /** Keys in [from, to), ascending, until `visit` returns false. */
  visit(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: (key: Uint8Array, value: Uint8Array) => boolean,
  ): void {
    const start = from === undefined ? 0 : this.#lowerBound(from)
    const end = to === undefined ? this.#keys.length : this.#lowerBound(to)
    for (let i = start; i < end; i++) {
      const [key, value] = [this.#keys[i], this.#values[i]]
      if (key === undefined || value === undefined || !visit(key, value)) return
    }
  }

  /** The key and value at an index in key order. */
  at(index: number): readonly [Uint8Array, Uint8Array] | undefined {
    const [key, value] = [this.#keys[index], this.#values[index]]
    return key === undefined || value === undefined ? undefined : [key, value]
  }

  #isAt(index: number, key: Uint8Array): boolean {
    const found = this.#keys[index]
    return found !== undefined && compareBytes(found, key) === 0
  }

  #lowerBound(key: Uint8Array): number {
    let low = 0
    let high = this.#keys.length
    const last = this.#keys[high - 1]
    if (last === undefined || compareBytes(last, key) < 0) return high
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = this.#keys[middle]
      if (found !== undefined && compareBytes(found, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
