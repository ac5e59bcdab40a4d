// One value that can be read at a past epoch and put back to one. See registry.ts for how.

import type { TimelineCollection, TimelineRegistry } from './registry.ts'

interface ValueDelta<T> {
  readonly old: T
}

/** The value must not be changed in place: set a new one, or the past changes with the present. */
export class TimelineValue<T> implements TimelineCollection<ValueDelta<T>> {
  readonly #registry: TimelineRegistry
  #current: T

  constructor(registry: TimelineRegistry, initial: T) {
    this.#registry = registry
    this.#current = initial
  }

  /** The value now, or at `epoch`. */
  get(epoch?: number): T {
    if (epoch === undefined) return this.#current
    const first = this.#registry.deltasSince(this, epoch)[0]
    return first === undefined ? this.#current : first.old
  }

  set(value: T): void {
    this.#registry.currentDelta(this, () => ({ old: this.#current }))
    this.#current = value
  }

  restore(delta: ValueDelta<T>): void {
    this.#current = delta.old
  }
}
