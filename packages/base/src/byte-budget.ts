// A named number of bytes shared by many: request memory, fetches in flight. Whoever does not get
// its bytes at once waits its turn, first come first served.

import { assert } from './assert.ts'

/** Somebody who waits for bytes. */
export interface BudgetWaiter {
  /** Gives up the place in the line. Harmless when the bytes were already granted. */
  cancel(): void
}

interface Waiting {
  readonly bytes: number
  readonly granted: () => void
}

/**
 * Always true: bytes are taken only in the order they were asked for, so a large wish is never
 * starved by small ones. A wish above the whole limit is granted when nothing else is taken.
 */
export class ByteBudget {
  readonly name: string
  readonly limitBytes: number
  #takenBytes = 0
  #waiting: Waiting[] = []
  #isGranting = false

  constructor(name: string, limitBytes: number) {
    assert(limitBytes > 0, 'a budget has a limit', () => name)
    this.name = name
    this.limitBytes = limitBytes
  }

  get takenBytes(): number {
    return this.#takenBytes
  }

  get waiters(): number {
    return this.#waiting.length
  }

  /** Takes the bytes now or not at all. */
  tryAcquire(bytes: number): boolean {
    assert(bytes >= 0, 'a wish is not negative', () => this.name)
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false
    this.#takenBytes += bytes
    return true
  }

  /**
   * Takes the bytes now and returns undefined; or returns a waiter, and `granted` is called (from
   * within a later `release` or `cancel`) once the bytes are taken.
   */
  acquire(bytes: number, granted: () => void): BudgetWaiter | undefined {
    if (this.tryAcquire(bytes)) return undefined
    const waiting: Waiting = { bytes, granted }
    this.#waiting.push(waiting)
    return {
      cancel: () => {
        const index = this.#waiting.indexOf(waiting)
        if (index < 0) return
        this.#waiting.splice(index, 1)
        this.#grant()
      },
    }
  }

  release(bytes: number): void {
    assert(bytes >= 0 && bytes <= this.#takenBytes, 'only taken bytes are released', () => {
      return `${this.name}: ${bytes} of ${this.#takenBytes}`
    })
    this.#takenBytes -= bytes
    this.#grant()
  }

  #fits(bytes: number): boolean {
    return this.#takenBytes === 0 || this.#takenBytes + bytes <= this.limitBytes
  }

  /** A callback may release or acquire in turn: the loop below sees it, without recursion. */
  #grant(): void {
    if (this.#isGranting) return
    this.#isGranting = true
    try {
      for (;;) {
        const first = this.#waiting[0]
        if (first === undefined || !this.#fits(first.bytes)) return
        this.#waiting.shift()
        this.#takenBytes += first.bytes
        first.granted()
      }
    } finally {
      this.#isGranting = false
    }
  }
}
