// KafkaJS's producer on ours.

import type { Buffer } from 'node:buffer'
import type { CompressionName } from '@klamm/protocol'
import { type ClientCore, openCore } from '../core.ts'
import type { RecordMetadata as OurMetadata } from '../producer/messages.ts'
import { Producer as OurProducer } from '../producer/producer.ts'
import { producerEvents } from './constants.ts'
import { KafkaJSError, KafkaJSNonRetriableError, translated } from './errors.ts'
import { type EventListener, Events } from './events.ts'
import type { MessageHeaders } from './messages.ts'
import { demandSupported, type KafkaConfig, optionsOf, type RetryOptions } from './options.ts'
import { type CreatePartitioner, partitionerOf } from './partitioners.ts'

export interface ProducerConfig {
  readonly createPartitioner?: CreatePartitioner
  readonly retry?: RetryOptions
  /** In ms. */
  readonly metadataMaxAge?: number
  readonly allowAutoTopicCreation?: boolean
  readonly idempotent?: boolean
  readonly maxInFlightRequests?: number
}

export interface Message {
  key?: Buffer | string | null
  value: Buffer | string | null
  partition?: number
  headers?: MessageHeaders
  /** In ms since 1970. */
  timestamp?: string
}

interface SendConfig {
  /** -1: all in-sync replicas; 1: the leader; 0: nobody. */
  acks?: number
  /** How long the records may be tried is the producer's own; taken for the shape. */
  timeout?: number
  compression?: number
}

export interface ProducerRecord extends SendConfig {
  topic: string
  messages: Message[]
}

export interface ProducerBatch extends SendConfig {
  topicMessages?: { topic: string; messages: Message[] }[]
}

/** Of one partition. */
export interface RecordMetadata {
  topicName: string
  partition: number
  errorCode: number
  baseOffset?: string
}

type EventName = (typeof producerEvents)[keyof typeof producerEvents]

const compressions: readonly CompressionName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

interface Connected {
  readonly core: ClientCore
  readonly producer: OurProducer
}

export class Producer {
  readonly events = producerEvents
  readonly #config: KafkaConfig
  readonly #options: ProducerConfig
  readonly #events = new Events<EventName>(producerEvents)
  #connected: Connected | undefined

  constructor(config: KafkaConfig, options: ProducerConfig) {
    demandSupported(options, ['transactionalId'])
    this.#config = config
    this.#options = options
  }

  async connect(): Promise<void> {
    if (this.#connected !== undefined) return
    const connected = await translated(async () => this.#open())
    try {
      await translated(() => connected.producer.connect())
    } catch (error) {
      await connected.producer.close({ timeoutMs: 0 })
      throw error
    }
    this.#connected = connected
    this.#events.emit('producer.connect', null, connected.core.env)
  }

  async disconnect(): Promise<void> {
    const connected = this.#connected
    if (connected === undefined) return
    this.#connected = undefined
    await translated(() => connected.producer.close())
    this.#events.emit('producer.disconnect', null, connected.core.env)
  }

  isIdempotent(): boolean {
    return this.#options.idempotent ?? false
  }

  send(record: ProducerRecord): Promise<RecordMetadata[]> {
    const { topic, messages, ...settings } = record
    return this.sendBatch({ ...settings, topicMessages: [{ topic, messages }] })
  }

  async sendBatch(batch: ProducerBatch): Promise<RecordMetadata[]> {
    const { topicMessages = [], acks = -1, compression = 0 } = batch
    for (const { topic, messages } of topicMessages) demandMessages(topic, messages)
    if (acks !== -1 && acks !== 0 && acks !== 1) throw invalid(`acks is -1, 0 or 1, not ${acks}`)
    if (this.isIdempotent() && acks !== -1) throw invalid('an idempotent producer needs acks -1')
    const compressionName = compressions[compression]
    if (compressionName === undefined) throw invalid(`there is no compression ${compression}`)
    const connected = this.#connected
    if (connected === undefined) throw new KafkaJSError('the producer is not connected')
    const stored = await translated(() => {
      return connected.producer.sendBatch({
        acks,
        compression: compressionName,
        topicMessages: topicMessages.map(({ topic, messages }) => {
          return { topic, messages: messages.map(ourMessage) }
        }),
      })
    })
    return acks === 0 ? [] : byPartition(stored)
  }

  /** Returns what takes the listener away again. */
  on(name: EventName, listener: EventListener): () => void {
    return this.#events.on(name, listener)
  }

  async #open(): Promise<Connected> {
    const { createPartitioner, maxInFlightRequests, allowAutoTopicCreation } = this.#options
    const core = openCore(await optionsOf(this.#config, this.#options))
    const producer = new OurProducer(core, {
      idempotent: this.isIdempotent(),
      partitioner: partitionerOf(createPartitioner, core),
      maxInFlight: maxInFlightRequests,
      allowAutoTopicCreation,
    })
    return { core, producer }
  }
}

function ourMessage({ timestamp, ...message }: Message) {
  return timestamp === undefined ? message : { ...message, timestamp: Number(timestamp) }
}

function demandMessages(topic: string, messages: Message[]): void {
  if (typeof topic !== 'string' || topic === '') throw invalid('a topic is needed')
  if (!Array.isArray(messages)) throw invalid(`the messages for ${topic} are not an array`)
  if (messages.some(({ value }) => value === undefined)) {
    throw invalid(`a message for ${topic} has no value; null is a tombstone`)
  }
}

/** One entry per partition, with the least offset. */
function byPartition(stored: readonly OurMetadata[]): RecordMetadata[] {
  const first = new Map<string, OurMetadata>()
  for (const each of stored) {
    const key = `${each.topic}-${each.partition}`
    const known = first.get(key)
    if (known === undefined || each.offset < known.offset) first.set(key, each)
  }
  return [...first.values()].map(({ topic: topicName, partition, offset }) => {
    return { topicName, partition, errorCode: 0, baseOffset: `${offset}` }
  })
}

function invalid(message: string): KafkaJSNonRetriableError {
  return new KafkaJSNonRetriableError(message)
}
