// An idempotent producer in a simulation: acks=all, one batch in flight per partition, retries
// until it knows the outcome. After an error that leaves the outcome open for good it starts as
// another producer, as real clients do.

import { present, type Random, zeroUuid } from '@klamm/base'
import type { Env } from '@klamm/base/env'
import { NetworkError } from '@klamm/base/env'
import {
  BatchBuilder,
  errorCodes,
  errorNameOf,
  InitProducerId,
  Metadata,
  type MetadataResponse,
  Produce,
} from '@klamm/protocol'
import type { Ghost, SentRecord } from './ghost.ts'
import { SimConnection } from './sim-connection.ts'

export interface SimProducerOptions {
  readonly name: string
  readonly env: Env
  readonly random: Random
  readonly ghost: Ghost
  readonly topic: string
  readonly bootstrap: readonly { readonly host: string; readonly port: number }[]
  readonly meanPauseMs: number
  readonly maxRecordsPerBatch: number
}

interface Leader {
  readonly host: string
  readonly port: number
}

const requestTimeoutMs = 3_000
const retryPauseMs = 100

/** Errors after which the batch was surely not appended, and trying again makes no sense. */
const fatal: ReadonlySet<string> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'INVALID_PRODUCER_EPOCH',
  'PRODUCER_FENCED',
  'UNKNOWN_PRODUCER_ID',
])

export class SimProducer {
  readonly #options: SimProducerOptions
  readonly #connections = new Map<string, SimConnection>()
  #leaders = new Map<number, Leader>()
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
    for (const connection of this.#connections.values()) connection.close()
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
      await this.#options.env.clock.sleep(retryPauseMs * (0.5 + random.float()))
      await this.#refresh()
    }
    if (this.#producerId === producerId) this.#nextSequence.set(partitionIndex, sequence + count)
  }

  #newRecord(partitionIndex: number): SentRecord {
    const { name, topic } = this.#options
    this.#counter += 1
    const order = (this.#orders.get(partitionIndex) ?? 0) + 1
    this.#orders.set(partitionIndex, order)
    return { value: `${name}/${this.#counter}`, topic, partitionIndex, producer: name, order }
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
    const response = await this.#ask(leader, connection =>
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
      const response = await this.#ask(this.#anyBroker(), connection =>
        connection.request(InitProducerId, 4, request),
      )
      if (response?.errorCode === errorCodes.NONE) this.#producerId = response.producerId
      else await this.#options.env.clock.sleep(retryPauseMs)
    }
  }

  async #refresh(): Promise<void> {
    const { env, topic } = this.#options
    for (;;) {
      const response: MetadataResponse | undefined = await this.#ask(
        this.#anyBroker(),
        connection =>
          connection.request(Metadata, 12, {
            topics: [{ topicId: zeroUuid, name: topic }],
            allowAutoTopicCreation: false,
            includeClusterAuthorizedOperations: false,
            includeTopicAuthorizedOperations: false,
          }),
      )
      const found = response?.topics[0]
      if (response !== undefined && found !== undefined && found.errorCode === errorCodes.NONE) {
        const brokers = new Map(response.brokers.map(broker => [broker.nodeId, broker]))
        this.#topicId = found.topicId
        this.#partitionCount = found.partitions.length
        this.#leaders = new Map(
          found.partitions.flatMap(({ partitionIndex, leaderId }) => {
            const leader = brokers.get(leaderId)
            return leader === undefined ? [] : [[partitionIndex, leader]]
          }),
        )
        return
      }
      await env.clock.sleep(retryPauseMs)
      if (this.#isStopped && this.#partitionCount === 0) return
    }
  }

  #anyBroker(): Leader {
    const { bootstrap, random } = this.#options
    return random.pick(bootstrap)
  }

  /** Undefined when no answer came: the connection broke, or took too long. */
  async #ask<T>(
    leader: Leader,
    ask: (connection: SimConnection) => Promise<T>,
  ): Promise<T | undefined> {
    const { clock } = this.#options.env
    try {
      const connection = await this.#connection(leader)
      const { promise: timeout, reject } = Promise.withResolvers<never>()
      const timer = clock.setTimer(2 * requestTimeoutMs, () => {
        reject(new NetworkError('timeout', 'no answer'))
        connection.close()
      })
      try {
        return await Promise.race([ask(connection), timeout])
      } finally {
        timer.cancel()
        timeout.catch(() => undefined)
      }
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error
      return undefined
    }
  }

  async #connection({ host, port }: Leader): Promise<SimConnection> {
    const key = `${host}:${port}`
    const existing = this.#connections.get(key)
    if (existing !== undefined && !existing.isClosed) return existing
    const abort = new AbortController()
    const opened = await SimConnection.open(
      this.#options.env.network,
      { kind: 'tcp', host, port },
      abort.signal,
    )
    this.#connections.set(key, opened)
    return present(this.#connections.get(key), 'a connection was just made')
  }
}
