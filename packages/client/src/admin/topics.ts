// Topics: created, deleted, given more partitions.

import { type Uuid, zeroUuid } from '@klamm/base'
import { CreatePartitions, CreateTopics, DeleteTopics } from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { unknownTopicMs } from '../limits.ts'
import { errorOf } from './answers.ts'
import { type Deadline, type ManyOptions, type Results, settleMany } from './call.ts'
import { type ConfigValue, textOf } from './config-value.ts'

export interface NewTopic {
  readonly topic: string
  /** The cluster's `num.partitions` when left out. */
  readonly numPartitions?: number | undefined
  /** The cluster's `default.replication.factor` when left out. */
  readonly replicationFactor?: number | undefined
  /** Placement by hand, in place of the two numbers; the first replica is the preferred leader. */
  readonly replicaAssignment?:
    | readonly { readonly partition: number; readonly replicas: readonly number[] }[]
    | undefined
  /** By Kafka's names: `{ 'retention.ms': 60_000 }`. */
  readonly configs?: Readonly<Record<string, ConfigValue>> | undefined
}

export interface CreatedTopic {
  readonly topic: string
  /** `zeroUuid` when it was only validated, and from brokers older than topic ids. */
  readonly topicId: Uuid
  /** -1 from brokers that do not tell. */
  readonly numPartitions: number
  /** -1 from brokers that do not tell. */
  readonly replicationFactor: number
}

export interface CreateTopicsRequest {
  readonly topics: readonly NewTopic[]
  /** Checks everything and creates nothing. */
  readonly validateOnly?: boolean | undefined
  /** Resolves only when every partition has a leader; true when left out. */
  readonly waitForLeaders?: boolean | undefined
}

/** What the controller says is final, except that there is no controller at the moment. */
const byController = ({ code, retriable }: KafkaError): boolean =>
  retriable && code !== 'UNKNOWN_TOPIC_OR_PARTITION' && code !== 'REQUEST_TIMED_OUT'

export async function createTopics<O extends ManyOptions>(
  core: ClientCore,
  { topics, validateOnly = false, waitForLeaders = true }: CreateTopicsRequest,
  options?: O,
): Promise<Results<O, string, CreatedTopic>> {
  const byName = new Map(topics.map(topic => [topic.topic, topic]))
  if (byName.size < topics.length) {
    throw new KafkaError('ERR_INVALID_ARGUMENT', 'createTopics: a topic is given twice')
  }
  // Answered by the controller and without an error, whatever happens afterwards.
  const created = new Map<string, CreatedTopic>()
  const settings = {
    name: (name: string) => `creating ${name}`,
    isRetriable: byController,
  }
  const names = [...byName.keys()]
  return settleMany(core, names, options, settings, async (pending, deadline) => {
    const toCreate = pending.filter(name => !created.has(name))
    const results = new Map<string, CreatedTopic | KafkaError>()
    if (toCreate.length > 0) {
      const wanted = toCreate.flatMap(name => byName.get(name) ?? [])
      for (const [name, result] of await create(core, wanted, validateOnly, deadline)) {
        if (!KafkaError.is(result)) created.set(name, result)
        results.set(name, result)
      }
    }
    if (validateOnly || !waitForLeaders) return results
    for (const name of pending) {
      const topic = created.get(name)
      if (topic !== undefined) results.set(name, topic)
    }
    for (const [name, error] of await leaderless(core, pending, created, deadline)) {
      results.set(name, error)
    }
    return results
  })
}

async function create(
  core: ClientCore,
  topics: readonly NewTopic[],
  validateOnly: boolean,
  { signal, remainingMs }: Deadline,
): Promise<Map<string, CreatedTopic | KafkaError>> {
  const timeoutMs = remainingMs()
  const body = { topics: topics.map(topicRequest), timeoutMs: Math.floor(timeoutMs), validateOnly }
  const response = await core.brokers.request('any', CreateTopics, body, { signal, timeoutMs })
  return new Map(
    response.topics.map(({ name, topicId, errorCode, errorMessage, ...counts }) => {
      const error = errorOf(errorCode, errorMessage, `creating ${name}`, { topic: name })
      const { numPartitions, replicationFactor } = counts
      return [name, error ?? { topic: name, topicId, numPartitions, replicationFactor }]
    }),
  )
}

