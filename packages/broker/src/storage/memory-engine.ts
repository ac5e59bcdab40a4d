// The engine for durability 'memory': sorted arrays, gone with the engine. Nothing is shared
// between engines and nothing touches a disk, so a broker on it starts in no time.

import { assert, compareBytes, concatBytes } from '@klamm/base'
import {
  type Durability,
  type Environment,
  type Put,
  type StorageEngine,
  StorageError,
} from '@klamm/base/env'

export class MemoryEngine implements StorageEngine {
  readonly durability: Durability = 'memory'
  readonly #contents = new Map<string, Contents>()
  readonly #open = new Map<string, MemoryEnvironment>()
  #isClosed = false

  list(): readonly string[] {
    this.#refuse()
    return [...this.#contents.keys()].sort()
  }

  open(name: string): Environment {
    this.#refuse()
    assert(/^[a-z0-9-]{1,64}$/.test(name), 'an environment has a plain name', () => name)
    assert(!this.#open.has(name), 'an environment is opened once at a time', () => name)
    let contents = this.#contents.get(name)
    if (contents === undefined) {
      contents = { keys: [], values: [], bytes: 0 }
      this.#contents.set(name, contents)
    }
    const environment = new MemoryEnvironment(name, contents, () => this.#open.delete(name))
    this.#open.set(name, environment)
    return environment
  }

  async drop(name: string): Promise<void> {
    this.#refuse()
    assert(!this.#open.has(name), 'only a closed environment is dropped', () => name)
    this.#contents.delete(name)
  }

  usage(): { readonly freeBytes: number; readonly usedBytes: number } {
    let usedBytes = 0
    for (const { bytes } of this.#contents.values()) usedBytes += bytes
    return { freeBytes: Number.MAX_SAFE_INTEGER, usedBytes }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const environment of [...this.#open.values()]) await environment.close()
    this.#contents.clear()
  }

  #refuse(): void {
    if (this.#isClosed) throw new StorageError('closed', 'the engine is closed')
  }
}

/** Keys ascending, each with its value at the same index. */
interface Contents {
  readonly keys: Uint8Array[]
  readonly values: Uint8Array[]
  bytes: number
}

class MemoryEnvironment implements Environment {
  readonly name: string
  readonly #contents: Contents
  readonly #onClosed: () => void
  #settled: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(name: string, contents: Contents, onClosed: () => void) {
    this.name = name
    this.#contents = contents
    this.#onClosed = onClosed
  }

  commit(puts: readonly Put[]): Promise<void> {
    const outcome = this.#commit(puts)
    this.#settled = outcome.catch(() => {})
    return outcome
  }

  async #commit(puts: readonly Put[]): Promise<void> {
    this.#refuse()
    for (const { key } of puts) {
      assert(key.length >= 1 && key.length <= 64, 'a key has 1 to 64 bytes')
    }
    for (const { key, value } of puts) {
      if (value === null) this.#remove(key)
      else this.#set(key.slice(), value instanceof Uint8Array ? value.slice() : concatBytes(value))
    }
    // In call order, and never within the call: as a disk would.
    await this.#settled
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#refuse()
    const index = this.#lowerBound(key)
    return this.#isAt(index, key) ? this.#contents.values[index]?.slice() : undefined
  }

  visit(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: (key: Uint8Array, value: Uint8Array) => boolean,
  ): void {
    this.#refuse()
    const { keys, values } = this.#contents
    const start = from === undefined ? 0 : this.#lowerBound(from)
    const end = to === undefined ? keys.length : this.#lowerBound(to)
    for (let i = start; i < end; i++) {
      const [key, value] = [keys[i], values[i]]
      if (key === undefined || value === undefined || !visit(key, value)) return
    }
  }

  async sync(): Promise<void> {
    this.#refuse()
    await this.#settled
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#settled
    this.#onClosed()
  }

  #set(key: Uint8Array, value: Uint8Array): void {
    const { keys, values } = this.#contents
    const index = this.#lowerBound(key)
    this.#contents.bytes += value.length
    if (this.#isAt(index, key)) {
      this.#contents.bytes -= values[index]?.length ?? 0
      values[index] = value
      return
    }
    this.#contents.bytes += key.length
    if (index === keys.length) {
      keys.push(key)
      values.push(value)
    } else {
      keys.splice(index, 0, key)
      values.splice(index, 0, value)
    }
  }

  #remove(key: Uint8Array): void {
    const { keys, values } = this.#contents
    const index = this.#lowerBound(key)
    if (!this.#isAt(index, key)) return
    this.#contents.bytes -= key.length + (values[index]?.length ?? 0)
    keys.splice(index, 1)
    values.splice(index, 1)
  }

  #isAt(index: number, key: Uint8Array): boolean {
    const found = this.#contents.keys[index]
    return found !== undefined && compareBytes(found, key) === 0
  }

  /**
   * The first index whose key is at or after `key`. Most writes append, so the end is tried first.
   */
  #lowerBound(key: Uint8Array): number {
    const { keys } = this.#contents
    const last = keys.at(-1)
    if (last === undefined || compareBytes(last, key) < 0) return keys.length
    let low = 0
    let high = keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const found = keys[middle]
      if (found !== undefined && compareBytes(found, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  #refuse(): void {
    if (this.#isClosed) throw new StorageError('closed', `${this.name} is closed`)
  }
}
