// The memory for answers that clients have asked for and not yet taken. What is read for one more
// Fetch is less while many bytes wait for slow readers, and nothing while far too many do.

import { assert } from '@klamm/base'
import type { Clock } from '@klamm/base/env'

/** One waiter is woken for so many bytes that are free again. */
const bytesPerWaiter = 1024 * 1024

/**
 * Counts what waits for clients to take it: above the mark of a stream whose `write` said stop,
 * behind an earlier answer, and what was read in this turn of the event loop, whose answers are
 * sent within it. What stands below the marks is not counted: a stream does not tell when it has
 * left.
 *
 * Below the limit a fetch gets what is left of it, and at least one batch. From the limit on it
 * gets one batch (KIP-74: a consumer must get on), so that clients that do read are served, slowly,
 * until those that do not are closed (see BrokerListener). From twice the limit on it gets nothing
 * and waits. So no more than twice the limit and one batch is ever held.
 */
export class AnswerMemory {
  readonly #limitBytes: number
  readonly #clock: Clock
  #queuedBytes = 0
  #justReadBytes = 0
  readonly #waiting = new Set<() => void>()

  constructor(limitBytes: number, clock: Clock) {
    assert(limitBytes > 0, 'there is memory for answers')
    this.#limitBytes = limitBytes
    this.#clock = clock
  }

  get takenBytes(): number {
    return this.#queuedBytes + this.#justReadBytes
  }

  /** True when those who do not take their answers keep others from theirs. */
  get isShort(): boolean {
    return this.takenBytes >= this.#limitBytes
  }

  /** Bytes that one more answer may have; 0: one batch; undefined: none at the moment. */
  get room(): number | undefined {
    const { takenBytes } = this
    if (takenBytes >= 2 * this.#limitBytes) return undefined
    return Math.max(0, this.#limitBytes - takenBytes)
  }

  /** Bytes were read for an answer that is on its way to its connection. */
  read(bytes: number): void {
    if (bytes === 0) return
    if (this.#justReadBytes === 0) {
      // By the next turn the connections have counted what they were given.
      this.#clock.setTimer(0, () => {
        this.#justReadBytes = 0
        this.#wake()
      })
    }
    this.#justReadBytes += bytes
  }

  /** The bytes that wait at one connection have become more or fewer. */
  changed(deltaBytes: number): void {
    this.#queuedBytes += deltaBytes
    assert(this.#queuedBytes >= 0, 'what waits is not less than nothing')
    if (deltaBytes < 0) this.#wake()
  }

  /** Calls `run` once when there may be room again. Returns what stops it from that. */
  whenRoom(run: () => void): () => void {
    // A function of its own, so that the same may wait twice.
    const waiting = (): void => run()
    this.#waiting.add(waiting)
    return () => this.#waiting.delete(waiting)
  }

  #wake(): void {
    if (this.#waiting.size === 0) return
    let freeBytes = 2 * this.#limitBytes - this.takenBytes
    for (const run of this.#waiting) {
      if (freeBytes <= 0) return
      freeBytes -= bytesPerWaiter
      this.#waiting.delete(run)
      run()
    }
  }
}
