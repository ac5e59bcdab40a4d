// What this client knows of the cluster: brokers, topics, who leads which partition. Kept as a
// cache that is read synchronously, filled by Metadata requests to any broker.

import { type BackoffOptions, type Uuid, zeroUuid } from '@klamm/base'
import type { TaskScope } from '@klamm/base/env'
import { errorNameOf, Metadata as MetadataApi, type MetadataResponse } from '@klamm/protocol'
import type { ClientEnv } from '../env.ts'
import { KafkaError } from '../errors.ts'
import { unknownTopicMs } from '../limits.ts'
import type { BrokerEndpoint, Brokers } from '../network/brokers.ts'
import { retrying } from '../network/retry.ts'
import { within } from '../network/within.ts'
import { Batcher } from './batcher.ts'
import { Refresher } from './refresher.ts'
import { TopicCache } from './topic-cache.ts'
import type { TopicInfo } from './topic-info.ts'
import { type MetadataChange, type Watch, WatchedTopics } from './watch.ts'

export type { TopicInfo } from './topic-info.ts'
export type { MetadataChange, Watch } from './watch.ts'

export interface TopicOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the topic; the client's `requestTimeoutMs` when left out. */
  readonly timeoutMs?: number | undefined
  /** Whether the broker may create a topic that does not exist; false when left out. */
  readonly allowAutoTopicCreation?: boolean | undefined
}

export interface MetadataDependencies {
  readonly env: ClientEnv
  readonly brokers: Brokers
  readonly scope: TaskScope
  readonly metadataMaxAgeMs: number
  readonly requestTimeoutMs: number
  readonly retry: BackoffOptions
}

type Found = ReadonlyMap<string, TopicInfo | KafkaError>

export class Metadata implements Disposable {
  readonly #deps: MetadataDependencies
  readonly #cache = new TopicCache()
  readonly #watches = new Set<WatchedTopics>()
  readonly #refresher: Refresher
  readonly #ask = new Batcher(names => this.#request(names, false))
  readonly #askAndCreate = new Batcher(names => this.#request(names, true))
  readonly #askAll = new Batcher(() => this.#request(null, false))
  #clusterId: string | undefined
  #controllerId = -1

