// A consumer commits how far it has read. v2-4 may ask for a retention, v3 throttle time, v6 leader
// epoch (KIP-320), v7 static members (KIP-345), v8 flexible, v9 GROUP_ID_NOT_FOUND for an unknown
// group (KIP-848, whose member epochs are not offered yet), v10 topics by id.

import {
  errorCodes,
  OffsetCommit,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
} from '@klamm/protocol'
import type { MetadataImage, TopicImage } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups' | 'metadata'>
type AskedTopic = OffsetCommitRequest['topics'][number]

export const offsetCommit = handler({
  schema: OffsetCommit,
  versions: [2, 10],
  async handle(
    { groups, metadata }: Needs,
    context,
    request: OffsetCommitRequest,
  ): Promise<OffsetCommitResponse> {
    const isById = context.apiVersion >= 10
    const found = request.topics.map(asked => findTopic(metadata.image, asked, isById))
    const topics = request.topics.flatMap((asked, i) => {
      const topic = found[i]
      return topic === undefined ? [] : [committedTopic(asked, topic)]
    })
    const isAnything = topics.some(({ partitions }) => partitions.length > 0)
    const reply = isAnything
      ? await groups.commitOffsets(
          {
            groupId: request.groupId,
            generationId: request.generationIdOrMemberEpoch,
            memberId: request.memberId,
            groupInstanceId: request.groupInstanceId ?? undefined,
            retentionMs: request.retentionTimeMs < 0 ? undefined : request.retentionTimeMs,
            knowsGroupIdNotFound: context.apiVersion >= 9,
            topics,
          },
          context.signal,
        )
      : { topics: [] }
    const results = new Map<string, Map<number, number>>()
    for (const { topic, partitions } of reply.topics) {
      const errors = results.get(topic) ?? new Map<number, number>()
      for (const { partition, error } of partitions) errors.set(partition, errorCodes[error])
      results.set(topic, errors)
    }
    const unknownTopic = isById ? errorCodes.UNKNOWN_TOPIC_ID : unknownPartition
    return answer(request, (_asked, i, partition) => {
      const topic = found[i]
      if (topic === undefined) return unknownTopic
      return results.get(topic.name)?.get(partition) ?? unknownPartition
    })
  },
  refuse: (request, errorCode) => answer(request, () => errorCode),
})

const unknownPartition = errorCodes.UNKNOWN_TOPIC_OR_PARTITION

function findTopic(image: MetadataImage, asked: AskedTopic, isById: boolean) {
  return isById ? image.topics.byId(asked.topicId) : image.topics.byName(asked.name)
}

/** What of the topic can be committed: the partitions that exist. */
function committedTopic(asked: AskedTopic, topic: TopicImage) {
  const existing = asked.partitions.filter(({ partitionIndex }) => {
    return topic.partitions[partitionIndex] !== undefined
  })
  return {
    topic: topic.name,
    topicId: topic.id,
    partitions: existing.map(partition => ({
      partition: partition.partitionIndex,
      offset: partition.committedOffset,
      leaderEpoch: partition.committedLeaderEpoch,
      metadata: partition.committedMetadata ?? '',
    })),
  }
}

/** The topics and partitions of the request, each with its error. */
function answer(
  request: OffsetCommitRequest,
  errorOf: (asked: AskedTopic, topicIndex: number, partition: number) => number,
): OffsetCommitResponse {
  const topics = request.topics.map((asked, i) => ({
    name: asked.name,
    topicId: asked.topicId,
    partitions: asked.partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: errorOf(asked, i, partitionIndex),
    })),
  }))
  return { throttleTimeMs: 0, topics }
}
