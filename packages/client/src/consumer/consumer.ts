// The public class: a member of a consumer group, or a reader of given partitions.

import type { Buffer } from 'node:buffer'
import { once } from '@klamm/base/env'
import type { TopicPartition } from '../assignors/partitions.ts'
import type { ClientCore } from '../core.ts'
import { abortedError, KafkaError } from '../errors.ts'
import type { OffsetToCommit } from './commits.ts'
import {
  type ConsumerOptions,
  invalid,
  type ResolvedConsumerOptions,
  resolveConsumerOptions,
} from './consumer-options.ts'
import { Engine, type Wishes } from './engine.ts'
import { type ConsumerEventName, type ConsumerEvents, EventHub } from './events.ts'
import { type ConsumerHealth, healthOf, type PartitionLag, partitionLag } from './health.ts'
import type { Batch, Message } from './message.ts'
import type { OwnedPartition } from './owned-partition.ts'
import { PartitionStreams } from './partition-streams.ts'
import { RecordErrors } from './record-errors.ts'
import { RunLoop, type RunOptions } from './run-loop.ts'
import type { SeekTarget } from './start-offsets.ts'
import {
  batchSource,
  messageSource,
  type PartitionStream,
  RecordStream,
  type Source,
} from './streams.ts'

export interface SignalOptions {
  readonly signal?: AbortSignal | undefined
}

/** Whole topics, or some of their partitions. */
export interface TopicPartitions {
  readonly topic: string
  readonly partitions?: readonly number[] | undefined
}

/** How long `close` takes at most when it is not told, in ms. */
const closeTimeoutMs = 10_000

/**
 * Consumes by `run`, or by iteration over `messages`, `batches` or `partitions`; one of them at a
 * time. It connects and joins its group when the first of them is called. What was done is
 * committed, in the background, on revoke and on close: every message is seen at least once.
 *
 * A handler that never returns holds up its partition alone. A rebalance that takes the partition
 * away waits for it for nearly `rebalanceTimeoutMs`, then goes on; what the handler commits later
 * is refused, and whoever has the partition then sees the message again.
 */
