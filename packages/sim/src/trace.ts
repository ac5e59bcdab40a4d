// What happened in a simulation, in order: a running hash that two runs of one seed must agree on,
// and the last lines as text for whoever has to understand a failure.

import { RollingHash } from '@klamm/base'

export interface TraceOptions {
  /** How many of the last events are kept as text; 0, the default, keeps none. */
  readonly keepLines?: number
}

export class Trace {
  readonly #hash = new RollingHash()
  readonly #keepLines: number
  #lines: string[] = []
  #eventCount = 0

  constructor(options: TraceOptions = {}) {
    this.#keepLines = options.keepLines ?? 0
  }

  get eventCount(): number {
    return this.#eventCount
  }

  /** Of everything so far. The same seed and the same code give the same hash. */
  get hash(): string {
    return this.#hash.digest()
  }

  /** One thing that happened at `nowMs` at a node ('' for the world itself). */
  event(nowMs: number, node: string, kind: string, detail = ''): void {
    this.#eventCount += 1
    this.#hash.number(nowMs)
    this.#hash.text(node)
    this.#hash.text(kind)
    this.#hash.text(detail)
    if (this.#keepLines === 0) return
    this.#lines.push(`${nowMs.toFixed(3)} ${node} ${kind} ${detail}`)
    // Cut in large steps: shifting one line at a time would be linear for each event.
    if (this.#lines.length > 2 * this.#keepLines) this.#lines = this.#lines.slice(-this.#keepLines)
  }

  /** The last events, oldest first, as many as `keepLines`. */
  lines(): readonly string[] {
    return this.#keepLines === 0 ? [] : this.#lines.slice(-this.#keepLines)
  }
}
