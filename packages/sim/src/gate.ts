// The door through which the world reaches one incarnation of a node. Timers, bytes and finished
// writes enter here or nowhere: a killed node hears nothing any more, a frozen one hears it late.

import type { Timer } from '@klamm/base/env'
import type { Scheduler } from './scheduler.ts'

interface Held {
  readonly run: () => void
  isCancelled: boolean
}

export class Gate {
  readonly #scheduler: Scheduler
  #isAlive = true
  #frozenUntilMs = 0
  #held: Held[] = []

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isFrozen(): boolean {
    return this.#frozenUntilMs > this.#scheduler.nowMs
  }

  /** Nothing enters from now on, not even what was set before. */
  kill(): void {
    this.#isAlive = false
    this.#held = []
  }

  /**
   * Stops the node as SIGSTOP or a long garbage collection would: everything that happens to it in
   * the meantime happens at the end, in order, each as an event of its own.
   */
  freeze(durationMs: number): void {
    const untilMs = this.#scheduler.nowMs + durationMs
    if (untilMs <= this.#frozenUntilMs) return
    this.#frozenUntilMs = untilMs
    this.#scheduler.at(untilMs, () => this.#thaw())
  }

  /** Runs `run` inside the node after `delayMs`, or later if it is frozen, or never. */
  after(delayMs: number, run: () => void): Timer {
    const held: Held = { run, isCancelled: false }
    const timer = this.#scheduler.after(delayMs, () => this.#enter(held))
    return {
      cancel: () => {
        held.isCancelled = true
        timer.cancel()
      },
    }
  }

  /** Runs `run` inside the node: now, in the present event, unless it is frozen or dead. */
  enter(run: () => void): void {
    if (!this.#isAlive) return
    if (this.#mustWait) this.#held.push({ run, isCancelled: false })
    else run()
  }

  /** What was held enters before anything new does. */
  get #mustWait(): boolean {
    return this.isFrozen || this.#held.length > 0
  }

  #enter(held: Held): void {
    if (!this.#isAlive || held.isCancelled) return
    if (this.#mustWait) this.#held.push(held)
    else held.run()
  }

  #thaw(): void {
    if (this.isFrozen) return
    for (;;) {
      const held = this.#held.shift()
      if (held === undefined) return
      if (held.isCancelled) continue
      held.run()
      if (this.#held.length > 0) this.#scheduler.after(0, () => this.#thaw())
      return
    }
  }
}
