// The sliding window of append messages to one follower that are not yet answered. Bounded by count
// and bytes, so that a slow follower costs bounded memory and does not slow the others.

import type { LogIndex } from './types.ts'

interface Inflight {
  readonly lastIndex: LogIndex
  readonly bytes: number
}

/** Always true: last indexes grow from the oldest to the newest. */
export class Inflights {
  readonly #countMax: number
  readonly #bytesMax: number
  #sent: Inflight[] = []
  #bytes = 0

  constructor(countMax: number, bytesMax: number) {
    this.#countMax = countMax
    this.#bytesMax = bytesMax
  }

  get count(): number {
    return this.#sent.length
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The last message may overshoot the byte bound, or a large entry could never be sent. */
  get isFull(): boolean {
    return this.#sent.length >= this.#countMax || this.#bytes >= this.#bytesMax
  }

  add(lastIndex: LogIndex, bytes: number): void {
    this.#sent.push({ lastIndex, bytes })
    this.#bytes += bytes
  }

  /** The follower has everything up to `index` (inclusive). */
  freeTo(index: LogIndex): void {
    let freed = 0
    for (const inflight of this.#sent) {
      if (inflight.lastIndex > index) break
      this.#bytes -= inflight.bytes
      freed += 1
    }
    if (freed > 0) this.#sent.splice(0, freed)
  }

  clear(): void {
    this.#sent = []
    this.#bytes = 0
  }
}
