// Sends what the fetching machine asks for, and feeds it the answers. Holds no rule of its own: one
// `pump` looks at everything there is to do, and is called whenever something may have changed.

import { zeroUuid } from '@klamm/base'
import type { Timer } from '@klamm/base/env'
import {
  errorNameOf,
  Fetch,
  type FetchRequest,
  type FetchResponse,
  type ItemOf,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { FetchingEffect, FetchPlan } from '../fetching/effects.ts'
import type { FetchPartition } from '../fetching/fetch-partition.ts'
import type { PartitionAsk } from '../fetching/fetch-session.ts'
import { Fetching } from '../fetching/fetching.ts'
import type { TopicInfo } from '../metadata/metadata.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { askOffsets } from './offset-questions.ts'

/** The last version that names topics; later ones need topic ids. */
const lastVersionByName = 12

interface FetchDriverOptions {
  readonly core: ClientCore
  readonly options: ResolvedConsumerOptions<unknown, unknown>
  /** Asks for committed offsets of partitions, or decides without. */
  readonly position: (partitions: readonly FetchPartition[]) => void
  /** The partition has something new, or its position became known. */
  readonly onProgress: (partition: FetchPartition) => void
  readonly onFailed: (error: KafkaError) => void
}

export class FetchDriver {
  readonly fetching: Fetching
  readonly #given: FetchDriverOptions
  readonly #core: ClientCore
  #timer: Timer | undefined
  #isStopped = false
  #lastFetchAtMs: number | undefined

  constructor(given: FetchDriverOptions) {
    this.#given = given
    this.#core = given.core
    const { options, core } = given
    this.fetching = new Fetching(
      {
        maxBufferedBytes: options.maxBufferedBytes,
        maxBytesPerPartition: options.maxBytesPerPartition,
        resetPolicy: options.resetPolicy,
        isReadCommitted: options.isReadCommitted,
        readReplicaMs: core.options.metadataMaxAgeMs,
        retry: core.options.retry,
      },
      core.env.random,
    )
  }

  /** Wall time of the last answer to a fetch. */
  get lastFetchAtMs(): number | undefined {
    return this.#lastFetchAtMs
  }

  /** What metadata says of a topic; undefined when it is gone. */
  topicKnown(name: string, topic: TopicInfo | undefined): void {
    this.fetching.topicKnown(name, topic)
  }

  /** Sends everything that there is to send now. */
  pump(): void {
    if (this.#isStopped) return
    const { fetching } = this
    const nowMs = this.#core.env.clock.monotonicMs()
    const unpositioned = fetching.positions.takeUnpositioned(nowMs)
    if (unpositioned.length > 0) this.#given.position(unpositioned)
    for (const question of fetching.positions.takeQuestions(nowMs)) {
      this.#core.scope.spawn('offsets', async signal => {
        await askOffsets(this.#core, question, fetching.positions, {
          isReadCommitted: this.#given.options.isReadCommitted,
          signal,
        })
        for (const { partition } of question.entries) this.#given.onProgress(partition)
        this.pump()
      })
    }
    for (const plan of fetching.plans(nowMs)) {
      this.#core.scope.spawn('fetch', signal => this.#fetch(plan, signal))
    }
    this.#perform(fetching.takeEffects())
    this.#setTimer(nowMs)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #fetch(plan: FetchPlan, signal: AbortSignal): Promise<void> {
    const { core, fetching } = { core: this.#core, fetching: this.fetching }
    const { clock } = core.env
    const { maxWaitMs } = this.#given.options
    const sentAtMs = clock.monotonicMs()
    try {
      const response = await core.brokers.request(plan.brokerId, Fetch, this.#request(plan), {
        signal,
        // What is expected to be answered at once does not wait behind what is parked.
        lane: plan.isExpress ? 'main' : 'fetch',
        timeoutMs: core.options.requestTimeoutMs + maxWaitMs,
        maxVersion: plan.request.usesTopicIds ? undefined : lastVersionByName,
      })
      this.#lastFetchAtMs = clock.wallMs()
      this.#take(plan, response)
      this.#publish(plan, response, clock.monotonicMs() - sentAtMs)
    } catch (error) {
      if (signal.aborted) return
      if (!KafkaError.is(error)) throw error
      fetching.lost(plan, clock.monotonicMs())
      if (!error.retriable) this.#given.onFailed(error)
    }
    this.pump()
  }

  #request(plan: FetchPlan): FetchRequest {
    const { minBytes, maxWaitMs, isReadCommitted, rackId } = this.#given.options
    const { request, isExpress } = plan
    return {
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: isExpress ? 0 : maxWaitMs,
      minBytes: isExpress ? 0 : minBytes,
      maxBytes: plan.maxBytes,
      isolationLevel: isReadCommitted ? 1 : 0,
      sessionId: request.sessionId,
      sessionEpoch: request.sessionEpoch,
      topics: topicsOf(request.asks),
      forgottenTopicsData: forgottenOf(request.forgotten),
      rackId: rackId ?? '',
    }
  }

  #take(plan: FetchPlan, response: FetchResponse): void {
    const { fetching } = this
    const nowMs = this.#core.env.clock.monotonicMs()
    for (const { topic, topicId, partitions } of response.responses) {
      const name = topic === '' ? this.#core.metadata.nameOf(topicId) : topic
      if (name === undefined) continue
      for (const data of partitions) {
        fetching.partitionAnswered(plan, `${name}-${data.partitionIndex}`, data, nowMs)
      }
    }
    fetching.answered(plan, errorNameOf(response.errorCode), response.sessionId, nowMs)
    for (const { partition } of plan.partitions.values()) this.#given.onProgress(partition)
    const hints = response.nodeEndpoints
    if (hints.length > 0) {
      const endpoints = hints.map(({ nodeId, host, port, rack }) => {
        return { id: nodeId, host, port, rack }
      })
      this.#core.brokers.learn(endpoints)
    }
  }

  #perform(effects: readonly FetchingEffect[]): void {
    const { metadata, env } = this.#core
    for (const effect of effects) {
      switch (effect.kind) {
        case 'refresh':
          metadata.invalidate(effect.topic)
          break
        case 'leaderHint': {
          const { topic, partition, leaderId, leaderEpoch } = effect
          metadata.leaderHint(topic, partition, leaderId, leaderEpoch)
          break
        }
        case 'note':
          env.log.warn(effect.message)
          break
        default: {
          const { error, message, partition } = effect
          const where = { topic: partition.topic, partition: partition.partition, fatal: true }
          const code = error === 'NO_OFFSET' ? 'ERR_NO_OFFSET' : error
          this.#given.onFailed(new KafkaError(code, message, where))
        }
      }
    }
  }

  #setTimer(nowMs: number): void {
    this.#timer?.cancel()
    const atMs = this.fetching.nextDeadlineMs(nowMs)
    this.#timer =
      atMs === undefined
        ? undefined
        : this.#core.env.clock.setTimer(atMs - nowMs, () => {
            this.#timer = undefined
            this.pump()
          })
  }

  #publish(plan: FetchPlan, response: FetchResponse, durationMs: number): void {
    const { consumerFetch } = this.#core.diagnostics
    if (!consumerFetch.hasSubscribers) return
    let bytes = 0
    for (const { partitions } of response.responses) {
      for (const { records } of partitions) {
        for (const chunk of records ?? []) bytes += chunk.length
      }
    }
    const { clientId } = this.#core
    const { groupId } = this.#given.options
    consumerFetch.publish({ clientId, groupId, brokerId: plan.brokerId, bytes, durationMs })
  }
}

