// CreateTopics: checks names, counts, assignments and configs, places the replicas.

import { type Random, uuidFrom, zeroUuid } from '@klamm/base'
import { brokerValue } from '../../config/effective.ts'
import { numberOf } from '../../config/topic-config.ts'
import type { MetadataRecord, TopicId } from '../records/records.ts'
import { type Assignment, checked, newPartition, placed } from './assignments.ts'
import { problemWithTopicConfigs } from './config-schema.ts'
import { type ControllerState, layersOf, noError, refused } from './state.ts'
import { canCollide, collisionKey, problemWithTopicName } from './topic-names.ts'
import type { CreatedTopic, CreateTopicsRequest, ItemResult, NewTopic, Outcome } from './types.ts'

/** One result per name; a name that was given twice is refused. */
export function createTopics(
  state: ControllerState,
  request: CreateTopicsRequest,
  random: Random,
): Outcome<readonly CreatedTopic[]> {
  const records: MetadataRecord[] = []
  const names = new NameCheck(state, request.topics)
  const reply: CreatedTopic[] = []
  for (const topic of names.distinct) {
    const problem = names.problemWith(topic.name) ?? problemWithCounts(state, topic)
    if (problem !== undefined) {
      reply.push(failed(topic.name, problem))
      continue
    }
    reply.push(createTopic(state, topic, records, random))
    names.taken(topic.name)
  }
  return { records: request.validateOnly ? [] : records, reply }
}

function createTopic(
  state: ControllerState,
  topic: NewTopic,
  records: MetadataRecord[],
  random: Random,
): CreatedTopic {
  const configs = new Map<string, string>()
  for (const { name, value } of topic.configs) {
    if (value === undefined) {
      const message = `Null value not supported for topic configs: ${name}`
      return failed(topic.name, refused('INVALID_CONFIG', message))
    }
    configs.set(name, value)
  }
  const problem = problemWithTopicConfigs(configs, layersOf(state))
  if (problem !== undefined) return failed(topic.name, problem)
  const assignment = assign(state, topic, random)
  if (assignment.kind === 'refused') return failed(topic.name, assignment.result)
  const { replicas } = assignment
  if (records.length + 1 + configs.size + replicas.length > state.options.maxRecordsPerOperation) {
    const message = 'Excessively large number of partitions per request.'
    return failed(topic.name, refused('POLICY_VIOLATION', message))
  }
  const topicId = freshId(state, random)
  addRecords(state, topicId, topic.name, configs, replicas, records)
  return {
    ...noError,
    name: topic.name,
    topicId,
    partitionCount: replicas.length,
    replicationFactor: replicas[0]?.length ?? -1,
    configs,
  }
}

function addRecords(
  state: ControllerState,
  topicId: TopicId,
  name: string,
  configs: ReadonlyMap<string, string>,
  replicas: readonly (readonly number[])[],
  records: MetadataRecord[],
): void {
  records.push({ kind: 'topic', topicId, name })
  for (const [key, value] of configs) {
    records.push({ kind: 'config', resourceType: 'topic', resourceName: name, name: key, value })
  }
  replicas.forEach((ids, index) => {
    records.push(newPartition(state, topicId, index, ids))
  })
}

function problemWithCounts(state: ControllerState, topic: NewTopic): ItemResult | undefined {
  const { partitionCount, replicationFactor, assignments } = topic
  if (assignments.length > 0) {
    if (replicationFactor !== -1 || partitionCount !== -1) {
      const message = 'With assignments, both partition count and replication factor must be -1.'
      return refused('INVALID_REQUEST', message)
    }
  } else if (replicationFactor < -1 || replicationFactor === 0) {
    const message = 'Replication factor must be larger than 0, or -1 to use the default value.'
    return refused('INVALID_REPLICATION_FACTOR', message)
  } else if (partitionCount < -1 || partitionCount === 0) {
    const message = 'Number of partitions must be larger than 0, or -1 to use the default value.'
    return refused('INVALID_PARTITIONS', message)
  }
  const { maxPartitionsPerTopic } = state.options
  if (Math.max(partitionCount, assignments.length) > maxPartitionsPerTopic) {
    const message = `A topic may have ${maxPartitionsPerTopic} partitions at most.`
    return refused('INVALID_PARTITIONS', message)
  }
  return undefined
}

