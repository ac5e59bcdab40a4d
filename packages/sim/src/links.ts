// The state of every one-way link between two nodes: how long bytes take, and whether they pass at
// all. Streams ask here when their next bytes arrive.

import type { Random } from '@klamm/base'
import type { Scheduler } from './scheduler.ts'

/** The two networks of a broker; a fault can be limited to one of them. */
export type Plane = 'client' | 'peer'

export interface LinkOptions {
  /** The least a segment takes, in ms. */
  readonly minDelayMs: number
  /** Mean of the exponential delay on top, in ms. */
  readonly meanExtraDelayMs: number
  /** Bandwidth; Infinity for as much as is sent. */
  readonly bytesPerMs: number
  /**
   * Probability that a segment is lost. TCP sends it again: the stream stalls, nothing is missing.
   */
  readonly lossProbability: number
  /**
   * Wait before the first retransmission of a lost segment; doubles for each further loss, in ms.
   */
  readonly retransmitMs: number
  /** Probability that a segment resets its connection instead of arriving. */
  readonly resetProbability: number
  /** Probability that a segment arrives as two pieces, cut anywhere. */
  readonly splitProbability: number
}

export const defaultLink: LinkOptions = {
  minDelayMs: 0.2,
  meanExtraDelayMs: 0.3,
  bytesPerMs: Number.POSITIVE_INFINITY,
  lossProbability: 0,
  retransmitMs: 200,
  resetProbability: 0,
  splitProbability: 0.02,
}

/** The most a single delay can be, whatever the dice say: 30 s, or twelve losses in a row. */
const maxDelayMs = 30_000

interface Waiter {
  readonly plane: Plane
  readonly run: () => void
}

/** The way from one node to another. */
export class Link {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #blocked = new Set<Plane>()
  #waiters: Waiter[] = []
  #options: LinkOptions
  #cloggedUntilMs = 0

  constructor(scheduler: Scheduler, random: Random, options: LinkOptions) {
    this.#scheduler = scheduler
    this.#random = random
    this.#options = options
  }

  set(options: Partial<LinkOptions>): void {
    this.#options = { ...this.#options, ...options }
  }

  /** How long `bytes` take to follow each other, in ms. */
  transferMs(bytes: number): number {
    return bytes / this.#options.bytesPerMs
  }

  /** How long a segment is on its way, in ms, if the link lets it pass. */
  delayMs(): number {
    const { lossProbability, retransmitMs } = this.#options
    let delayMs = this.#options.minDelayMs
    delayMs += exponential(this.#random, this.#options.meanExtraDelayMs)
    if (lossProbability > 0) {
      let waitMs = retransmitMs
      while (delayMs < maxDelayMs && this.#random.chance(lossProbability)) {
        delayMs += waitMs
        waitMs *= 2
      }
    }
    return Math.min(delayMs, maxDelayMs)
  }

  /** Whether a segment that is about to arrive kills its connection. */
  resets(): boolean {
    const { resetProbability } = this.#options
    return resetProbability > 0 && this.#random.chance(resetProbability)
  }

  /** Where to cut an arriving segment of `bytes`; 0 for not at all. */
  splitAt(bytes: number): number {
    const { splitProbability } = this.#options
    if (bytes < 2 || splitProbability === 0) return 0
    return this.#random.chance(splitProbability) ? 1 + this.#random.below(bytes - 1) : 0
  }

  isOpen(plane: Plane): boolean {
    return !this.#blocked.has(plane) && this.#cloggedUntilMs <= this.#scheduler.nowMs
  }

  /** Whether nothing passes until somebody heals it. */
  isBlocked(plane: Plane): boolean {
    return this.#blocked.has(plane)
  }

  /** Calls `run` once, a retransmission's wait after the link has opened again. */
  whenOpen(plane: Plane, run: () => void): void {
    this.#waiters.push({ plane, run })
  }

  block(plane: Plane): void {
    this.#blocked.add(plane)
  }

  unblock(plane: Plane): void {
    this.#blocked.delete(plane)
    this.#wake()
  }

  /** Holds everything back for `durationMs`. Connections survive, unlike in a long blockade. */
  clog(durationMs: number): void {
    const untilMs = this.#scheduler.nowMs + durationMs
    if (untilMs <= this.#cloggedUntilMs) return
    this.#cloggedUntilMs = untilMs
    this.#scheduler.at(untilMs, () => this.#wake())
  }

  heal(): void {
    this.#blocked.clear()
    this.#cloggedUntilMs = 0
    this.#wake()
  }

  #wake(): void {
    const stillWaiting: Waiter[] = []
    for (const waiter of this.#waiters) {
      if (!this.isOpen(waiter.plane)) stillWaiting.push(waiter)
      else this.#scheduler.after(this.#random.float() * this.#options.retransmitMs, waiter.run)
    }
    this.#waiters = stillWaiting
  }
}

/** All links, made when they are first used. */
export class Links {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #links = new Map<string, Link>()
  #defaults: LinkOptions

  constructor(scheduler: Scheduler, random: Random, defaults: LinkOptions) {
    this.#scheduler = scheduler
    this.#random = random
    this.#defaults = defaults
  }

  /** The way from one node to another. It has dice of its own, so links do not shift each other. */
  link(from: string, to: string): Link {
    const key = `${from}>${to}`
    let link = this.#links.get(key)
    if (link === undefined) {
      link = new Link(this.#scheduler, this.#random.fork(key), this.#defaults)
      this.#links.set(key, link)
    }
    return link
  }

  /** Changes every link that exists and those to come. */
  setAll(options: Partial<LinkOptions>): void {
    this.#defaults = { ...this.#defaults, ...options }
    for (const link of this.#links.values()) link.set(options)
  }

  /** Opens every link and ends every clog. Delays and losses stay as they were set. */
  heal(): void {
    for (const link of this.#links.values()) link.heal()
  }
}

/** An exponentially distributed number with the given mean. */
export function exponential(random: Random, mean: number): number {
  return mean === 0 ? 0 : -mean * Math.log(1 - random.float())
}
