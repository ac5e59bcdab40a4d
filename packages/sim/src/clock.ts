// A node's clocks in virtual time. The monotonic one is the scheduler's; the wall clock has an
// offset of its own, because decisions must not depend on it.

import { type Clock, sleepOn, type Timer } from '@klamm/base/env'
import type { Gate } from './gate.ts'
import type { Scheduler } from './scheduler.ts'

/** What the wall clock shows when a simulation begins: 2025-01-01T00:00:00Z. */
export const wallStartMs = 1_735_689_600_000

/** No timer that waits at all waits for less, in ms. */
const timerResolutionMs = 0.001

/** The wall clock of one machine, which outlives the processes on it. */
export interface WallClock {
  /** How far it is off, in ms. May change at any time, in either direction. */
  offsetMs: number
}

export class SimClock implements Clock {
  readonly #scheduler: Scheduler
  readonly #gate: Gate
  readonly #wall: WallClock

  constructor(scheduler: Scheduler, gate: Gate, wall: WallClock) {
    this.#scheduler = scheduler
    this.#gate = gate
    this.#wall = wall
  }

  monotonicMs(): number {
    return this.#scheduler.nowMs
  }

  wallMs(): number {
    return Math.floor(wallStartMs + this.#scheduler.nowMs + this.#wall.offsetMs)
  }

  setTimer(delayMs: number, run: () => void): Timer {
    // Time has gone on when a timer fires, as on a real machine, whatever rounding leaves of it.
    const leastMs = delayMs > 0 ? timerResolutionMs : 0
    return this.#gate.after(Math.min(Math.max(leastMs, delayMs), 2 ** 31 - 1), run)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }
}
