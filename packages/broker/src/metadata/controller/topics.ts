// DeleteTopics and CreatePartitions.

import type { Random } from '@klamm/base'
import { brokerValue } from '../../config/effective.ts'
import { isTrue } from '../../config/topic-config.ts'
import type { TopicImage } from '../image/topics.ts'
import type { MetadataRecord, TopicId } from '../records/records.ts'
import { type Assignment, checked, newPartition, placed } from './assignments.ts'
import { type ControllerState, layersOf, noError, refused } from './state.ts'
import type {
  CreatedPartitions,
  CreatePartitionsRequest,
  DeletedTopic,
  ItemResult,
  MorePartitions,
  Outcome,
  TopicReference,
} from './types.ts'

/** One result per reference, in order. What is deleted is named in full. */
export function deleteTopics(
  state: ControllerState,
  references: readonly TopicReference[],
): Outcome<readonly DeletedTopic[]> {
  if (!isTrue(brokerValue('delete.topic.enable', layersOf(state)))) {
    const result = refused('TOPIC_DELETION_DISABLED', 'Topic deletion is disabled.')
    return { records: [], reply: references.map(reference => ({ ...reference, ...result })) }
  }
  const found = references.map(reference => find(state, reference))
  const counts = new Map<TopicId, number>()
  for (const topic of found) {
    if (topic !== undefined) counts.set(topic.id, (counts.get(topic.id) ?? 0) + 1)
  }
  const records: MetadataRecord[] = []
  const reply = references.map((reference, index): DeletedTopic => {
    const topic = found[index]
    if ((reference.name === undefined) === (reference.topicId === undefined)) {
      return { ...reference, ...refused('INVALID_REQUEST', 'Give either a name or an id.') }
    }
    if (topic === undefined) return { ...reference, ...unknownTopic(reference) }
    const named = { name: topic.name, topicId: topic.id }
    if ((counts.get(topic.id) ?? 0) > 1) {
      return { ...named, ...refused('INVALID_REQUEST', 'The topic was named twice.') }
    }
    records.push({ kind: 'removeTopic', topicId: topic.id })
    return { ...named, ...noError }
  })
  return { records, reply }
}

/** One result per topic, in order, also for those that are refused. */
export function createPartitions(
  state: ControllerState,
  request: CreatePartitionsRequest,
  random: Random,
): Outcome<readonly CreatedPartitions[]> {
  const records: MetadataRecord[] = []
  const reply = request.topics.map(topic => {
    const isTwice = request.topics.filter(({ name }) => name === topic.name).length > 1
    const result = isTwice
      ? refused('INVALID_REQUEST', 'Duplicate topic name.')
      : addPartitions(state, topic, records, random)
    return { name: topic.name, ...result }
  })
  return { records: request.validateOnly ? [] : records, reply }
}

function addPartitions(
  state: ControllerState,
  more: MorePartitions,
  records: MetadataRecord[],
  random: Random,
): ItemResult {
  const topic = state.image.topics.byName(more.name)
  if (topic === undefined) {
    return refused('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  }
  const first = topic.partitions.length
  const added = more.partitionCount - first
  const problem = problemWithCount(state, topic, more.partitionCount)
  if (problem !== undefined) return problem
  if (more.assignments !== undefined && more.assignments.length !== added) {
    const message = `${added} partitions are to be added, but ${more.assignments.length} assigned.`
    return refused('INVALID_REPLICA_ASSIGNMENT', message)
  }
  const assignment = assign(state, topic, more, added, random)
  if (assignment.kind === 'refused') return assignment.result
  if (records.length + added > state.options.maxRecordsPerOperation) {
    return refused('POLICY_VIOLATION', 'Excessively large number of partitions per request.')
  }
  assignment.replicas.forEach((ids, index) => {
    records.push(newPartition(state, topic.id, first + index, ids))
  })
  return noError
}

function problemWithCount(
  state: ControllerState,
  topic: TopicImage,
  partitionCount: number,
): ItemResult | undefined {
  const present = topic.partitions.length
  if (partitionCount === present) {
    return refused('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`)
  }
  if (partitionCount < present) {
    const message =
      `The topic ${topic.name} currently has ${present} partition(s); ` +
      `${partitionCount} would not be an increase.`
    return refused('INVALID_PARTITIONS', message)
  }
  const { maxPartitionsPerTopic } = state.options
  if (partitionCount > maxPartitionsPerTopic) {
    const message = `A topic may have ${maxPartitionsPerTopic} partitions at most.`
    return refused('INVALID_PARTITIONS', message)
  }
  return undefined
}

function assign(
  state: ControllerState,
  topic: TopicImage,
  more: MorePartitions,
  added: number,
  random: Random,
): Assignment {
  const existing = topic.partitions.map(partition =>
    partition.replicas.filter(id => !partition.removingReplicas.includes(id)),
  )
  const replicationFactor = existing[0]?.length ?? 1
  if (more.assignments !== undefined) return checked(state, more.assignments, replicationFactor)
  return placed(state, { partitionCount: added, replicationFactor, existing }, random)
}

function find(state: ControllerState, reference: TopicReference): TopicImage | undefined {
  const { topics } = state.image
  if (reference.topicId !== undefined) return topics.byId(reference.topicId)
  return reference.name === undefined ? undefined : topics.byName(reference.name)
}

function unknownTopic(reference: TopicReference): ItemResult {
  return reference.topicId === undefined
    ? refused('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
    : refused('UNKNOWN_TOPIC_ID', 'This server does not host this topic ID.')
}
