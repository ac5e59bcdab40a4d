// An idempotent producer in a simulation: acks=all, several batches in flight per partition,
// retries until it knows the outcome. What it has sent and what was acknowledged goes to the ghost.

import { BatchBuilder, errorCodes, errorNameOf, InitProducerId, Produce } from '@klamm/protocol'
import type { Ghost, SentRecord } from './ghost.ts'
import {
  requestTimeoutMs,
  SimClient,
  type SimClientOptions,
  type TopicMetadata,
} from './sim-client.ts'
import { demand } from './violation.ts'

export interface SimProducerOptions extends SimClientOptions {
  readonly name: string
  readonly ghost: Ghost
  readonly topic: string
  /** The topic that is meant, where another one had the same name; any when left out. */
  readonly topicId?: string
  readonly meanPauseMs: number
  readonly maxRecordsPerBatch: number
  /** As max.in.flight.requests.per.connection; up to 5 keep their order. */
  readonly maxInFlight: number
}

/** One batch, as it is sent again and again until its fate is known. */
interface Batch {
  readonly records: readonly SentRecord[]
  readonly sequence: number
  readonly bytes: Uint8Array
}

/** Of becoming another producer before a few batches. */
const renewProbability = 0.1

/** Errors that tell of a gap before the batch. */
const gaps: ReadonlySet<string> = new Set(['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'])

/** Errors that a producer alone with its id never meets. */
const fatal: ReadonlySet<string> = new Set([
  ...gaps,
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'INVALID_RECORD',
])

export class SimProducer {
  readonly #options: SimProducerOptions
  readonly #client: SimClient
  #topic: TopicMetadata | undefined
  /** By partition: now and then it begins anew there, as another producer. */
  readonly #producerIds = new Map<number, number>()
  readonly #nextSequence = new Map<number, number>()
  #counter = 0
  readonly #orders = new Map<number, number>()
  #isStopped = false
  readonly #loops: Promise<void>[] = []
  /** Failures of this client itself: a bug, of it or of what it talked to. */
  readonly failures: unknown[] = []

  constructor(options: SimProducerOptions) {
    this.#options = options
    this.#client = new SimClient(options)
  }