type AskedTopic = ItemOf<FetchRequest['topics']>
type AskedPartition = ItemOf<AskedTopic['partitions']>

function topicsOf(asks: readonly PartitionAsk[]): AskedTopic[] {
  const byTopic = new Map<string, { ask: PartitionAsk; partitions: AskedPartition[] }>()
  for (const ask of asks) {
    let known = byTopic.get(ask.topic)
    if (known === undefined) {
      known = { ask, partitions: [] }
      byTopic.set(ask.topic, known)
    }
    known.partitions.push({
      partition: ask.partition,
      currentLeaderEpoch: ask.leaderEpoch,
      fetchOffset: ask.fetchOffset,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: ask.maxBytes,
      replicaDirectoryId: zeroUuid,
      highWatermark: Number.MAX_SAFE_INTEGER,
    })
  }
  return [...byTopic.values()].map(({ ask, partitions }) => {
    return { topic: ask.topic, topicId: ask.topicId, partitions }
  })
}

function forgottenOf(asks: readonly PartitionAsk[]): FetchRequest['forgottenTopicsData'] {
  const byTopic = new Map<string, { ask: PartitionAsk; partitions: number[] }>()
  for (const ask of asks) {
    // By id: a topic that was made anew has two.
    const key = `${ask.topicId} ${ask.topic}`
    const known = byTopic.get(key) ?? { ask, partitions: [] }
    byTopic.set(key, known)
    known.partitions.push(ask.partition)
  }
  return [...byTopic.values()].map(({ ask, partitions }) => {
    return { topic: ask.topic, topicId: ask.topicId, partitions }
  })
}
