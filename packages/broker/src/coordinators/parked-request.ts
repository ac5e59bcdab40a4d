// Somebody who waits for a shard's answer: the ticket the shard keeps, and the promise behind it.

import type { Ticket } from '../coordinator/shard/outcome.ts'

export class ParkedRequest<Reply> implements Ticket<Reply> {
  readonly id: number
  readonly promise: Promise<Reply>
  readonly #signal: AbortSignal
  readonly #onAbort: () => void
  readonly #resolve: (reply: unknown) => void
  readonly #reject: (error: unknown) => void

  /** `onAbort` runs when the signal aborts before there is an answer. */
  constructor(id: number, signal: AbortSignal, onAbort: (request: ParkedRequest<unknown>) => void) {
    this.id = id
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    this.promise = promise
    // The ticket has vouched for the type of its answer.
    this.#resolve = reply => resolve(reply as Reply)
    this.#reject = reject
    this.#signal = signal
    this.#onAbort = () => {
      reject(signal.reason)
      onAbort(this)
    }
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  resolve(reply: unknown): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#resolve(reply)
  }

  reject(error: unknown): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#reject(error)
  }
}
