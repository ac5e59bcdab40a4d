// DescribeTopicPartitions (75, KIP-966): topics page by page, in the order of their names, with who
// is eligible to lead. What newer admin clients describe topics by.

import { zeroUuid } from '@klamm/base'
import {
  DescribeTopicPartitions,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
  type ErrorName,
  errorCodes,
  KafkaError,
} from '@klamm/protocol'
import { brokerValue } from '../config/effective.ts'
import { numberOf } from '../config/topic-config.ts'
import {
  brokerLayers,
  isInternalTopic,
  type MetadataImage,
  problemWithTopicName,
  type TopicImage,
} from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { notAsked, topicOperations } from './authorized-operations.ts'
import { handler } from './handler.ts'
import { partitionView } from './topic-view.ts'

type Needs = Pick<BrokerServices, 'brokerId' | 'metadata' | 'staticConfigs'>
type Topic = DescribeTopicPartitionsResponse['topics'][number]

export const describeTopicPartitions = handler({
  schema: DescribeTopicPartitions,
  versions: [0, 0],
  handle(
    needs: Needs,
    _context,
    request: DescribeTopicPartitionsRequest,
  ): DescribeTopicPartitionsResponse {
    const { cursor } = request
    if (cursor !== null && cursor.partitionIndex < 0) {
      throw new KafkaError('INVALID_REQUEST', 'a cursor points to a partition')
    }
    const { image } = needs.metadata
    return page(image, namesFrom(image, request), firstPartition(request), limitOf(needs, request))
  },
  refuse: ({ topics }, errorCode) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name }) => ({ ...missing(name, 'NONE'), errorCode })),
    nextCursor: null,
  }),
})

/** Where the page begins, if it begins inside a topic. */
interface Start {
  readonly topicName: string
  readonly partitionIndex: number
}

function firstPartition({ cursor }: DescribeTopicPartitionsRequest): Start | undefined {
  return cursor ?? undefined
}

/** The names asked for from the cursor on, sorted, each once. */
function namesFrom(image: MetadataImage, request: DescribeTopicPartitionsRequest): string[] {
  const { topics, cursor } = request
  const names =
    topics.length === 0
      ? image.topics.sortedNames()
      : [...new Set(topics.map(({ name }) => name))].sort()
  return cursor === null ? names : names.filter(name => name >= cursor.topicName)
}

/** The client's limit within the broker's; at least one, or it would never get on. */
function limitOf(needs: Needs, { responsePartitionLimit }: DescribeTopicPartitionsRequest): number {
  const layers = brokerLayers(needs.metadata.image, needs.brokerId, needs.staticConfigs)
  const own = numberOf(brokerValue('max.request.partition.size.limit', layers) ?? '2000')
  return Math.max(1, Math.min(own, responsePartitionLimit))
}

function page(
  image: MetadataImage,
  names: readonly string[],
  start: Start | undefined,
  limit: number,
): DescribeTopicPartitionsResponse {
  const topics: Topic[] = []
  let left = limit
  for (const name of names) {
    const topic = image.topics.byName(name)
    if (topic === undefined) {
      const isInvalid = problemWithTopicName(name) !== undefined
      const error = isInvalid ? 'INVALID_TOPIC_EXCEPTION' : 'UNKNOWN_TOPIC_OR_PARTITION'
      topics.push(missing(name, error))
      continue
    }
    const first = start?.topicName === name ? start.partitionIndex : 0
    if (left === 0) return next(topics, name, first)
    const end = Math.min(topic.partitions.length, first + left)
    topics.push(describe(image, topic, first, end))
    left -= Math.max(0, end - first)
    if (end < topic.partitions.length) return next(topics, name, end)
  }
  return { throttleTimeMs: 0, topics, nextCursor: null }
}

function next(
  topics: readonly Topic[],
  topicName: string,
  partitionIndex: number,
): DescribeTopicPartitionsResponse {
  return { throttleTimeMs: 0, topics, nextCursor: { topicName, partitionIndex } }
}

function describe(image: MetadataImage, topic: TopicImage, first: number, end: number): Topic {
  return {
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.slice(first, end).map((partition, index) => ({
      ...partitionView(image, first + index, partition),
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
    })),
    topicAuthorizedOperations: topicOperations,
  }
}

function missing(name: string, error: ErrorName): Topic {
  return {
    errorCode: errorCodes[error],
    name,
    topicId: zeroUuid,
    isInternal: isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: notAsked,
  }
}
