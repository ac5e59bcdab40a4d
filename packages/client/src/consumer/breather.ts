// Lets the event loop run now and then while there is always more to do: otherwise heartbeats,
// answers and timers would wait until the buffers are empty.

import type { Clock } from '@klamm/base/env'

/** How long to go on without letting others run, in ms. */
const sliceMs = 15

/** Looks at the clock at most every so many steps. */
const maxStride = 256

export class Breather {
  readonly #clock: Clock
  #startedAtMs: number
  #lookedAtMs: number
  #stride = 1
  #steps = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.#startedAtMs = clock.monotonicMs()
    this.#lookedAtMs = this.#startedAtMs
  }

  /** Counts a step. Whether it is time to await `breathe`. */
  isDue(): boolean {
    this.#steps += 1
    if (this.#steps < this.#stride) return false
    this.#steps = 0
    const nowMs = this.#clock.monotonicMs()
    // Steps may be long or short: about every millisecond is often enough.
    const tookMs = nowMs - this.#lookedAtMs
    if (tookMs > 2) this.#stride = Math.max(1, this.#stride >> 1)
    else if (tookMs < 1) this.#stride = Math.min(maxStride, this.#stride * 2)
    this.#lookedAtMs = nowMs
    return nowMs - this.#startedAtMs >= sliceMs
  }

  async breathe(): Promise<void> {
    await this.#clock.sleep(0)
    this.rested()
  }

  /** Others have run. */
  rested(): void {
    this.#startedAtMs = this.#clock.monotonicMs()
    this.#lookedAtMs = this.#startedAtMs
  }
}
