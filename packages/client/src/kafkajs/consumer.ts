// KafkaJS's consumer on ours. What is subscribed to is known when it runs, so each `run` has a
// consumer of ours of its own.

import { describeGroups } from '../admin/groups.ts'
import { Consumer as OurConsumer } from '../consumer/consumer.ts'
import { type ClientCore, openCore } from '../core.ts'
import { consumerEvents } from './constants.ts'
import {
  asKafkaJsError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  translated,
} from './errors.ts'
import { type EventListener, Events } from './events.ts'
import { type GroupDescription, groupOf } from './groups.ts'
import { runOptions } from './handlers.ts'
import { demandSupported, type KafkaConfig, optionsOf, type RetryOptions } from './options.ts'
import { Progress } from './progress.ts'
import type { ConsumerEventName, ConsumerRunConfig, TopicPartitions } from './run-config.ts'

export interface ConsumerConfig {
  readonly groupId: string
  /** In ms. */
  readonly metadataMaxAge?: number
  /** In ms; 30 s when left out. */
  readonly sessionTimeout?: number
  /** In ms; 60 s when left out. */
  readonly rebalanceTimeout?: number
  /** In ms; 3 s when left out. */
  readonly heartbeatInterval?: number
  readonly maxBytesPerPartition?: number
  readonly minBytes?: number
  /** What is read ahead in all; 10 MiB when left out. */
  readonly maxBytes?: number
  /** 5 s when left out. */
  readonly maxWaitTimeInMs?: number
  readonly retry?: RetryOptions & { restartOnFailure?: (error: Error) => Promise<boolean> }
  readonly allowAutoTopicCreation?: boolean
  readonly readUncommitted?: boolean
  readonly rackId?: string
}

export type Subscription =
  | { topics: (string | RegExp)[]; fromBeginning?: boolean }
  | { topic: string | RegExp; fromBeginning?: boolean }

export interface TopicPartitionOffset {
  topic: string
  partition: number
  /** The next one to read. */
  offset: string
}

/** Within it handlers may throw `retries` times before the consumer crashes, in ms. */
const crashWindowMs = 600_000

/** Without `autoCommitInterval`, in ms. */
const commitIntervalMs = 1_000

const namedOffsets = new Map<string, 'beginning' | 'end'>([
  ['-1', 'end'],
  ['-2', 'beginning'],
])

export class Consumer {
  readonly events = consumerEvents
  readonly #config: KafkaConfig
  readonly #options: ConsumerConfig
  readonly #events = new Events<ConsumerEventName>(consumerEvents)
  #subscriptions: { topic: string | RegExp; fromBeginning: boolean }[] = []
  #core: ClientCore | undefined
  #consumer: OurConsumer | undefined
  #progress = new Progress()
  #stopped: Promise<void> | undefined

  constructor(config: KafkaConfig, options: ConsumerConfig) {
    demandSupported(options, ['partitionAssigners'])
    if (!options.groupId) throw new KafkaJSNonRetriableError('a groupId is needed')
    this.#config = config
    this.#options = options
  }

  async connect(): Promise<void> {
    const core = await this.#open()
    await translated(() => core.metadata.refresh(core.scope.signal))
    this.#events.emit('consumer.connect', null, core.env)
  }

  async disconnect(): Promise<void> {
    await this.stop()
    const core = this.#core
    if (core === undefined) return
    this.#core = undefined
    await core[Symbol.asyncDispose]()
    this.#events.emit('consumer.disconnect', null, core.env)
  }

