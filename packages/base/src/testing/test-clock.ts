// A clock that stands still until a test moves it: for testing one driver without a simulator.

import type { Clock, Timer } from '../env/clock.ts'
import { sleepOn } from '../env/sleep.ts'
import { Heap } from '../heap.ts'

interface Pending {
  readonly atMs: number
  readonly run: () => void
}

export class TestClock implements Clock {
  readonly #timers = new Heap<Pending>((a, b) => a.atMs - b.atMs)
  #nowMs = 0

  /** What the wall clock shows, in ms since 1970; moves with `advance` and on its own. */
  wallNowMs = 1_735_689_600_000

  monotonicMs(): number {
    return this.#nowMs
  }

  wallMs(): number {
    return this.wallNowMs
  }

  setTimer(delayMs: number, run: () => void): Timer {
    const timer = { atMs: this.#nowMs + Math.max(0, delayMs), run }
    this.#timers.push(timer)
    return { cancel: () => this.#timers.retain(kept => kept !== timer) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** Timers that would still fire. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /** Moves time forward and runs what falls due, in order, timers set meanwhile included. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms
    for (;;) {
      const next = this.#timers.peek()
      if (next === undefined || next.atMs > endMs) break
      this.#timers.pop()
      this.#moveTo(next.atMs)
      next.run()
    }
    this.#moveTo(endMs)
  }

  #moveTo(atMs: number): void {
    this.wallNowMs += atMs - this.#nowMs
    this.#nowMs = atMs
  }
}