  start(): void {
    this.#loops.push(
      this.#run().catch((error: unknown) => {
        this.failures.push(error)
      }),
    )
  }

  /** Sends no more; resolves when the last batches are settled. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#loops)
    this.#client.close()
  }

  async #run(): Promise<void> {
    const { env, random, meanPauseMs } = this.#options
    await this.#refresh()
    await Promise.all(
      Array.from({ length: this.#topic?.partitionCount ?? 0 }, async (_, partitionIndex) => {
        while (!this.#isStopped) {
          await this.#sendBatches(partitionIndex)
          await env.clock.sleep(-Math.log(1 - random.float()) * meanPauseMs)
        }
      }),
    )
  }

  /** A few batches at once; those that failed are sent again, in order, when all are answered. */
  async #sendBatches(partitionIndex: number): Promise<void> {
    const { env, random, maxInFlight } = this.#options
    if (!this.#producerIds.has(partitionIndex) || random.chance(renewProbability)) {
      this.#producerIds.set(partitionIndex, await this.#newProducerId())
      this.#nextSequence.set(partitionIndex, 0)
    }
    const count = 1 + random.below(maxInFlight)
    let waiting = Array.from({ length: count }, () => this.#newBatch(partitionIndex))
    for (;;) {
      // Apart, so that the first may be refused and the second taken.
      const gapMs = random.chance(0.5) ? 0 : random.float() * 50
      const answers = await Promise.all(
        waiting.map(async ({ bytes }, i) => {
          if (i > 0 && gapMs > 0) await env.clock.sleep(i * gapMs)
          return this.#produce(partitionIndex, bytes)
        }),
      )
      const failed = waiting.filter((batch, i) => !this.#settled(batch, answers[i]))
      if (failed.length === 0) return
      this.#checkRefusals(waiting, answers)
      waiting = failed
      await this.#client.pause()
      await this.#refresh()
    }
  }

  #newBatch(partitionIndex: number): Batch {
    const { random, maxRecordsPerBatch, ghost } = this.#options
    const count = 1 + random.below(maxRecordsPerBatch)
    const records = Array.from({ length: count }, () => this.#newRecord(partitionIndex))
    for (const record of records) ghost.sent(record)
    const sequence = this.#nextSequence.get(partitionIndex) ?? 0
    this.#nextSequence.set(partitionIndex, sequence + count)
    return { records, sequence, bytes: this.#encoded(records, sequence, partitionIndex) }
  }

  #newRecord(partitionIndex: number): SentRecord {
    const { name } = this.#options
    this.#counter += 1
    const order = (this.#orders.get(partitionIndex) ?? 0) + 1
    this.#orders.set(partitionIndex, order)
    return {
      value: `${name}/${this.#counter}`,
      topicId: this.#topic?.topicId ?? '',
      partitionIndex,
      producer: name,
      order,
    }
  }

  #encoded(
    records: readonly SentRecord[],
    baseSequence: number,
    partitionIndex: number,
  ): Uint8Array {
    const builder = new BatchBuilder()
    const timestamp = Math.floor(this.#options.env.clock.wallMs())
    for (const { value } of records) {
      builder.append({ key: null, value: new TextEncoder().encode(value), timestamp })
    }
    const producerId = this.#producerIds.get(partitionIndex) ?? -1
    return builder.build({ producerId, producerEpoch: 0, baseSequence })
  }

  #settled({ records }: Batch, answer: Answer | undefined): boolean {
    if (answer?.error !== 'NONE') return false
    records.forEach((record, i) => {
      this.#options.ghost.acked(record, answer.baseOffset + i)
    })
    return true
  }

  /** Before the first one nothing is open, so it has no gap; nothing else is refused for good. */
  #checkRefusals(sent: readonly Batch[], answers: readonly Answer[]): void {
    for (const [i, { error }] of answers.entries()) {
      demand('IDEM-3', !fatal.has(error) || (i > 0 && gaps.has(error)), () => {
        const { name } = this.#options
        return `${name}, sequence ${sent[i]?.sequence}: ${error} with all before it acknowledged`
      })
    }
  }

  async #produce(partitionIndex: number, batch: Uint8Array): Promise<Answer> {
    const leader = this.#topic?.leaders.get(partitionIndex)
    if (leader === undefined) return { error: 'LEADER_NOT_AVAILABLE', baseOffset: -1 }
    const topicId = this.#topic?.topicId ?? ''
    const response = await this.#client.ask(leader, connection =>
      connection.request(Produce, 13, {
        transactionalId: null,
        acks: -1,
        timeoutMs: requestTimeoutMs,
        topicData: [
          { name: '', topicId, partitionData: [{ index: partitionIndex, records: [batch] }] },
        ],
      }),
    )
    const answer = response?.responses[0]?.partitionResponses[0]
    if (answer === undefined) return { error: 'NETWORK', baseOffset: -1 }
    return { error: errorNameOf(answer.errorCode), baseOffset: answer.baseOffset }
  }

  async #newProducerId(): Promise<number> {
    for (;;) {
      const request = {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      }
      const response = await this.#client.ask(this.#client.anyBroker(), connection =>
        connection.request(InitProducerId, 4, request),
      )
      if (response?.errorCode === errorCodes.NONE) {
        this.#options.ghost.producerIdGiven(response.producerId)
        return response.producerId
      }
      await this.#client.pause()
    }
  }

  async #refresh(): Promise<void> {
    for (;;) {
      const found = await this.#client.topic(this.#options.topic)
      const expected = this.#topic?.topicId ?? this.#options.topicId ?? found?.topicId
      if (found?.error === 'NONE' && found.topicId === expected) {
        this.#topic = found
        return
      }
      await this.#client.pause()
      if (this.#isStopped && this.#topic === undefined) return
    }
  }
}

interface Answer {
  readonly error: string
  readonly baseOffset: number
}