  /** Adds topics; only while it does not run. */
  async subscribe(subscription: Subscription): Promise<void> {
    if (this.#consumer !== undefined) {
      throw new KafkaJSNonRetriableError('subscribe while the consumer runs: stop it first')
    }
    const { fromBeginning = false } = subscription
    const topics = 'topics' in subscription ? subscription.topics : [subscription.topic]
    for (const topic of topics) {
      if (!topic) throw new KafkaJSNonRetriableError('subscribe needs topics')
      this.#subscriptions.push({ topic, fromBeginning })
    }
    if (new Set(this.#subscriptions.map(each => each.fromBeginning)).size < 2) return
    this.#subscriptions = this.#subscriptions.slice(0, -topics.length)
    throw new KafkaJSNonRetriableError('fromBeginning has to be the same for all topics')
  }

  /** Resolves when the group was joined, or that failed; consumes in the background. */
  async run(config: ConsumerRunConfig = {}): Promise<void> {
    if (this.#consumer !== undefined) return
    if ((config.eachMessage === undefined) === (config.eachBatch === undefined)) {
      throw new KafkaJSNonRetriableError('run needs either eachMessage or eachBatch')
    }
    const core = await this.#open()
    const consumer = await translated(() => this.#consumerOn(core, config))
    this.#consumer = consumer
    this.#progress = new Progress()
    this.#tell(consumer, core)
    const ended = this.#loop(consumer, core, config)
    // What it cannot join for is told by CRASH, as KafkaJS does.
    await Promise.race([consumer.joined().catch(() => {}), ended])
  }

  /** Waits for handlers at work, commits, and leaves the group. It may be run again. */
  async stop(): Promise<void> {
    const consumer = this.#consumer
    const core = this.#core
    if (consumer !== undefined && core !== undefined) {
      this.#consumer = undefined
      this.#core = undefined
      this.#stopped = this.#stop(consumer, core)
    }
    await this.#stopped
  }

  async describeGroup(): Promise<GroupDescription> {
    const core = await this.#open()
    const [group] = await translated(() => describeGroups(core, [this.#options.groupId]))
    if (group === undefined) throw new KafkaJSError('the coordinator did not answer')
    return groupOf(group)
  }

  async commitOffsets(
    offsets: readonly (TopicPartitionOffset & { metadata?: string | null })[],
  ): Promise<void> {
    const consumer = this.#demandConsumer('commitOffsets')
    const ours = offsets.map(({ topic, partition, offset, metadata }) => {
      return { topic, partition, offset: Number(offset), metadata: metadata ?? undefined }
    })
    await translated(() => consumer.commit(ours))
  }

  /** Goes on at this offset; `-2` is the beginning, `-1` the end. */
  seek({ topic, partition, offset }: TopicPartitionOffset): void {
    const consumer = this.#demandConsumer('seek')
    const target = { topic, partition, offset: namedOffsets.get(offset) ?? Number(offset) }
    try {
      consumer.seek(target)
    } catch (error) {
      throw asKafkaJsError(error)
    }
    this.#progress.sought(topic, partition)
  }

  pause(topics: readonly { topic: string; partitions?: number[] }[]): void {
    this.#demandConsumer('pause').pause(topics)
  }

  resume(topics: readonly { topic: string; partitions?: number[] }[]): void {
    this.#demandConsumer('resume').resume(topics)
  }

  paused(): TopicPartitions[] {
    const byTopic = new Map<string, number[]>()
    for (const { topic, partition } of this.#consumer?.paused() ?? []) {
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition])
    }
    return [...byTopic].map(([topic, partitions]) => ({ topic, partitions }))
  }

  /** Returns what takes the listener away again. */
  on(name: ConsumerEventName, listener: EventListener): () => void {
    return this.#events.on(name, listener)
  }

  async #stop(consumer: OurConsumer, core: ClientCore): Promise<void> {
    await translated(() => consumer.close())
    this.#events.emit('consumer.stop', null, core.env)
    await this.#open()
  }

  async #open(): Promise<ClientCore> {
    const options = await optionsOf(this.#config, this.#options)
    this.#core ??= await translated(() => openCore(options))
    return this.#core
  }

  #consumerOn(core: ClientCore, config: ConsumerRunConfig): OurConsumer {
    const options = this.#options
    return new OurConsumer(core, {
      groupId: options.groupId,
      topics: this.#subscriptions.map(({ topic }) => topic),
      fromBeginning: this.#subscriptions[0]?.fromBeginning,
      assignors: ['RoundRobinAssigner'],
      sessionTimeoutMs: options.sessionTimeout ?? 30_000,
      rebalanceTimeoutMs: options.rebalanceTimeout,
      heartbeatIntervalMs: options.heartbeatInterval,
      maxBytesPerPartition: options.maxBytesPerPartition,
      minBytes: options.minBytes,
      maxBufferedBytes: options.maxBytes ?? 10 * 1024 * 1024,
      maxWaitMs: options.maxWaitTimeInMs ?? 5_000,
      isolationLevel: options.readUncommitted === true ? 'read_uncommitted' : 'read_committed',
      rackId: options.rackId,
      allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
      autoCommit: config.autoCommit,
      autoCommitIntervalMs: config.autoCommitInterval ?? commitIntervalMs,
      restart: { maxRestarts: options.retry?.retries ?? 5, windowMs: crashWindowMs },
    })
  }

  async #loop(consumer: OurConsumer, core: ClientCore, config: ConsumerRunConfig): Promise<void> {
    const { retry = this.#config.retry } = this.#options
    const { groupId } = this.#options
    const deps = { consumer, core, progress: this.#progress, events: this.#events }
    const run = runOptions(deps, config)
    for (;;) {
      try {
        await consumer.run(run)
        return
      } catch (thrown) {
        if (this.#consumer !== consumer) return
        const error = asError(thrown)
        const restart = await this.#mayRestart(error)
        if (this.#consumer !== consumer) return
        this.#events.emit('consumer.crash', { error, groupId, restart }, core.env)
        if (!restart) {
          await this.stop()
          return
        }
        await consumer.stop()
      }
      try {
        await core.env.clock.sleep(retry?.initialRetryTime ?? 300, core.scope.signal)
      } catch {
        return
      }
    }
  }

  async #mayRestart(error: KafkaJSError): Promise<boolean> {
    if (!(error.retriable || error instanceof KafkaJSNumberOfRetriesExceeded)) return false
    try {
      return (await this.#options.retry?.restartOnFailure?.(error)) ?? true
    } catch {
      return true
    }
  }

  /** Our events in KafkaJS's shapes. */
  #tell(consumer: OurConsumer, { env }: ClientCore): void {
    const { groupId } = this.#options
    const progress = this.#progress
    let memberId = ''
    let groupGenerationId = -1
    consumer.on('join', join => {
      memberId = join.memberId
      groupGenerationId = join.generationId
      const memberAssignment = Object.fromEntries(
        Map.groupBy(join.assignment, ({ topic }) => topic)
          .entries()
          .map(([topic, of]) => [topic, of.map(({ partition }) => partition)]),
      )
      const payload = { groupId, memberId, isLeader: join.isLeader, memberAssignment }
      this.#events.emit('consumer.group_join', payload, env)
    })
    consumer.on('heartbeat', () => {
      this.#events.emit('consumer.heartbeat', { groupId, memberId, groupGenerationId }, env)
    })
    consumer.on('rebalance', ({ revoked, lost }) => progress.gone([...revoked, ...lost]))
    consumer.on('commit', ({ offsets, error }) => {
      if (error !== undefined) return
      progress.committed(offsets)
      const topics = [...Map.groupBy(offsets, ({ topic }) => topic)].map(([topic, of]) => ({
        topic,
        partitions: of.map(({ partition, offset }) => ({ partition, offset: `${offset}` })),
      }))
      const payload = { groupId, memberId, groupGenerationId, topics }
      this.#events.emit('consumer.commit_offsets', payload, env)
    })
  }

  #demandConsumer(what: string): OurConsumer {
    if (this.#consumer !== undefined) return this.#consumer
    throw new KafkaJSNonRetriableError(`${what} needs a consumer that runs`)
  }
}

function asError(thrown: unknown): KafkaJSError {
  const error = asKafkaJsError(thrown)
  if (error instanceof KafkaJSError) return error
  return new KafkaJSNonRetriableError(String(error), { cause: error })
}
