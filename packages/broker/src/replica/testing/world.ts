// Time, chance and the network of a simulation: events in the order of virtual time, messages that
// are delayed, lost, sent twice, or stopped by a partition.

import { Heap, type Random } from '@klamm/base'

interface Event {
  readonly atMs: number
  readonly run: () => void
}

export interface NetworkOptions {
  readonly lossProbability: number
  readonly duplicateProbability: number
  /** Most messages take up to this long; a few take ten times as long. */
  readonly delayMs: number
}

/** Who is at an end of a link; `incarnation` changes with a restart, which ends its connections. */
export interface Endpoint {
  readonly name: string
  readonly incarnation: number
}

export class World {
  readonly random: Random
  readonly #network: NetworkOptions
  readonly #queue = new Heap<Event>((a, b) => a.atMs - b.atMs)
  readonly #blocked = new Set<string>()
  /** Called after each event. */
  afterEvent: () => void = () => undefined
  isHealed = false
  nowMs = 0
  eventCount = 0

  constructor(random: Random, network: NetworkOptions) {
    this.random = random
    this.#network = network
  }

  after(delayMs: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + delayMs, run })
  }

  runUntil(endMs: number, isDone: () => boolean = () => false): void {
    for (;;) {
      const event = this.#queue.peek()
      if (event === undefined || event.atMs > endMs || isDone()) break
      this.#queue.pop()
      this.nowMs = event.atMs
      this.eventCount += 1
      event.run()
      this.afterEvent()
    }
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`)
  }

  unblockAll(): void {
    this.#blocked.clear()
  }

  delay(): number {
    const { delayMs } = this.#network
    const isSlow = !this.isHealed && this.random.chance(0.05)
    return 1 + this.random.below(isSlow ? delayMs * 10 : delayMs)
  }

  /** One way. Nothing arrives at an incarnation that the sender did not mean. */
  send(from: Endpoint, to: Endpoint, deliver: () => void): void {
    const { lossProbability, duplicateProbability } = this.#network
    const { incarnation } = to
    const arrive = (): void => {
      if (to.incarnation !== incarnation) return
      if (this.#blocked.has(`${from.name}>${to.name}`)) return
      deliver()
    }
    if (!this.isHealed) {
      if (this.random.chance(lossProbability)) return
      if (this.random.chance(duplicateProbability)) this.after(this.delay() * 5, arrive)
    }
    this.after(this.delay(), arrive)
  }

  /**
   * Asks and waits for the answer; `answered` gets undefined when none has come in time. Late and
   * repeated answers go nowhere, but a request may be served twice.
   */
  request<T>(
    from: Endpoint,
    to: Endpoint,
    timeoutMs: number,
    serve: (reply: (answer: T) => void) => void,
    answered: (answer: T | undefined) => void,
  ): void {
    let isOpen = true
    const settle = (answer: T | undefined): void => {
      if (!isOpen) return
      isOpen = false
      answered(answer)
    }
    this.after(timeoutMs, () => settle(undefined))
    this.send(from, to, () => {
      serve(answer => this.send(to, from, () => settle(answer)))
    })
  }
}
