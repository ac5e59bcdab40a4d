// Metadata (3): where brokers are and who leads what, as this broker has applied it; clients ask
// whichever broker they know. v1 null for all topics, controller and racks; v4 may create topics;
// v5 offline replicas; v7 leader epochs; v8 authorized operations (KIP-430); v10 topic ids
// (KIP-516); v12 asks by id; v13 an error for the whole (KIP-1102).

import { zeroUuid } from '@klamm/base'
import {
  type ErrorName,
  errorCodes,
  KafkaError,
  Metadata,
  type MetadataRequest,
  type MetadataResponse,
} from '@klamm/protocol'
import { brokerValue } from '../config/effective.ts'
import { isTrue } from '../config/topic-config.ts'
import {
  brokerLayers,
  isInternalTopic,
  type MetadataImage,
  problemWithTopicName,
  type TopicImage,
} from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { clusterOperations, notAsked, topicOperations } from './authorized-operations.ts'
import { handler } from './handler.ts'
import { brokerView, controllerFor, partitionView } from './topic-view.ts'

type Needs = Pick<
  BrokerServices,
  'brokerId' | 'clusterId' | 'metadata' | 'topicsOnDemand' | 'staticConfigs'
>
type Topic = MetadataResponse['topics'][number]
type AskedTopic = NonNullable<MetadataRequest['topics']>[number]

export const metadata = handler({
  schema: Metadata,
  versions: [0, 13],
  handle(needs: Needs, { apiVersion }, request: MetadataRequest): MetadataResponse {
    const { image } = needs.metadata
    const operations = request.includeTopicAuthorizedOperations ? topicOperations : notAsked
    const isAll = request.topics === null || (apiVersion === 0 && request.topics.length === 0)
    const topics = isAll
      ? [...image.topics.values()].map(topic => found(image, topic, operations))
      : askedOnce(request.topics ?? [], apiVersion).map(asked =>
          answer(needs, request, asked, operations),
        )
    return { ...aboutCluster(needs, request), topics }
  },
  refuse: (request, errorCode) => ({
    throttleTimeMs: 0,
    brokers: [],
    clusterId: null,
    controllerId: -1,
    topics: (request.topics ?? []).map(({ name, topicId }) => ({
      ...missing(name, topicId, 'NONE'),
      errorCode,
    })),
    clusterAuthorizedOperations: notAsked,
    errorCode,
  }),
})

function aboutCluster(
  { brokerId, clusterId, metadata }: Needs,
  request: MetadataRequest,
): Omit<MetadataResponse, 'topics'> {
  const { image, controllerId } = metadata
  const brokers: MetadataResponse['brokers'][number][] = []
  for (const nodeId of image.cluster.sortedIds()) {
    const broker = image.cluster.broker(nodeId)
    if (broker === undefined || broker.fenced) continue
    const view = brokerView(broker)
    if (view !== undefined) brokers.push({ nodeId, ...view })
  }
  return {
    throttleTimeMs: 0,
    brokers,
    clusterId,
    controllerId: controllerFor(image, controllerId, brokerId),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? clusterOperations
      : notAsked,
    errorCode: errorCodes.NONE,
  }
}

/** Each topic once, as Kafka tells it; v10 and v11 have topic ids but do not ask by them. */
function askedOnce(topics: readonly AskedTopic[], apiVersion: number): AskedTopic[] {
  const once = new Map<string, AskedTopic>()
  for (const asked of topics) {
    const isById = asked.name === null || asked.topicId !== zeroUuid
    if (isById && apiVersion < 12) {
      throw new KafkaError('INVALID_REQUEST', `version ${apiVersion} does not ask by topic id`)
    }
    once.set(isById ? `id ${asked.topicId}` : `name ${asked.name}`, asked)
  }
  return [...once.values()]
}

function answer(
  needs: Needs,
  request: MetadataRequest,
  { name, topicId }: AskedTopic,
  operations: number,
): Topic {
  const { image } = needs.metadata
  // A client that knows the id means that topic, whatever has the name now.
  if (name === null || topicId !== zeroUuid) {
    const topic = image.topics.byId(topicId)
    if (topic === undefined) return missing(null, topicId, 'UNKNOWN_TOPIC_ID')
    return found(image, topic, operations)
  }
  const topic = image.topics.byName(name)
  if (topic !== undefined) return found(image, topic, operations)
  if (problemWithTopicName(name) !== undefined) {
    return missing(name, zeroUuid, 'INVALID_TOPIC_EXCEPTION')
  }
  // It is created meanwhile; the client asks again.
  if (mayCreate(needs, request, name)) needs.topicsOnDemand.ensure(name)
  return missing(name, zeroUuid, 'UNKNOWN_TOPIC_OR_PARTITION')
}

function mayCreate(needs: Needs, request: MetadataRequest, name: string): boolean {
  if (!request.allowAutoTopicCreation) return false
  if (isInternalTopic(name)) return true
  const layers = brokerLayers(needs.metadata.image, needs.brokerId, needs.staticConfigs)
  return isTrue(brokerValue('auto.create.topics.enable', layers))
}

function found(image: MetadataImage, topic: TopicImage, operations: number): Topic {
  return {
    errorCode: errorCodes.NONE,
    name: topic.name,
    topicId: topic.id,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map((partition, index) => partitionView(image, index, partition)),
    topicAuthorizedOperations: operations,
  }
}

function missing(name: string | null, topicId: string, error: ErrorName): Topic {
  return {
    errorCode: errorCodes[error],
    name,
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
    topicAuthorizedOperations: notAsked,
  }
}
