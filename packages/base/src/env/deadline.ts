// An AbortSignal that fires by the injected clock, so that a time-out in the simulator is as exact
// as any other event (AbortSignal.timeout would run on real time).

import type { Clock, Timer } from './clock.ts'
import { TimeoutError } from './errors.ts'

/**
 * Aborts its signal with a TimeoutError after `delayMs`, or with the parent's reason when the
 * parent aborts first. Dispose it when the work is done: `using deadline = new Deadline(...)`.
 */
export class Deadline implements Disposable {
  readonly #abort = new AbortController()
  readonly #parent: AbortSignal | undefined
  #timer: Timer | undefined

  /** `what` is what did not happen in time, for the message: "fetch from broker 2". */
  constructor(clock: Clock, delayMs: number, what: string, parent?: AbortSignal) {
    this.#parent = parent
    if (parent?.aborted === true) {
      this.#abort.abort(parent.reason)
      return
    }
    parent?.addEventListener('abort', this.#onParentAbort)
    this.#timer = clock.setTimer(delayMs, () => {
      this.#finish(new TimeoutError(`${what} took more than ${delayMs} ms`))
    })
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#parent?.removeEventListener('abort', this.#onParentAbort)
  }

  readonly #onParentAbort = (): void => this.#finish(this.#parent?.reason)

  #finish(reason: unknown): void {
    this[Symbol.dispose]()
    this.#abort.abort(reason)
  }
}
