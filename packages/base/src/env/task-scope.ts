// Ownership of background work: what is spawned here ends before its owner does.

/**
 * Owns background work. Disposing the scope aborts its signal and waits until all of it has ended,
 * so nothing outlives its owner and no promise floats.
 */
export class TaskScope implements AsyncDisposable {
  readonly #abort = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #onFailure: (task: string, error: unknown) => void

  /** `onFailure` hears of every failure that is not the consequence of disposal. */
  constructor(onFailure: (task: string, error: unknown) => void) {
    this.#onFailure = onFailure
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Starts `work`. After disposal it does nothing: the work would be aborted at once anyway. */
  spawn(task: string, work: (signal: AbortSignal) => Promise<void>): void {
    if (this.signal.aborted) return
    const running = work(this.signal)
      .catch((error: unknown) => {
        if (!this.signal.aborted) this.#onFailure(task, error)
      })
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('the scope was disposed'))
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