function topicRequest(topic: NewTopic) {
  const { replicaAssignment = [], configs = {} } = topic
  const isByHand = replicaAssignment.length > 0
  return {
    name: topic.topic,
    numPartitions: isByHand ? -1 : (topic.numPartitions ?? -1),
    replicationFactor: isByHand ? -1 : (topic.replicationFactor ?? -1),
    assignments: replicaAssignment.map(({ partition, replicas }) => {
      return { partitionIndex: partition, brokerIds: replicas }
    }),
    configs: Object.entries(configs).map(([name, value]) => ({ name, value: textOf(value) })),
  }
}

/** Of those that were created, the ones that brokers do not know with all leaders yet. */
async function leaderless(
  core: ClientCore,
  names: readonly string[],
  created: ReadonlyMap<string, CreatedTopic>,
  deadline: Deadline,
): Promise<Map<string, KafkaError>> {
  const waiting = names.filter(name => created.has(name))
  const errors = new Map<string, KafkaError>()
  if (waiting.length === 0) return errors
  const { signal } = deadline
  const options = { signal, timeoutMs: Math.min(unknownTopicMs, deadline.remainingMs()) }
  const known = await core.metadata.topics(waiting, options)
  const ready = new Set(
    known
      .filter(({ partitions }) => partitions.every(({ leaderId }) => leaderId >= 0))
      .map(({ name }) => name),
  )
  for (const name of waiting) {
    if (ready.has(name)) continue
    const message = `creating ${name}: it was created and has no leaders yet`
    errors.set(name, new KafkaError('LEADER_NOT_AVAILABLE', message, { topic: name }))
  }
  return errors
}

export interface DeleteTopicsRequest {
  readonly topics: readonly string[]
}

/** Resolves with the names of what was deleted. */
export function deleteTopics<O extends ManyOptions>(
  core: ClientCore,
  { topics }: DeleteTopicsRequest,
  options?: O,
): Promise<Results<O, string, string>> {
  const settings = { name: (name: string) => `deleting ${name}`, isRetriable: byController }
  const names = [...new Set(topics)]
  return settleMany(core, names, options, settings, async (pending, { signal, remainingMs }) => {
    const timeoutMs = remainingMs()
    const body = {
      topics: pending.map(name => ({ name, topicId: zeroUuid })),
      topicNames: pending,
      timeoutMs: Math.floor(timeoutMs),
    }
    const response = await core.brokers.request('any', DeleteTopics, body, { signal, timeoutMs })
    const results = new Map<string, string | KafkaError>()
    for (const { name, errorCode, errorMessage } of response.responses) {
      if (name === null) continue
      const error = errorOf(errorCode, errorMessage, `deleting ${name}`, { topic: name })
      if (error === undefined) core.metadata.invalidate(name)
      results.set(name, error ?? name)
    }
    return results
  })
}

export interface NewPartitions {
  readonly topic: string
  /** How many there are to be in all. */
  readonly count: number
  /** Replicas of each new partition; placed by the cluster when left out. */
  readonly assignments?: readonly (readonly number[])[] | undefined
}

export interface CreatePartitionsRequest {
  readonly topicPartitions: readonly NewPartitions[]
  /** Checks everything and creates nothing. */
  readonly validateOnly?: boolean | undefined
}

/** Resolves with the names of the topics. */
export function createPartitions<O extends ManyOptions>(
  core: ClientCore,
  { topicPartitions, validateOnly = false }: CreatePartitionsRequest,
  options?: O,
): Promise<Results<O, string, string>> {
  const byName = new Map(topicPartitions.map(each => [each.topic, each]))
  const settings = { name: (name: string) => `partitions of ${name}`, isRetriable: byController }
  const names = [...byName.keys()]
  return settleMany(core, names, options, settings, async (pending, { signal, remainingMs }) => {
    const timeoutMs = remainingMs()
    const topics = pending
      .flatMap(name => byName.get(name) ?? [])
      .map(({ topic, count, assignments }) => ({
        name: topic,
        count,
        assignments: assignments?.map(brokerIds => ({ brokerIds })) ?? null,
      }))
    const body = { topics, timeoutMs: Math.floor(timeoutMs), validateOnly }
    const request = core.brokers.request('any', CreatePartitions, body, { signal, timeoutMs })
    const results = new Map<string, string | KafkaError>()
    for (const { name, errorCode, errorMessage } of (await request).results) {
      const error = errorOf(errorCode, errorMessage, `partitions of ${name}`, { topic: name })
      if (error === undefined && !validateOnly) core.metadata.invalidate(name)
      results.set(name, error ?? name)
    }
    return results
  })
}
