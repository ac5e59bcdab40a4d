// Many callers, few requests: what is asked for in one turn, or while a request of the kind is
// under way, travels together in the next one.

interface Batch<R> {
  readonly keys: Set<string>
  readonly result: Promise<R>
}

export class Batcher<R> {
  readonly #send: (keys: readonly string[]) => Promise<R>
  #waiting: Batch<R> | undefined
  #running: Promise<unknown> = Promise.resolve()

  /** `send` is called with each key once; one call at a time. */
  constructor(send: (keys: readonly string[]) => Promise<R>) {
    this.#send = send
  }

  /** The result of the request that these keys travelled with, whatever else did. */
  ask(keys: Iterable<string>): Promise<R> {
    const batch = this.#waiting ?? this.#begin()
    for (const key of keys) batch.keys.add(key)
    return batch.result
  }

  #begin(): Batch<R> {
    const keys = new Set<string>()
    const result = this.#running.then(() => {
      this.#waiting = undefined
      return this.#send([...keys])
    })
    const batch = { keys, result }
    this.#waiting = batch
    this.#running = result.then(
      () => {},
      () => {},
    )
    return batch
  }
}
