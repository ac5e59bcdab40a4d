// An idempotent producer in a simulation: acks=all, one batch in flight per partition, retries
// until it knows the outcome. After an error that leaves the outcome open for good it starts as
// another producer, as real clients do.

import { BatchBuilder, errorCodes, errorNameOf, InitProducerId, Produce } from '@klamm/protocol'
import type { Ghost, SentRecord } from './ghost.ts'
import {
  type BrokerAddress,
  requestTimeoutMs,
  SimClient,
  type SimClientOptions,
} from './sim-client.ts'

export interface SimProducerOptions extends SimClientOptions {
  readonly name: string
  readonly ghost: Ghost
  readonly topic: string
  readonly meanPauseMs: number
  readonly maxRecordsPerBatch: number
}

/** Errors after which the batch was surely not appended, and trying again makes no sense. */
const fatal: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'UNKNOWN_PRODUCER_ID',
])

export class SimProducer {
  readonly #options: SimProducerOptions
  readonly #client: SimClient
  #leaders: ReadonlyMap<number, BrokerAddress> = new Map()
  #partitionCount = 0
  #topicId = ''
  #producerId = -1
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

  /** Sends no more; resolves when the last batch is settled. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#loops)
    this.#client.close()
  }

  async #run(): Promise<void> {
    const { env, random, meanPauseMs } = this.#options
    await this.#refresh()
    await Promise.all(
      Array.from({ length: this.#partitionCount }, async (_, partitionIndex) => {
        while (!this.#isStopped) {
          await this.#sendBatch(partitionIndex)
          await env.clock.sleep(-Math.log(1 - random.float()) * meanPauseMs)
        }
      }),
    )
  }

  async #sendBatch(partitionIndex: number): Promise<void> {
    const { random, maxRecordsPerBatch, ghost } = this.#options
    const count = 1 + random.below(maxRecordsPerBatch)
    const records = Array.from({ length: count }, () => this.#newRecord(partitionIndex))
    for (const record of records) ghost.sent(record)
    if (this.#producerId < 0) await this.#initialise()
    const producerId = this.#producerId
    const sequence = this.#nextSequence.get(partitionIndex) ?? 0
    for (;;) {
      const batch = this.#batch(records, producerId, sequence)
      const { error, baseOffset } = await this.#produce(partitionIndex, batch)
      if (error === 'NONE') {
        records.forEach((record, i) => {
          ghost.acked(record, baseOffset + i)
        })
        break
      }
      if (fatal.has(error)) {
        // Whatever became of it: a new producer starts after it.
        if (this.#producerId === producerId) {
          this.#producerId = -1
          this.#nextSequence.clear()
        }
        return
      }
      await this.#client.pause()
      await this.#refresh()
    }
    if (this.#producerId === producerId) this.#nextSequence.set(partitionIndex, sequence + count)
  }

  #newRecord(partitionIndex: number): SentRecord {
    const { name } = this.#options
    this.#counter += 1
    const order = (this.#orders.get(partitionIndex) ?? 0) + 1
    this.#orders.set(partitionIndex, order)
    return {
      value: `${name}/${this.#counter}`,
      topicId: this.#topicId,
      partitionIndex,
      producer: name,
      order,
    }
  }

  #batch(records: readonly SentRecord[], producerId: number, baseSequence: number): Uint8Array {
    const builder = new BatchBuilder()
    const timestamp = Math.floor(this.#options.env.clock.wallMs())
    for (const { value } of records) {
      builder.append({ key: null, value: new TextEncoder().encode(value), timestamp })
    }
    return builder.build({ producerId, producerEpoch: 0, baseSequence })
  }

  async #produce(
    partitionIndex: number,
    batch: Uint8Array,
  ): Promise<{ readonly error: string; readonly baseOffset: number }> {
    const leader = this.#leaders.get(partitionIndex)
    if (leader === undefined) return { error: 'LEADER_NOT_AVAILABLE', baseOffset: -1 }
    const response = await this.#client.ask(leader, connection =>
      connection.request(Produce, 13, {
        transactionalId: null,
        acks: -1,
        timeoutMs: requestTimeoutMs,
        topicData: [
          {
            name: '',
            topicId: this.#topicId,
            partitionData: [{ index: partitionIndex, records: [batch] }],
          },
        ],
      }),
    )
    const answer = response?.responses[0]?.partitionResponses[0]
    if (answer === undefined) return { error: 'NETWORK', baseOffset: -1 }
    return { error: errorNameOf(answer.errorCode), baseOffset: answer.baseOffset }
  }

  async #initialise(): Promise<void> {
    while (this.#producerId < 0) {
      const request = {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      }
      const response = await this.#client.ask(this.#client.anyBroker(), connection =>
        connection.request(InitProducerId, 4, request),
      )
      if (response?.errorCode === errorCodes.NONE) this.#producerId = response.producerId
      else await this.#client.pause()
    }
  }

  async #refresh(): Promise<void> {
    for (;;) {
      const found = await this.#client.topic(this.#options.topic)
      if (found?.error === 'NONE') {
        this.#topicId = found.topicId
        this.#partitionCount = found.partitionCount
        this.#leaders = found.leaders
        return
      }
      await this.#client.pause()
      if (this.#isStopped && this.#partitionCount === 0) return
    }
  }
}
