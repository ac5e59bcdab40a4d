// An idempotent producer with several batches in flight, which retries until it is answered: the
// client's side of IDEM-1 to IDEM-3.

import type { Checker } from './checker.ts'
import type { ToyBroker } from './toy-broker.ts'
import type { ToyImage } from './toy-controller.ts'
import type { ToyProduceAnswer } from './toy-messages.ts'
import type { Endpoint, World } from './world.ts'

interface Pending {
  readonly id: number
  readonly baseSequence: number
  readonly count: number
  isInFlight: boolean
}

export interface ToyProducerOptions {
  readonly producerId: number
  readonly world: World
  readonly checker: Checker
  readonly brokers: readonly ToyBroker[]
  readonly maxInFlight: number
}

const timeoutMs = 150
const backoffMs = 40

/** Told for the oldest batch that is not acknowledged, a client can only give up. */
const fatalErrors = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_EPOCH',
])

export class ToyProducer implements Endpoint {
  readonly name: string
  readonly incarnation = 0
  readonly #options: ToyProducerOptions
  #pending: Pending[] = []
  #nextSequence = 0
  #nextId: number
  #leader = -1
  #leaderEpoch = -1

  constructor(options: ToyProducerOptions) {
    this.#options = options
    this.name = `producer ${options.producerId}`
    this.#nextId = options.producerId * 1_000_000
  }

  get isIdle(): boolean {
    return this.#pending.length === 0
  }

  /** What was learnt about the leader never goes back (KIP-320). */
  learn({ leader, leaderEpoch }: ToyImage): void {
    if (leaderEpoch <= this.#leaderEpoch) return
    this.#leaderEpoch = leaderEpoch
    this.#leader = leader
  }

  produce(): void {
    const { world, maxInFlight } = this.#options
    // Counted from the oldest, as answers on a connection come in order.
    const oldest = this.#pending[0]?.id ?? this.#nextId
    if (this.#nextId - oldest >= maxInFlight) return
    const count = 1 + world.random.below(3)
    const baseSequence = this.#nextSequence
    this.#pending.push({ id: this.#nextId++, baseSequence, count, isInFlight: false })
    this.#nextSequence += count
    this.#sendAll()
  }

  #sendAll(): void {
    for (const batch of this.#pending) if (!batch.isInFlight) this.#send(batch)
  }

  #send(batch: Pending): void {
    const { world, brokers, producerId } = this.#options
    const { id, baseSequence, count } = batch
    batch.isInFlight = true
    const isOldest = this.#pending[0] === batch
    const leader = brokers.find(broker => broker.id === this.#leader)
    if (leader === undefined) {
      this.#retry(batch)
      return
    }
    world.request<ToyProduceAnswer>(
      this,
      leader,
      timeoutMs,
      reply => {
        const request = {
          id,
          producerId,
          producerEpoch: 0,
          baseSequence,
          lastOffsetDelta: count - 1,
          isTransactional: false as const,
        }
        leader.produce(request, reply)
      },
      answer => this.#answered(batch, isOldest, answer),
    )
  }

  #answered(batch: Pending, wasOldest: boolean, answer: ToyProduceAnswer | undefined): void {
    const { checker, producerId } = this.#options
    if (answer?.error === 'NONE') {
      checker.told(batch.id, answer.baseOffset)
      this.#pending = this.#pending.filter(each => each !== batch)
      return
    }
    if (wasOldest && answer !== undefined && fatalErrors.has(answer.error)) {
      checker.fatal(producerId, answer.error)
    }
    this.#retry(batch)
  }

  #retry(batch: Pending): void {
    const { world } = this.#options
    world.after(1 + world.random.below(backoffMs), () => {
      batch.isInFlight = false
      this.#sendAll()
    })
  }
}
