// CreateTopics (19): asked by admin clients, decided by the active controller. v4 defaults by -1,
// v5 answers with counts and all configs (KIP-525), v7 topic ids.

import { zeroUuid } from '@klamm/base'
import {
  CreateTopics,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  errorCodes,
} from '@klamm/protocol'
import { type BrokerLayers, topicEntries } from '../config/effective.ts'
import { type CreatedTopic, clusterLayers, type NewTopic } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { commonConfigFields } from './config-codes.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller' | 'metadata' | 'staticConfigs'>
type Topic = CreateTopicsResponse['topics'][number]

export const createTopics = handler({
  schema: CreateTopics,
  versions: [2, 7],
  runsOn: 'controller',
  isRepeatable: false,
  async handle(
    { controller, metadata, staticConfigs }: Needs,
    _context,
    request: CreateTopicsRequest,
  ): Promise<CreateTopicsResponse> {
    const { validateOnly } = request
    const topics = request.topics.map(newTopic)
    const created = await controller.run((active, { random }) =>
      active.createTopics({ topics, validateOnly }, random),
    )
    const layers = clusterLayers(metadata.image, staticConfigs)
    return { throttleTimeMs: 0, topics: created.map(topic => answer(topic, layers)) }
  },
  refuse: ({ topics }, errorCode) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name }) => ({ ...nothing, name, errorCode })),
  }),
})

const nothing = {
  topicId: zeroUuid,
  errorMessage: null,
  topicConfigErrorCode: errorCodes.NONE,
  numPartitions: -1,
  replicationFactor: -1,
  configs: [],
} as const

function newTopic(topic: CreateTopicsRequest['topics'][number]): NewTopic {
  return {
    name: topic.name,
    partitionCount: topic.numPartitions,
    replicationFactor: topic.replicationFactor,
    assignments: topic.assignments,
    configs: topic.configs.map(({ name, value }) => ({ name, value: value ?? undefined })),
  }
}

function answer(topic: CreatedTopic, layers: BrokerLayers): Topic {
  const { name, error, message } = topic
  if (error !== 'NONE') {
    return { ...nothing, name, errorCode: errorCodes[error], errorMessage: message ?? null }
  }
  return {
    name,
    topicId: topic.topicId,
    errorCode: errorCodes.NONE,
    errorMessage: null,
    topicConfigErrorCode: errorCodes.NONE,
    numPartitions: topic.partitionCount,
    replicationFactor: topic.replicationFactor,
    configs: topicEntries(topic.configs, layers).map(commonConfigFields),
  }
}