function assign(state: ControllerState, topic: NewTopic, random: Random): Assignment {
  if (topic.assignments.length > 0) return assignManually(state, topic)
  const layers = layersOf(state)
  const given = (count: number, name: string) =>
    count === -1 ? numberOf(brokerValue(name, layers) ?? '1') : count
  const wanted = {
    partitionCount: given(topic.partitionCount, 'num.partitions'),
    replicationFactor: given(topic.replicationFactor, 'default.replication.factor'),
    existing: [],
  }
  return placed(state, wanted, random)
}

function assignManually(state: ControllerState, topic: NewTopic): Assignment {
  const replicas: (readonly number[])[] = []
  const sorted = [...topic.assignments].sort((a, b) => a.partitionIndex - b.partitionIndex)
  for (const { partitionIndex, brokerIds } of sorted) {
    if (partitionIndex !== replicas.length) {
      const message = 'Partitions must be numbered from 0 on, each one once.'
      return { kind: 'refused', result: refused('INVALID_REPLICA_ASSIGNMENT', message) }
    }
    replicas.push(brokerIds)
  }
  return checked(state, replicas, undefined)
}

function freshId(state: ControllerState, random: Random): TopicId {
  for (;;) {
    const topicId = uuidFrom(random)
    if (state.image.topics.byId(topicId) === undefined) return topicId
  }
}

function failed(name: string, { error, message }: ItemResult): CreatedTopic {
  return {
    error,
    message,
    name,
    topicId: zeroUuid,
    partitionCount: -1,
    replicationFactor: -1,
    configs: new Map(),
  }
}

/** What is wrong with the names of one request. */
class NameCheck {
  readonly #state: ControllerState
  readonly #twice = new Set<string>()
  /** Topics by the key they collide on; made when the first name can collide at all. */
  #colliding: Map<string, string> | undefined
  /** One of every name, in order. */
  readonly distinct: readonly NewTopic[]

  constructor(state: ControllerState, topics: readonly NewTopic[]) {
    this.#state = state
    const byName = new Map<string, NewTopic>()
    for (const topic of topics) {
      if (byName.has(topic.name)) this.#twice.add(topic.name)
      else byName.set(topic.name, topic)
    }
    this.distinct = [...byName.values()]
  }

  problemWith(name: string): ItemResult | undefined {
    if (this.#twice.has(name)) return refused('INVALID_REQUEST', 'Duplicate topic name.')
    const problem = problemWithTopicName(name)
    if (problem !== undefined) return refused('INVALID_TOPIC_EXCEPTION', problem)
    if (name === '__cluster_metadata') {
      return refused('INVALID_TOPIC_EXCEPTION', `Creation of internal topic ${name} is prohibited.`)
    }
    if (this.#state.image.topics.byName(name) !== undefined) {
      return refused('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
    }
    if (!canCollide(name)) return undefined
    const other = this.#names().get(collisionKey(name))
    if (other === undefined) return undefined
    const message = `Topic '${name}' collides with existing topic: ${other}`
    return refused('INVALID_TOPIC_EXCEPTION', message)
  }

  /** The topic is created by this request: the next ones must not collide with it. */
  taken(name: string): void {
    if (canCollide(name)) this.#names().set(collisionKey(name), name)
  }

  #names(): Map<string, string> {
    if (this.#colliding === undefined) {
      this.#colliding = new Map()
      for (const { name } of this.#state.image.topics.values()) {
        if (canCollide(name)) this.#colliding.set(collisionKey(name), name)
      }
    }
    return this.#colliding
  }
}
