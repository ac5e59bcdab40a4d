// The client's world, counting what it has taken and not given back.

import type { Clock, Env } from '@klamm/base/env'
import { sleepOn } from '@klamm/base/env'
import type { ClientEnv } from '../env.ts'

export class CountingEnv {
  readonly env: ClientEnv
  #timers = 0

  constructor({ clock, random, network, log }: Env) {
    const counting: Clock = {
      monotonicMs: () => clock.monotonicMs(),
      wallMs: () => clock.wallMs(),
      setTimer: (delayMs, run) => this.#setTimer(clock, delayMs, run),
      sleep: (delayMs, signal) => sleepOn(counting, delayMs, signal),
    }
    this.env = { clock: counting, random, network, log }
  }

  get pendingTimers(): number {
    return this.#timers
  }

  #setTimer(clock: Clock, delayMs: number, run: () => void) {
    let isPending = true
    const over = (): void => {
      if (isPending) this.#timers -= 1
      isPending = false
    }
    this.#timers += 1
    const timer = clock.setTimer(delayMs, () => {
      over()
      run()
    })
    return {
      cancel: () => {
        over()
        timer.cancel()
      },
    }
  }
}
