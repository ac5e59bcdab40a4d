// The clock and the only source of events of a simulation. Virtual time jumps from one event to the
// next; between two events every promise that can settle has settled, so time never passes while
// somebody is still computing.

import { assert, Heap } from '@klamm/base'
import type { Timer } from '@klamm/base/env'

interface Event extends Timer {
  readonly atMs: number
  readonly run: () => void
  isCancelled: boolean
}

/** Events beyond this share of cancelled ones make the heap worth cleaning. */
const maxCancelledBeforeCleaning = 1_000

/** Turns asked of the host at a time. Between two of them it runs all microtasks. */
const maxTurnsAhead = 256

/** Events run in order of time, then in the order they were set: the same each time. */
export class Scheduler {
  readonly #heap = new Heap<Event>((a, b) => a.atMs - b.atMs)
  #nowMs = 0
  #eventCount = 0
  #cancelledCount = 0
  #isRunning = false

  /** Virtual milliseconds since the simulation began. May have a fraction. */
  get nowMs(): number {
    return this.#nowMs
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount
  }

  /** When the next event is due; undefined when there is none. */
  get nextAtMs(): number | undefined {
    return this.#next()?.atMs
  }

  after(delayMs: number, run: () => void): Timer {
    return this.at(this.#nowMs + Math.max(0, delayMs), run)
  }

  /** A time that has passed means now, after everything already due now. */
  at(atMs: number, run: () => void): Timer {
    assert(!Number.isNaN(atMs), 'an event has a time')
    const event: Event = {
      atMs: Math.max(this.#nowMs, atMs),
      run,
      isCancelled: false,
      cancel: () => this.#cancel(event),
    }
    this.#heap.push(event)
    return event
  }

  /** Runs all events up to and including `endMs`; then it is `endMs`. */
  async runUntil(endMs: number): Promise<void> {
    await this.#drive(() => (this.#next()?.atMs ?? Number.POSITIVE_INFINITY) <= endMs)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  runFor(durationMs: number): Promise<void> {
    return this.runUntil(this.#nowMs + durationMs)
  }

  /**
   * Runs until `isDone`, which is asked before each event. Returns false when the time limit came
   * first, or when nothing was left to happen.
   */
  async runUntilTrue(isDone: () => boolean, limitMs: number): Promise<boolean> {
    const endMs = this.#nowMs + limitMs
    let isReached = false
    await this.#drive(() => {
      isReached = isDone()
      return !isReached && (this.#next()?.atMs ?? Number.POSITIVE_INFINITY) <= endMs
    })
    if (!isReached) this.#nowMs = Math.max(this.#nowMs, endMs)
    return isReached
  }

  /** Runs until the promise has settled, and gives its value. */
  async settle<T>(promise: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let isSettled = false
    const settled = promise.finally(() => {
      isSettled = true
    })
    settled.catch(() => {})
    const isDone = await this.runUntilTrue(() => isSettled, limitMs)
    assert(isDone, 'the promise settles in the simulated time given', () => `${limitMs} ms`)
    return settled
  }

  /**
   * Runs events as soon as there are any, until disposed: for code that knows nothing of virtual
   * time, such as the contract suites.
   */
  pump(): Disposable {
    let isOver = false
    const idle = (): void => {
      if (isOver) return
      this.#drive(() => !isOver && this.#next() !== undefined).then(() => setImmediate(idle))
    }
    idle()
    return {
      [Symbol.dispose]: () => {
        isOver = true
      },
    }
  }

  /**
   * One event per turn of the host, each turn after all microtasks of the one before. Many turns
   * are asked for at once, which spares a round through the host's event loop for each.
   */
  #drive(mayGoOn: () => boolean): Promise<void> {
    assert(!this.#isRunning, 'one run at a time drives the scheduler')
    this.#isRunning = true
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let turnsAhead = 0
    let batch = 1
    let isOver = false
    let failure: { readonly error: unknown } | undefined
    const turn = (): void => {
      turnsAhead -= 1
      if (!isOver) {
        try {
          if (mayGoOn()) this.#runNext()
          else isOver = true
        } catch (error) {
          isOver = true
          failure = { error }
        }
      }
      if (turnsAhead > 0) return
      if (!isOver) {
        ask()
        return
      }
      this.#isRunning = false
      if (failure === undefined) resolve()
      else reject(failure.error)
    }
    const ask = (): void => {
      batch = Math.min(maxTurnsAhead, batch * 2)
      turnsAhead = batch
      for (let i = 0; i < batch; i++) setImmediate(turn)
    }
    ask()
    return promise
  }

  #runNext(): void {
    const event = this.#heap.pop()
    if (event === undefined) return
    this.#nowMs = event.atMs
    this.#eventCount += 1
    // Cancelling from now on is without effect, and must not be counted.
    event.isCancelled = true
    event.run()
  }

  #next(): Event | undefined {
    for (;;) {
      const event = this.#heap.peek()
      if (event?.isCancelled !== true) return event
      this.#heap.pop()
      this.#cancelledCount -= 1
    }
  }

  #cancel(event: Event): void {
    if (event.isCancelled) return
    event.isCancelled = true
    this.#cancelledCount += 1
    if (this.#cancelledCount < maxCancelledBeforeCleaning) return
    if (this.#cancelledCount * 2 < this.#heap.size) return
    this.#heap.retain(kept => !kept.isCancelled)
    this.#cancelledCount = 0
  }
}
