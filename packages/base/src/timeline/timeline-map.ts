// A Map that can be read at a past epoch and put back to one. See registry.ts for how.

import type { TimelineCollection, TimelineRegistry } from './registry.ts'

/** What an undo entry holds for a key that was absent. */
const absent = Symbol('absent')

class MapDelta<K, V> {
  readonly old = new Map<K, V | typeof absent>()
  /** Size of the map when the snapshot was taken. */
  readonly size: number

  constructor(size: number) {
    this.size = size
  }
}

/** Values must not be changed in place: set a new one, or the past changes with the present. */
export class TimelineMap<K, V> implements TimelineCollection<MapDelta<K, V>> {
  readonly #registry: TimelineRegistry
  readonly #current = new Map<K, V>()

  constructor(registry: TimelineRegistry) {
    this.#registry = registry
  }

  /** How many keys there are, now or at `epoch`. */
  size(epoch?: number): number {
    if (epoch === undefined) return this.#current.size
    return this.#registry.deltasSince(this, epoch)[0]?.size ?? this.#current.size
  }

  get(key: K, epoch?: number): V | undefined {
    const value = this.#valueAt(key, epoch)
    return value === absent ? undefined : value
  }

  has(key: K, epoch?: number): boolean {
    return this.#valueAt(key, epoch) !== absent
  }

  set(key: K, value: V): void {
    this.#remember(key)
    this.#current.set(key, value)
  }

  delete(key: K): boolean {
    if (!this.#current.has(key)) return false
    this.#remember(key)
    return this.#current.delete(key)
  }

  clear(): void {
    for (const key of [...this.#current.keys()]) this.delete(key)
  }

  /** Entries now, in the order their keys were added; the map may be changed meanwhile. */
  entries(): MapIterator<[K, V]> {
    return this.#current.entries()
  }

  keys(): MapIterator<K> {
    return this.#current.keys()
  }

  values(): MapIterator<V> {
    return this.#current.values()
  }

  /**
   * Entries at `epoch`, as a copy. Keys that are still there come first, in the order they were
   * added, then those deleted since.
   */
  entriesAt(epoch: number): [K, V][] {
    const past = new Map<K, V | typeof absent>()
    for (const delta of this.#registry.deltasSince(this, epoch)) {
      for (const [key, value] of delta.old) if (!past.has(key)) past.set(key, value)
    }
    const entries: [K, V][] = []
    for (const [key, value] of this.#current) {
      const old = past.has(key) ? past.get(key) : value
      past.delete(key)
      if (old !== absent) entries.push([key, old as V])
    }
    for (const [key, old] of past) if (old !== absent) entries.push([key, old as V])
    return entries
  }

  restore(delta: MapDelta<K, V>): void {
    for (const [key, value] of delta.old) {
      if (value === absent) this.#current.delete(key)
      else this.#current.set(key, value)
    }
  }

  #valueAt(key: K, epoch: number | undefined): V | typeof absent {
    if (epoch !== undefined) {
      for (const delta of this.#registry.deltasSince(this, epoch)) {
        const old = delta.old.get(key)
        if (old !== undefined || delta.old.has(key)) return old as V | typeof absent
      }
    }
    return this.#now(key)
  }

  #now(key: K): V | typeof absent {
    const value = this.#current.get(key)
    return value !== undefined || this.#current.has(key) ? (value as V) : absent
  }

  #remember(key: K): void {
    const delta = this.#registry.currentDelta(this, () => new MapDelta<K, V>(this.#current.size))
    if (delta === undefined || delta.old.has(key)) return
    delta.old.set(key, this.#now(key))
  }
}