export class Consumer<K = Buffer, V = Buffer> implements AsyncDisposable {
  readonly #core: ClientCore
  readonly #options: ResolvedConsumerOptions<K, V>
  readonly #events: EventHub
  readonly #recordErrors: RecordErrors
  readonly #wishes: Wishes = {
    pausedTopics: new Set(),
    pausedPartitions: new Set(),
    seeks: new Map(),
  }
  #topics: readonly (string | RegExp)[]
  #engine: Engine<K, V> | undefined
  #stopped: Promise<void> | undefined
  #failure: KafkaError | undefined
  #isClosed = false
  #isConsuming = false

  /** The consumer owns the core from then on. Throws ERR_INVALID_ARGUMENT. */
  constructor(core: ClientCore, options: ConsumerOptions<K, V>) {
    this.#core = core
    this.#options = resolveConsumerOptions(options)
    this.#topics = this.#options.topics
    this.#events = new EventHub(core.env.log)
    const { onRecordError, deadLetterTopic } = this.#options
    this.#recordErrors = new RecordErrors(core, { onRecordError, deadLetterTopic }, this.#events)
    core.scope.signal.addEventListener('abort', this.#onCoreClosed, { once: true })
  }

  get groupId(): string | undefined {
    return this.#options.groupId
  }

  /** Connects to the cluster, which happens by itself otherwise. */
  async connect(options: SignalOptions = {}): Promise<void> {
    this.#demandOpen()
    await this.#core.metadata.refresh(options.signal)
  }

  /**
   * Replaces the topics. While the consumer runs this makes the group rebalance; resolves when the
   * new topics are known, not when they are assigned.
   */
  async subscribe(subscription: { readonly topics: readonly (string | RegExp)[] }): Promise<void> {
    this.#demandOpen()
    if (this.#options.partitions !== undefined) {
      throw invalid('a consumer of given partitions does not subscribe')
    }
    this.#topics = subscription.topics
    await this.#engine?.subscribe(subscription.topics)
  }

  /**
   * Hands messages to the handler until it is stopped, then resolves; rejects only by an error
   * after which it cannot go on. Being joined is not waited for: see `joined`.
   */
  async run(options: RunOptions<K, V>): Promise<void> {
    const engine = this.#begin()
    const abort = new AbortController()
    const onAbort = (): void => abort.abort()
    const { signal } = options
    try {
      const { delivery } = engine
      const deps = {
        core: engine.core,
        options: this.#options,
        delivery,
        events: this.#events,
        recordErrors: this.#recordErrors,
      }
      const loop = new RunLoop(deps, options, abort.signal)
      engine.stopping.signal.addEventListener('abort', onAbort)
      signal?.addEventListener('abort', onAbort)
      if (signal?.aborted === true) onAbort()
      await Promise.race([loop.go(), failureOf(engine)])
    } catch (error) {
      const fatal = KafkaError.is(error) ? error : handlerError(error)
      engine.failed(fatal)
      throw fatal
    } finally {
      engine.stopping.signal.removeEventListener('abort', onAbort)
      signal?.removeEventListener('abort', onAbort)
      abort.abort()
      this.#isConsuming = false
    }
    if (signal?.aborted === true) await this.stop()
    if (engine.failure !== undefined) throw engine.failure
  }

  /**
   * The messages of all partitions, one after the other. Asking for the next one says that the one
   * before is done; leaving the loop does not: then it comes again, unless it was committed.
   */
  messages(options: SignalOptions = {}): AsyncIterableIterator<Message<K, V>, undefined> {
    return this.#stream(engine => messageSource(engine.delivery), options)
  }

  /** What was fetched of one partition at a time; done as `messages`. */
  batches(options: SignalOptions = {}): AsyncIterableIterator<Batch<K, V>, undefined> {
    const { maxBytesPerPartition } = this.#options
    return this.#stream(engine => batchSource(engine.delivery, maxBytesPerPartition), options)
  }

  /**
   * Each partition as it is assigned, as an iterable of its messages that ends when the partition
   * is taken away. One whose loop was left comes again.
   */
  partitions(options: SignalOptions = {}): AsyncIterableIterator<PartitionStream<K, V>, undefined> {
    return this.#stream(engine => {
      const { clock } = this.#core.env
      return new PartitionStreams(engine, this.#recordErrors, clock, options.signal)
    }, options)
  }

  /**
   * Commits offsets, each the next one to read; everything that was done when left out. Resolves
   * when the coordinator has them.
   */
  async commit(offsets?: readonly OffsetToCommit[]): Promise<void> {
    const bad = offsets?.find(({ offset }) => !Number.isSafeInteger(offset) || offset < 0)
    if (bad !== undefined) throw invalid(`${bad.offset} is no offset`)
    await this.#demandEngine('commit').commit(offsets)
  }

  /**
   * Goes on somewhere else; what was read ahead is dropped. For a partition that is not assigned
   * yet: begins there when it is.
   */
  seek(target: TopicPartition & SeekTarget): void {
    this.#demandOpen()
    const { topic, partition } = target
    if ('offset' in target && typeof target.offset === 'number') {
      const isOffset = Number.isSafeInteger(target.offset) && target.offset >= 0
      if (!isOffset) throw invalid(`${target.offset} is no offset`)
    }
    const key = `${topic}-${partition}`
    const owned = this.#engine?.owned.get(key)
    if (owned === undefined) this.#wishes.seeks.set(key, target)
    else this.#engine?.seek(owned, target)
  }

  /** Hands out nothing more of these, also when they are assigned later; what is at work ends. */
  pause(topicPartitions: readonly TopicPartitions[]): void {
    this.#demandOpen()
    const { pausedTopics, pausedPartitions } = this.#wishes
    for (const { topic, partitions } of topicPartitions) {
      if (partitions === undefined) pausedTopics.add(topic)
      for (const partition of partitions ?? []) pausedPartitions.add(`${topic}-${partition}`)
    }
    this.#engine?.applyPauses()
  }

  resume(topicPartitions: readonly TopicPartitions[]): void {
    this.#demandOpen()
    const { pausedTopics, pausedPartitions } = this.#wishes
    for (const { topic, partitions } of topicPartitions) {
      if (partitions === undefined) {
        pausedTopics.delete(topic)
        for (const key of [...pausedPartitions]) {
          if (key.slice(0, key.lastIndexOf('-')) === topic) pausedPartitions.delete(key)
        }
      }
      for (const partition of partitions ?? []) pausedPartitions.delete(`${topic}-${partition}`)
    }
    this.#engine?.applyPauses()
  }

  /** Partitions that are assigned and paused. */
  paused(): TopicPartition[] {
    return this.#list(({ fetch }) => fetch.isPaused)
  }

  assignment(): TopicPartition[] {
    return this.#list(({ state }) => state === 'active')
  }

  /**
   * Joins, if it has not yet; resolves when there is an assignment, perhaps an empty one, and it is
   * known where each partition begins: what is produced from then on will be seen. Rejects with
   * what the consumer failed with, or ERR_ABORTED.
   */
  async joined({ signal }: SignalOptions = {}): Promise<void> {
    const joined = this.#start().joined()
    if (signal === undefined) return joined
    joined.catch(() => {})
    const aborted = Promise.withResolvers<never>()
    const onAbort = (): void => aborted.reject(abortedError(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    try {
      await Promise.race([joined, aborted.promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /** How it is, for a health check: see `ConsumerHealth`. */
  health(): ConsumerHealth {
    const state = this.#isClosed ? 'closed' : this.#failure === undefined ? undefined : 'failed'
    return healthOf(this.#engine, state, this.#options.isReadCommitted)
  }

  /** Messages between where it is and the end of each partition, as of the last fetch. */
  lag(): PartitionLag[] {
    return partitionLag(this.#engine, this.#options.isReadCommitted)
  }

  on<E extends ConsumerEventName>(name: E, listener: (event: ConsumerEvents[E]) => void): this {
    this.#events.on(name, listener)
    return this
  }

  off<E extends ConsumerEventName>(name: E, listener: (event: ConsumerEvents[E]) => void): this {
    this.#events.off(name, listener)
    return this
  }

  /**
   * Ends `run` and iterations once handlers at work have ended, commits what they did, and leaves
   * the group. It may be run again afterwards.
   */
  async stop({ timeoutMs = closeTimeoutMs }: { readonly timeoutMs?: number } = {}): Promise<void> {
    const engine = this.#engine
    if (engine === undefined) return
    this.#stopped ??= this.#stop(engine, timeoutMs)
    await this.#stopped
  }

  /**
   * As `stop`, and closes its connections. May be called again and again; after `timeoutMs` it does
   * not wait any more, neither for handlers nor for brokers.
   */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#isClosed = true
    await this.stop(options)
    await this.#dispose()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  readonly #dispose = once(async () => {
    this.#core.scope.signal.removeEventListener('abort', this.#onCoreClosed)
    await this.#core[Symbol.asyncDispose]()
    this.#events.clear()
  })

  readonly #onCoreClosed = (): void => {
    this.#isClosed = true
    void this.stop({ timeoutMs: 0 })
  }

  async #stop(engine: Engine<K, V>, timeoutMs: number): Promise<void> {
    const abort = new AbortController()
    const timer = this.#core.env.clock.setTimer(timeoutMs, () => abort.abort())
    if (timeoutMs <= 0) abort.abort()
    try {
      await engine.stop(abort.signal)
    } finally {
      timer.cancel()
      this.#engine = undefined
      this.#stopped = undefined
      this.#isConsuming = false
      this.#events.emit('stop', { error: engine.failure })
    }
  }

  #start(): Engine<K, V> {
    this.#demandOpen()
    if (this.#engine !== undefined) return this.#engine
    if (this.#options.partitions === undefined && this.#topics.length === 0) {
      throw invalid('nothing is subscribed to: give topics, or call subscribe')
    }
    this.#failure = undefined
    const engine = new Engine(this.#core, this.#options, this.#topics, this.#events, this.#wishes)
    this.#engine = engine
    // Whoever cannot go on must not keep partitions from others.
    engine.onFailed = () => {
      this.#failure = engine.failure
      void this.stop()
    }
    engine.start()
    return engine
  }

  #begin(): Engine<K, V> {
    const engine = this.#start()
    if (this.#isConsuming) throw invalid('it is consumed already: by run or an iteration')
    if (engine.stopping.signal.aborted) throw invalid('the consumer is being stopped')
    this.#isConsuming = true
    return engine
  }

  #stream<T>(
    sourceOf: (engine: Engine<K, V>) => Source<T>,
    { signal }: SignalOptions,
  ): RecordStream<T> {
    const engine = this.#begin()
    return new RecordStream<T>(sourceOf(engine), {
      clock: this.#core.env.clock,
      recordErrors: this.#recordErrors,
      stopSignal: engine.stopping.signal,
      failure: () => engine.failure,
      signal,
      onFatal: error => engine.failed(KafkaError.is(error) ? error : handlerError(error)),
      onEnd: () => {
        this.#isConsuming = false
      },
    })
  }

  #list(isWanted: (partition: OwnedPartition<K, V>) => boolean): TopicPartition[] {
    const owned = [...(this.#engine?.owned.values() ?? [])].filter(isWanted)
    return owned.map(({ topic, partition }) => ({ topic, partition }))
  }

  #demandEngine(what: string): Engine<K, V> {
    this.#demandOpen()
    if (this.#engine !== undefined) return this.#engine
    throw invalid(`${what} needs a consumer that runs`)
  }

  #demandOpen(): void {
    if (this.#isClosed) throw new KafkaError('ERR_CLOSED', 'the consumer was closed')
  }
}

/** Rejects when the engine fails; otherwise pends, and is forgotten with it. */
function failureOf<K, V>(engine: Engine<K, V>): Promise<never> {
  return new Promise((_, reject) => {
    const { signal } = engine.stopping
    const onAbort = (): void => {
      if (engine.failure !== undefined) reject(engine.failure)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
}

function handlerError(cause: unknown): KafkaError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new KafkaError('ERR_HANDLER', why, { cause, fatal: true })
}
