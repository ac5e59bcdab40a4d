// The partitions of one Produce request that wait to be durable or committed; one timer for all.

import type { Clock } from '@klamm/base/env'
import type { ErrorName } from '@klamm/protocol/errors'

type Settle = (error: ErrorName) => void

export class PendingAnswers {
  readonly #waiting = new Set<Settle>()
  readonly #giveUps: (() => void)[] = []
  #allSettled: (() => void) | undefined

  /**
   * Adds a partition. `settle` is called once: with what the function returned is called with, or
   * with REQUEST_TIMED_OUT.
   */
  add(settle: Settle): Settle {
    this.#waiting.add(settle)
    return error => {
      if (!this.#waiting.delete(settle)) return
      settle(error)
      if (this.#waiting.size === 0) this.#allSettled?.()
    }
  }

  /** What stops a partition from telling, once nobody waits for it any more. */
  onGivenUp(giveUp: () => void): void {
    this.#giveUps.push(giveUp)
  }

  /** Resolves when all are settled, at the latest after `timeoutMs` or when the signal aborts. */
  async settled(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#allSettled = resolve
    const timer = clock.setTimer(Math.max(0, timeoutMs), resolve)
    const onAbort = (): void => resolve()
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', onAbort)
    await promise
    timer.cancel()
    signal.removeEventListener('abort', onAbort)
    if (this.#waiting.size === 0) return
    for (const giveUp of this.#giveUps) giveUp()
    for (const settle of this.#waiting) settle('REQUEST_TIMED_OUT')
    this.#waiting.clear()
  }
}
