// Replicas on their way from some brokers to others.

import { AlterPartitionReassignments, ListPartitionReassignments } from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import type { KafkaError } from '../errors.ts'
import { errorOf, groupedBy } from './answers.ts'
import {
  type AdminCallOptions,
  type ManyOptions,
  type Results,
  settleMany,
  settleOne,
} from './call.ts'
import type { TopicPartition } from './leaders.ts'

export interface ReassignmentToMake extends TopicPartition {
  /** Where it is to be; the first is the preferred leader. Null ends a move under way. */
  readonly replicas: readonly number[] | null
}

/** Resolves when the moves have begun, not when they are done. */
export function alterPartitionReassignments<O extends ManyOptions>(
  core: ClientCore,
  partitions: readonly ReassignmentToMake[],
  options?: O,
): Promise<Results<O, ReassignmentToMake, TopicPartition>> {
  const nameOf = ({ topic, partition }: TopicPartition): string => `moving ${topic}-${partition}`
  return settleMany(core, partitions, options, { name: nameOf }, async (pending, deadline) => {
    const timeoutMs = deadline.remainingMs()
    const byTopic = groupedBy(pending, ({ topic }) => topic)
    const body = {
      timeoutMs: Math.floor(timeoutMs),
      allowReplicationFactorChange: true,
      topics: [...byTopic].map(([name, ofTopic]) => ({
        name,
        partitions: ofTopic.map(({ partition, replicas }) => {
          return { partitionIndex: partition, replicas }
        }),
      })),
    }
    const sent = { signal: deadline.signal, timeoutMs }
    const response = await core.brokers.request('any', AlterPartitionReassignments, body, sent)
    const whole = errorOf(response.errorCode, response.errorMessage, 'moving partitions')
    if (whole !== undefined) throw whole
    const results = new Map<ReassignmentToMake, TopicPartition | KafkaError>()
    for (const key of pending) {
      const { topic, partition } = key
      const answer = response.responses
        .find(({ name }) => name === topic)
        ?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
      if (answer === undefined) continue
      const about = { topic, partition }
      const error = errorOf(answer.errorCode, answer.errorMessage, nameOf(key), about)
      results.set(key, error ?? about)
    }
    return results
  })
}

export interface OngoingReassignment extends TopicPartition {
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

/** Moves that are not done, of these partitions or of all. */
export function listPartitionReassignments(
  core: ClientCore,
  partitions?: readonly TopicPartition[],
  options?: AdminCallOptions,
): Promise<OngoingReassignment[]> {
  const name = 'listing reassignments'
  return settleOne(core, name, options, async ({ signal, remainingMs }) => {
    const timeoutMs = remainingMs()
    const byTopic = partitions && groupedBy(partitions, ({ topic }) => topic)
    const topics =
      byTopic &&
      [...byTopic].map(([topic, ofTopic]) => ({
        name: topic,
        partitionIndexes: ofTopic.map(({ partition }) => partition),
      }))
    const body = { timeoutMs: Math.floor(timeoutMs), topics: topics ?? null }
    const sent = { signal, timeoutMs }
    const response = await core.brokers.request('any', ListPartitionReassignments, body, sent)
    const error = errorOf(response.errorCode, response.errorMessage, name)
    if (error !== undefined) throw error
    return response.topics.flatMap(topic =>
      topic.partitions.map(({ partitionIndex, ...replicas }) => {
        return { topic: topic.name, partition: partitionIndex, ...replicas }
      }),
    )
  })
}
