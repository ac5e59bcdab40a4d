// Real time. The only file that reads it.

import { type Clock, sleepOn, type Timer } from '../env/index.ts'

/** The longest wait of the platform's timers; a longer one would fire at once. */
const maxDelayMs = 2 ** 31 - 1

class ImmediateTimer implements Timer {
  readonly #immediate: NodeJS.Immediate

  constructor(run: () => void) {
    this.#immediate = setImmediate(run)
  }

  cancel(): void {
    clearImmediate(this.#immediate)
  }
}

class TimeoutTimer implements Timer {
  readonly #timeout: NodeJS.Timeout

  constructor(delayMs: number, run: () => void) {
    this.#timeout = setTimeout(run, Math.min(delayMs, maxDelayMs))
  }

  cancel(): void {
    clearTimeout(this.#timeout)
  }
}

/** The clocks of this machine. */
export const nodeClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  // No delay means the next turn of the event loop; a timeout would wait a millisecond.
  setTimer: (delayMs, run) =>
    delayMs > 0 ? new TimeoutTimer(delayMs, run) : new ImmediateTimer(run),
  sleep: (delayMs, signal) => sleepOn(nodeClock, delayMs, signal),
}
