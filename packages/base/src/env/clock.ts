// Time as the drivers see it: one monotonic clock for every time-out, one wall clock for
// timestamps only, and timers. The simulator replaces all three by virtual time.

/** A timer that has been set. */
export interface Timer {
  /** Forgets the timer. Harmless when it has already fired. */
  cancel(): void
}

export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. The only clock decisions may use. */
  monotonicMs(): number
  /** Milliseconds since the Unix epoch. May jump; used for record timestamps and display only. */
  wallMs(): number
  /**
   * Runs `run` once after `delayMs` (clamped to what the platform can wait, 2^31-1 ms: a longer
   * wait must be set again by whoever needs it).
   */
  setTimer(delayMs: number, run: () => void): Timer
  /** Resolves after `delayMs`; rejects with `signal.reason` as soon as the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}
