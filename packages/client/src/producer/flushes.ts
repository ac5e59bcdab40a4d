// Who waits for the calls that were made before a certain moment.

/** Calls made between two flushes. */
export interface Generation {
  open: number
  readonly waiters: (() => void)[]
}

/** Always true: every generation but the last is waited for by somebody. */
export class Flushes {
  #generations: Generation[] = [{ open: 0, waiters: [] }]

  /** Somebody waits for calls to be over. */
  get isFlushing(): boolean {
    return this.#generations.length > 1
  }

  /** A call begins; hand what this returns to `ended`. */
  begun(): Generation {
    const last = this.#generations[this.#generations.length - 1] as Generation
    last.open += 1
    return last
  }

  ended(generation: Generation): void {
    generation.open -= 1
    if (generation.open > 0) return
    while (this.#generations.length > 1) {
      const first = this.#generations[0] as Generation
      if (first.open > 0) return
      this.#generations.shift()
      for (const waiter of first.waiters) waiter()
    }
  }

  /** `done` is called once every call that has begun is over; at once when all are. */
  flush(done: () => void): void {
    const last = this.#generations[this.#generations.length - 1] as Generation
    if (last.open === 0 && !this.isFlushing) {
      done()
      return
    }
    // Without calls of its own it ends together with the one before it.
    const waited = last.open > 0 ? last : (this.#generations.at(-2) as Generation)
    waited.waiters.push(done)
    if (waited === last) this.#generations.push({ open: 0, waiters: [] })
  }
}
