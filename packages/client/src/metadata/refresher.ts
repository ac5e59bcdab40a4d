// When metadata is asked for again in the background: at once, soon, or when it has grown old. One
// refresh at a time; failures and doubts that come again and again wait longer each time.

import { Backoff, type BackoffOptions, type Random } from '@klamm/base'
import type { Clock, Logger, TaskScope, Timer } from '@klamm/base/env'

export interface RefresherOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly scope: TaskScope
  readonly maxAgeMs: number
  readonly retry: BackoffOptions
  readonly refresh: (signal: AbortSignal) => Promise<void>
  readonly isAnyWatched: () => boolean
  /** Whether something is watched that no broker knew: it may be about to be created. */
  readonly isAnyMissing: () => boolean
}

/** How long after a refresh a doubt counts as new, in ms. */
const calmMs = 5_000

/** How often a topic that does not exist yet is asked for, in ms. */
const missingMs = 2_000

export class Refresher implements Disposable {
  readonly #options: RefresherOptions
  readonly #backoff: Backoff
  #timer: Timer | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #lastMs = Number.NEGATIVE_INFINITY
  #isRunning = false
  /** What came up while a refresh was running. */
  #isAskedAgain = false
  #isDoubtedAgain = false
  #isDisposed = false

  constructor(options: RefresherOptions) {
    this.#options = options
    this.#backoff = new Backoff(options.retry, options.random)
  }

  now(): void {
    if (this.#isRunning) this.#isAskedAgain = true
    else this.#dueIn(0)
  }

  /** At once when all was calm, otherwise after a wait that grows. */
  soon(): void {
    if (this.#isRunning) {
      this.#isDoubtedAgain = true
      return
    }
    const nowMs = this.#options.clock.monotonicMs()
    if (nowMs - this.#lastMs > calmMs) {
      this.#backoff.succeeded()
      this.#dueIn(0)
    } else if (this.#dueMs > nowMs + this.#options.retry.maxMs) {
      this.#dueIn(this.#backoff.failed())
    }
  }

  /** Nothing is watched any more: no refresh for its age. */
  rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#dueMs = Number.POSITIVE_INFINITY
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.rest()
  }

  /** Sets the timer unless one is due earlier. */
  #dueIn(delayMs: number): void {
    if (this.#isDisposed) return
    const { clock, scope } = this.#options
    const dueMs = clock.monotonicMs() + delayMs
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    this.#timer?.cancel()
    this.#dueMs = dueMs
    this.#timer = clock.setTimer(delayMs, () => {
      this.rest()
      scope.spawn('metadata refresh', signal => this.#run(signal))
    })
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, log, refresh, maxAgeMs, isAnyWatched, isAnyMissing } = this.#options
    this.#isRunning = true
    this.#isAskedAgain = false
    this.#isDoubtedAgain = false
    let waitMs = maxAgeMs
    try {
      await refresh(signal)
      if (isAnyMissing()) waitMs = Math.min(maxAgeMs, missingMs)
    } catch (error) {
      if (signal.aborted) return
      log.debug('metadata could not be refreshed', { error })
      waitMs = this.#backoff.failed()
    } finally {
      this.#isRunning = false
    }
    this.#lastMs = clock.monotonicMs()
    if (this.#isAskedAgain) this.#dueIn(0)
    else if (this.#isDoubtedAgain) this.#dueIn(this.#backoff.failed())
    else if (isAnyWatched()) this.#dueIn(waitMs)
  }
}