  constructor(deps: MetadataDependencies) {
    this.#deps = deps
    const { env, scope, metadataMaxAgeMs, retry } = deps
    this.#refresher = new Refresher({
      clock: env.clock,
      random: env.random,
      log: env.log,
      scope,
      maxAgeMs: metadataMaxAgeMs,
      retry,
      refresh: signal => this.refresh(signal),
      isAnyWatched: () => this.#watches.size > 0,
      isAnyMissing: () => this.#isAnyMissing(),
    })
  }

  /** By broker id. Empty until the first answer. */
  get brokers(): ReadonlyMap<number, BrokerEndpoint> {
    return this.#deps.brokers.known
  }

  /** Undefined until the first answer. */
  get clusterId(): string | undefined {
    return this.#clusterId
  }

  /** -1 while unknown. On KRaft some broker: any broker forwards to the controller. */
  get controllerId(): number {
    return this.#controllerId
  }

  /** What is known now, fresh or not; for hot paths. Undefined when the topic is unknown. */
  cached(topic: string): TopicInfo | undefined {
    return this.#cache.get(topic)
  }

  /** The name of a topic that is known by id. */
  nameOf(topicId: Uuid): string | undefined {
    return this.#cache.nameOf(topicId)
  }

  /**
   * The topic, from the cache while it is fresh. Waits while the cluster cannot tell yet
   * (LEADER_NOT_AVAILABLE, a topic being created, no broker reachable); a partition without leader
   * is told as such (`leaderId` -1) and not waited for.
   *
   * Rejects with UNKNOWN_TOPIC_OR_PARTITION when the topic stays unknown (a topic that nobody may
   * create is waited for only briefly), INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED,
   * ERR_ABORTED, ERR_CLOSED, or with what the last attempt failed with.
   */
  async topic(name: string, options: TopicOptions = {}): Promise<TopicInfo> {
    const { clock } = this.#deps.env
    const fresh = this.#cache.fresh(name, clock.monotonicMs() - this.#deps.metadataMaxAgeMs)
    if (fresh !== undefined) return fresh
    const mayCreate = options.allowAutoTopicCreation ?? false
    const patienceMs = clock.monotonicMs() + (mayCreate ? Number.POSITIVE_INFINITY : unknownTopicMs)
    return this.#retrying(options, `metadata of ${name}`, patienceMs, async () => {
      const found = (await (mayCreate ? this.#askAndCreate : this.#ask).ask([name])).get(name)
      if (found === undefined) throw unknownTopic(name)
      if (KafkaError.is(found)) throw found
      return found
    })
  }

  /**
   * Fresh from a broker: the topics of these names that exist, or all. Topics that do not exist
   * are left out; other errors of single topics reject as `topic` does.
   */
  async topics(names: Iterable<string> | 'all', options: TopicOptions = {}): Promise<TopicInfo[]> {
    const list = names === 'all' ? 'all' : [...new Set(names)]
    if (list.length === 0) return []
    return this.#retrying(options, 'metadata of topics', 0, async () => {
      const found = await (list === 'all' ? this.#askAll.ask([]) : this.#ask.ask(list))
      const topics: TopicInfo[] = []
      for (const name of list === 'all' ? found.keys() : list) {
        const topic = found.get(name)
        if (topic === undefined) continue
        if (!KafkaError.is(topic)) topics.push(topic)
        else if (topic.code !== 'UNKNOWN_TOPIC_OR_PARTITION') throw topic
      }
      return topics
    })
  }

  /**
   * What is known of the topic (of everything when left out) turned out to be wrong, for example
   * by NOT_LEADER_OR_FOLLOWER. It stays readable by `cached`; `topic` asks anew, and a refresh in
   * the background begins. Many calls make one request, and failures back off.
   */
  invalidate(topic?: string): void {
    if (topic !== undefined) this.#cache.doubt(topic)
    else for (const name of this.#cache.names()) this.#cache.doubt(name)
    this.#refresher.soon()
  }

  /** Asks again, once, for everything that is known or watched. Rejects with KafkaError. */
  async refresh(signal?: AbortSignal): Promise<void> {
    const names = new Set(this.#cache.names())
    let isAll = false
    for (const { topics } of this.#watches) {
      if (topics === 'all') isAll = true
      else for (const name of topics) names.add(name)
    }
    const asked = isAll ? this.#askAll.ask([]) : this.#ask.ask(names)
    const { env, requestTimeoutMs } = this.#deps
    await within(asked, env.clock, requestTimeoutMs, 'metadata', { signal })
  }

  /**
   * A broker told who leads now (KIP-951). Ignored when the epoch is not newer than what is known,
   * or when nobody says where the leader is. Returns whether it was news.
   */
  leaderHint(
    topic: string,
    partition: number,
    leaderId: number,
    leaderEpoch: number,
    endpoints: readonly BrokerEndpoint[] = [],
  ): boolean {
    const { brokers } = this.#deps
    if (endpoints.length > 0) brokers.learn(endpoints)
    if (leaderId < 0 || !brokers.known.has(leaderId)) return false
    const info = this.#cache.lead(topic, partition, leaderId, leaderEpoch)
    if (info === undefined) return false
    this.#tell({ changed: [info], gone: [] })
    return true
  }

  /** Keeps topics fresh: every `metadataMaxAgeMs`, and sooner after `invalidate`. */
  watch(topics: Iterable<string> | 'all'): Watch {
    const watch = new WatchedTopics({
      onUpdate: () => this.#refresher.now(),
      onDispose: () => {
        this.#watches.delete(watch)
        if (this.#watches.size === 0) this.#refresher.rest()
      },
    })
    this.#watches.add(watch)
    watch.update(topics)
    return watch
  }

  /** No refresh begins any more. */
  [Symbol.dispose](): void {
    this.#refresher[Symbol.dispose]()
  }

  /** Retries for as long as the options give; `patienceMs` is when unknown means unknown. */
  #retrying<T>(
    options: TopicOptions,
    what: string,
    patienceMs: number,
    attempt: () => Promise<T>,
  ): Promise<T> {
    const { env, requestTimeoutMs, retry } = this.#deps
    const { clock } = env
    const deadlineMs = clock.monotonicMs() + (options.timeoutMs ?? requestTimeoutMs)
    const isRetriable = (error: unknown): boolean => {
      if (!KafkaError.is(error) || !error.retriable) return false
      if (error.code !== 'UNKNOWN_TOPIC_OR_PARTITION') return true
      return clock.monotonicMs() < patienceMs
    }
    return retrying(env, { retry, deadlineMs, signal: options.signal, isRetriable }, () =>
      within(attempt(), clock, Math.max(0, deadlineMs - clock.monotonicMs()), what, options),
    )
  }

  async #request(names: readonly string[] | null, mayCreate: boolean): Promise<Found> {
    const { brokers, requestTimeoutMs } = this.#deps
    const body = {
      topics: names === null ? null : names.map(name => ({ name, topicId: zeroUuid })),
      allowAutoTopicCreation: mayCreate,
      includeClusterAuthorizedOperations: false,
      includeTopicAuthorizedOperations: false,
    }
    // A broker that hangs leaves time to ask another.
    const timeoutMs = requestTimeoutMs / 3
    const response = await brokers.request('any', MetadataApi, body, { timeoutMs })
    if (response.errorCode !== 0) {
      const code = errorNameOf(response.errorCode)
      // What we know is of no use any more: begin at the bootstrap addresses (KIP-1102).
      if (code === 'REBOOTSTRAP_REQUIRED') brokers.learn([], { isComplete: true })
      throw new KafkaError(code, `Metadata: ${code}`, { retriable: true })
    }
    return this.#apply(response, names === null)
  }

  #apply(response: MetadataResponse, isAll: boolean): Found {
    const { brokers, env } = this.#deps
    // A broker that has just started may know of nobody.
    if (response.brokers.length > 0) {
      const endpoints = response.brokers.map(({ nodeId, host, port, rack }) => {
        return { id: nodeId, host, port, rack }
      })
      brokers.learn(endpoints, { isComplete: true })
    }
    if (response.clusterId !== null) this.#clusterId = response.clusterId
    this.#controllerId = response.controllerId
    const nowMs = env.clock.monotonicMs()
    const found = new Map<string, TopicInfo | KafkaError>()
    const change = { changed: [] as TopicInfo[], gone: [] as string[] }
    for (const topic of response.topics) {
      const { name } = topic
      if (name === null) continue
      if (topic.errorCode === 0) {
        const { info, isNews } = this.#cache.learn(topic, name, nowMs)
        if (isNews) change.changed.push(info)
        found.set(name, info)
      } else {
        const code = errorNameOf(topic.errorCode)
        if (code === 'UNKNOWN_TOPIC_OR_PARTITION' && this.#cache.forget(name)) {
          change.gone.push(name)
        }
        found.set(name, new KafkaError(code, `metadata of ${name}: ${code}`, { topic: name }))
      }
    }
    if (isAll) {
      for (const name of [...this.#cache.names()]) {
        if (!found.has(name) && this.#cache.forget(name)) change.gone.push(name)
      }
    }
    this.#tell(change)
    return found
  }

  #tell(change: MetadataChange): void {
    if (change.changed.length === 0 && change.gone.length === 0) return
    for (const watch of [...this.#watches]) watch.tell(change)
  }

  #isAnyMissing(): boolean {
    for (const { topics } of this.#watches) {
      if (topics === 'all') continue
      for (const name of topics) if (this.#cache.get(name) === undefined) return true
    }
    return false
  }
}

function unknownTopic(name: string): KafkaError {
  const code = 'UNKNOWN_TOPIC_OR_PARTITION'
  return new KafkaError(code, `metadata of ${name}: ${code}`, { topic: name })
}
