// Records of partitions: deleted up to an offset. And who produces into them.

import { DeleteRecords, DescribeProducers } from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import type { KafkaError } from '../errors.ts'
import { errorOf } from './answers.ts'
import { type ManyOptions, type Results, settleMany } from './call.ts'
import { askLeaders, type TopicPartition } from './leaders.ts'

export interface RecordsToDelete {
  readonly partition: number
  /** First offset to keep; -1 for the end: nothing is kept. */
  readonly offset: number
}

export interface DeleteTopicRecordsRequest {
  readonly topic: string
  readonly partitions: readonly RecordsToDelete[]
}

export interface DeletedRecords extends TopicPartition {
  /** First offset that exists on all replicas now. */
  readonly lowWatermark: number
}

interface Key extends TopicPartition, RecordsToDelete {}

export function deleteTopicRecords<O extends ManyOptions>(
  core: ClientCore,
  { topic, partitions }: DeleteTopicRecordsRequest,
  options?: O,
): Promise<Results<O, TopicPartition & RecordsToDelete, DeletedRecords>> {
  const keys: Key[] = partitions.map(each => ({ topic, ...each }))
  const nameOf = ({ partition }: Key): string => `deleting records of ${topic}-${partition}`
  return settleMany(core, keys, options, { name: nameOf }, (pending, deadline) =>
    askLeaders(core, pending, deadline, async (brokerId, share) => {
      const timeoutMs = deadline.remainingMs()
      const body = {
        topics: [
          {
            name: topic,
            partitions: share.map(({ partition, offset }) => {
              return { partitionIndex: partition, offset }
            }),
          },
        ],
        timeoutMs: Math.floor(timeoutMs),
      }
      const sent = { signal: deadline.signal, timeoutMs }
      const response = await core.brokers.request(brokerId, DeleteRecords, body, sent)
      const answers = response.topics.flatMap(each => each.partitions)
      const results = new Map<Key, DeletedRecords | KafkaError>()
      for (const key of share) {
        const { partition } = key
        const answer = answers.find(({ partitionIndex }) => partitionIndex === partition)
        if (answer === undefined) continue
        const about = { topic, partition, brokerId }
        const error = errorOf(answer.errorCode, null, nameOf(key), about)
        results.set(key, error ?? { topic, partition, lowWatermark: answer.lowWatermark })
      }
      return results
    }),
  )
}

export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1 when none was seen. */
  readonly lastSequence: number
  /** In ms since 1970; -1 when none was seen. */
  readonly lastTimestamp: number
  /** Where its open transaction begins; -1 when none is open. */
  readonly currentTxnStartOffset: number
}

export interface PartitionProducers extends TopicPartition {
  readonly producers: readonly ActiveProducer[]
}

export function describeProducers<O extends ManyOptions>(
  core: ClientCore,
  partitions: readonly TopicPartition[],
  options?: O,
): Promise<Results<O, TopicPartition, PartitionProducers>> {
  const nameOf = ({ topic, partition }: TopicPartition): string =>
    `producers of ${topic}-${partition}`
  return settleMany(core, partitions, options, { name: nameOf }, (pending, deadline) =>
    askLeaders(core, pending, deadline, async (brokerId, share) => {
      const topics = share.map(({ topic, partition }) => {
        return { name: topic, partitionIndexes: [partition] }
      })
      const sent = { signal: deadline.signal, timeoutMs: deadline.remainingMs() }
      const response = await core.brokers.request(brokerId, DescribeProducers, { topics }, sent)
      const results = new Map<TopicPartition, PartitionProducers | KafkaError>()
      for (const key of share) {
        const { topic, partition } = key
        const answer = response.topics
          .filter(({ name }) => name === topic)
          .flatMap(each => each.partitions)
          .find(({ partitionIndex }) => partitionIndex === partition)
        if (answer === undefined) continue
        const about = { topic, partition, brokerId }
        const error = errorOf(answer.errorCode, answer.errorMessage, nameOf(key), about)
        results.set(key, error ?? { topic, partition, producers: answer.activeProducers })
      }
      return results
    }),
  )
}
