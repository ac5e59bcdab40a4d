// How long to wait before the next attempt: exponential, bounded, with jitter so that clients that
// failed together do not come back together (KIP-580).

import { assert } from './assert.ts'
import type { Random } from './random.ts'

export interface BackoffOptions {
  /** Wait after the first failure. */
  readonly initialMs: number
  /** No wait is longer, jitter included. */
  readonly maxMs: number
  /** Growth per further failure; 2 when left out. */
  readonly multiplier?: number
  /** Share of the wait that is random, to either side, in [0, 1); 0.2 when left out. */
  readonly jitter?: number
}

/** The wait in ms after `failures` failures in a row (1 or more). */
export function backoffMs(options: BackoffOptions, failures: number, random: Random): number {
  assert(failures >= 1, 'there is no wait before the first attempt')
  const { initialMs, maxMs, multiplier = 2, jitter = 0.2 } = options
  // The exponent is bounded so that years of failures do not become Infinity times zero.
  const plainMs = Math.min(maxMs, initialMs * multiplier ** Math.min(failures - 1, 64))
  const factor = 1 - jitter + 2 * jitter * random.float()
  return Math.min(maxMs, plainMs * factor)
}

/** Counts the failures of one thing that is tried again and again. */
export class Backoff {
  readonly #options: BackoffOptions
  readonly #random: Random
  #failures = 0

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options
    this.#random = random
  }

  /** Failures since the last success. */
  get failures(): number {
    return this.#failures
  }

  /** Notes a failure. Returns the wait before the next attempt, in ms. */
  failed(): number {
    this.#failures += 1
    return backoffMs(this.#options, this.#failures, this.#random)
  }

  succeeded(): void {
    this.#failures = 0
  }
}
