// Notices that writes hang: begun, and neither done nor failed. A disk that fails says so; one that
// hangs, or whose controller resets for ever, says nothing.

import type { Clock, Timer } from '@klamm/base/env'

export interface WriteWatchOptions {
  readonly clock: Clock
  /** No write has ended for so many ms though some are under way; called once. */
  readonly slowAfterMs: number
  readonly onSlow: () => void
  /** The same, later: they are not waited for any more; called once, last. */
  readonly hungAfterMs: number
  readonly onHung: () => void
}

/**
 * Time is counted in looks, one per second: a process that was stopped, or a machine that slept,
 * looks once when it goes on, and finds what was written meanwhile before it looks again.
 */
const lookIntervalMs = 1_000

export class WriteWatch implements Disposable {
  readonly #options: WriteWatchOptions
  #timer: Timer | undefined
  #underWay = 0
  /** Looks since a write ended. */
  #idleLooks = 0
  #isOver = false

  constructor(options: WriteWatchOptions) {
    this.#options = options
  }

  began(): void {
    if (this.#underWay === 0) this.#idleLooks = 0
    this.#underWay += 1
    // Not cancelled when the write ends: at most one timer per second, however many writes.
    if (!this.#isOver) this.#timer ??= this.#nextLook()
  }

  ended(): void {
    this.#underWay -= 1
    this.#idleLooks = 0
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #nextLook(): Timer {
    return this.#options.clock.setTimer(lookIntervalMs, () => this.#look())
  }

  #look(): void {
    this.#timer = undefined
    if (this.#underWay === 0) return
    const { slowAfterMs, onSlow, hungAfterMs, onHung } = this.#options
    this.#idleLooks += 1
    const idleMs = this.#idleLooks * lookIntervalMs
    if (idleMs >= hungAfterMs) {
      this.#isOver = true
      onHung()
      return
    }
    this.#timer = this.#nextLook()
    // Exactly then: once per hang.
    if (idleMs - lookIntervalMs < slowAfterMs && idleMs >= slowAfterMs) onSlow()
  }
}
