// KafkaJS's admin on ours: shapes and classes of errors are changed, nothing else.

import { Admin as OurAdmin } from '../admin/admin.ts'
import { type ClientCore, openCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { adminEvents } from './constants.ts'
import {
  asKafkaJsError,
  KafkaJSAggregateError,
  KafkaJSDeleteGroupsError,
  KafkaJSError,
  translated,
} from './errors.ts'
import { type EventListener, Events } from './events.ts'
import { type GroupDescription, groupOf } from './groups.ts'
import { demandSupported, type KafkaConfig, optionsOf, type RetryOptions } from './options.ts'
import { type PartitionMetadata, partitionMetadata } from './partitioners.ts'

type EventName = (typeof adminEvents)[keyof typeof adminEvents]

export interface AdminConfig {
  readonly retry?: RetryOptions
}

export interface PartitionOffset {
  partition: number
  offset: string
}

export interface TopicConfig {
  topic: string
  /** -1, as when left out: the cluster's. */
  numPartitions?: number
  replicationFactor?: number
  replicaAssignment?: { partition: number; replicas: number[] }[]
  configEntries?: { name: string; value: string }[]
}

interface Timed {
  /** How long the call may take, in ms; `requestTimeout` when left out. */
  timeout?: number
}

export class Admin {
  readonly events = adminEvents
  readonly #config: KafkaConfig
  readonly #options: AdminConfig
  readonly #events = new Events<EventName>(adminEvents)
  #connected: { readonly core: ClientCore; readonly admin: OurAdmin } | undefined

  constructor(config: KafkaConfig, options: AdminConfig) {
    this.#config = config
    this.#options = options
  }

  async connect(): Promise<void> {
    if (this.#connected !== undefined) return
    const options = await optionsOf(this.#config, this.#options)
    const core = await translated(() => openCore(options))
    const admin = new OurAdmin(core)
    try {
      await translated(() => admin.connect())
    } catch (error) {
      await admin.close()
      throw error
    }
    this.#connected = { core, admin }
    this.#events.emit('admin.connect', null, core.env)
  }

  async disconnect(): Promise<void> {
    const connected = this.#connected
    if (connected === undefined) return
    this.#connected = undefined
    await connected.admin.close()
    this.#events.emit('admin.disconnect', null, connected.core.env)
  }

  /** Returns what takes the listener away again. */
  on(name: EventName, listener: EventListener): () => void {
    return this.#events.on(name, listener)
  }

  /** Internal ones as well. */
  listTopics(): Promise<string[]> {
    return this.#ask(admin => admin.listTopics({ includeInternal: true }))
  }

  /** False when those that failed exist already. Rejects with KafkaJSAggregateError. */
  async createTopics(
    request: { topics: TopicConfig[]; validateOnly?: boolean; waitForLeaders?: boolean } & Timed,
  ): Promise<boolean> {
    const { validateOnly, waitForLeaders, timeout } = request
    const topics = request.topics.map(({ configEntries = [], ...topic }) => ({
      ...topic,
      numPartitions: orDefault(topic.numPartitions),
      replicationFactor: orDefault(topic.replicationFactor),
      configs: Object.fromEntries(configEntries.map(({ name, value }) => [name, value])),
    }))
    try {
      const options = { timeoutMs: timeout }
      await this.#admin.createTopics({ topics, validateOnly, waitForLeaders }, options)
      return true
    } catch (error) {
      if (errorsOf(error).length > 0 && errorsOf(error).every(isExisting)) return false
      throw aggregate(error)
    }
  }

  async deleteTopics({ topics, timeout }: { topics: string[] } & Timed): Promise<void> {
    await this.#ask(admin => admin.deleteTopics({ topics }, { timeoutMs: timeout }))
  }

  async createPartitions(
    request: {
      topicPartitions: { topic: string; count: number; assignments?: number[][] }[]
      validateOnly?: boolean
    } & Timed,
  ): Promise<boolean> {
    const { timeout, ...rest } = request
    try {
      await this.#admin.createPartitions(rest, { timeoutMs: timeout })
      return true
    } catch (error) {
      throw aggregate(error)
    }
  }

  async fetchTopicMetadata({ topics }: { topics?: string[] } = {}): Promise<{
    topics: { name: string; partitions: PartitionMetadata[] }[]
  }> {
    const found = await this.#ask(async admin => {
      return admin.describeTopics(topics ?? (await admin.listTopics({ includeInternal: true })))
    })
    return {
      topics: found.map(({ topic: name, partitions }) => {
        return { name, partitions: partitions.map(partitionMetadata) }
      }),
    }
  }

  async fetchTopicOffsets(
    topic: string,
  ): Promise<(PartitionOffset & { high: string; low: string })[]> {
    const found = await this.#ask(admin => admin.fetchTopicOffsets(topic))
    return found.map(({ partition, high, low }) => {
      return { partition, offset: `${high}`, high: `${high}`, low: `${low}` }
    })
  }

  /** The ends when there is no time. */
  async fetchTopicOffsetsByTimestamp(
    topic: string,
    timestamp?: number,
  ): Promise<PartitionOffset[]> {
    const found = await this.#ask<readonly { partition: number; offset: number }[]>(admin => {
      return timestamp === undefined
        ? admin.fetchTopicOffsets(topic)
        : admin.fetchTopicOffsetsByTimestamp(topic, timestamp)
    })
    return found.map(({ partition, offset }) => ({ partition, offset: `${offset}` }))
  }

  /** An offset is -1 where nothing was committed. */
  async fetchOffsets(query: {
    groupId: string
    topics?: string[]
    resolveOffsets?: boolean
  }): Promise<{ topic: string; partitions: (PartitionOffset & { metadata: string | null })[] }[]> {
    // Passed over, it would answer -1 where the program expects an offset.
    if (query.resolveOffsets === true) demandSupported(query, ['resolveOffsets'])
    const { groupId, topics } = query
    const found = await this.#ask(admin => admin.fetchOffsets({ groupId, topics }))
    return found.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, offset, metadata }) => {
        return { partition, offset: `${offset}`, metadata: metadata || null }
      }),
    }))
  }

  async setOffsets(request: {
    groupId: string
    topic: string
    partitions: PartitionOffset[]
  }): Promise<void> {
    const partitions = request.partitions.map(ourOffset)
    await this.#ask(admin => admin.setOffsets({ ...request, partitions }))
  }

  async resetOffsets(request: {
    groupId: string
    topic: string
    earliest?: boolean
  }): Promise<void> {
    const { groupId, topic, earliest = false } = request
    const to = earliest ? 'earliest' : 'latest'
    await this.#ask(admin => admin.resetOffsets({ groupId, topic, to }))
  }

  async listGroups(): Promise<{ groups: { groupId: string; protocolType: string }[] }> {
    const found = await this.#ask(admin => admin.listGroups())
    return { groups: found.map(({ groupId, protocolType }) => ({ groupId, protocolType })) }
  }

  async describeGroups(groupIds: string[]): Promise<{ groups: GroupDescription[] }> {
    const found = await this.#ask(admin => admin.describeGroups(groupIds))
    return { groups: found.map(groupOf) }
  }

  /** Rejects with KafkaJSDeleteGroupsError, which has the groups that were not deleted. */
  async deleteGroups(groupIds: string[]): Promise<{ groupId: string; errorCode: number }[]> {
    const outcomes = await this.#ask(admin => admin.deleteGroups(groupIds, { failures: 'return' }))
    const failed = outcomes.flatMap(({ key: groupId, error }) => {
      if (error === undefined) return []
      return [{ groupId, errorCode: error.errno ?? -1, error: asKafkaJsError(error) }]
    })
    if (failed.length > 0) throw new KafkaJSDeleteGroupsError('groups were not deleted', failed)
    return groupIds.map(groupId => ({ groupId, errorCode: 0 }))
  }

  async describeCluster(): Promise<{
    brokers: { nodeId: number; host: string; port: number }[]
    controller: number | null
    clusterId: string
  }> {
    const found = await this.#ask(admin => admin.describeCluster())
    return {
      brokers: found.brokers.map(({ brokerId, host, port }) => ({ nodeId: brokerId, host, port })),
      controller: found.controllerId ?? null,
      clusterId: found.clusterId,
    }
  }

  get #admin(): OurAdmin {
    if (this.#connected !== undefined) return this.#connected.admin
    throw new KafkaJSError('the admin is not connected')
  }

  #ask<T>(call: (admin: OurAdmin) => Promise<T>): Promise<T> {
    return translated(() => call(this.#admin))
  }
}

function orDefault(count: number | undefined): number | undefined {
  return count === -1 ? undefined : count
}

function ourOffset({ partition, offset }: PartitionOffset) {
  return { partition, offset: Number(offset) }
}

function isExisting({ code }: KafkaError): boolean {
  return code === 'TOPIC_ALREADY_EXISTS'
}

/** What brokers said of each thing that failed. */
function errorsOf(error: unknown): readonly KafkaError[] {
  if (!KafkaError.is(error)) return []
  if (error.errors.length > 0) return error.errors
  return error.errno === undefined ? [] : [error]
}

function aggregate(error: unknown): unknown {
  const errors = errorsOf(error)
  if (!KafkaError.is(error) || errors.length === 0) return asKafkaJsError(error)
  return new KafkaJSAggregateError(error.message, errors.map(asKafkaJsError))
}
