// A consumer asks from where to go on. What nobody committed is offset -1 without an error, and so
// is everything of a group that does not exist. v2 all partitions (null) and one error for all, v3
// throttle time, v5 leader epoch (KIP-320), v6 flexible, v7 stable offsets only (KIP-447), v8
// several groups (KIP-709), v9 member epochs (KIP-848; ignored for classic groups), v10 topic ids.

import {
  type ErrorName,
  errorCodes,
  KafkaError,
  OffsetFetch,
  type OffsetFetchRequest,
  type OffsetFetchResponse,
  zeroUuid,
} from '@klamm/protocol'
import type { OffsetFetchReply, OffsetFetchTopic } from '../coordinator/groups/types.ts'
import type { MetadataImage } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { handler, type RequestContext } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups' | 'metadata'>
type GroupResponse = OffsetFetchResponse['groups'][number]
type TopicResponse = GroupResponse['topics'][number]

/** One group of a request, in whichever form the version has it. */
interface AskedGroup {
  readonly groupId: string
  readonly topics: readonly AskedTopic[] | null
}

interface AskedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

export const offsetFetch = handler({
  schema: OffsetFetch,
  versions: [1, 10],
  async handle(needs: Needs, context, request: OffsetFetchRequest): Promise<OffsetFetchResponse> {
    const asked = groupsOf(request, context.apiVersion)
    const groups = await Promise.all(
      asked.map(group => fetchGroup(needs, context, group, request.requireStable)),
    )
    return response(groups, context.apiVersion)
  },
  refuse(request, errorCode, { apiVersion }) {
    const groups = groupsOf(request, apiVersion).map(group => refused(group, errorCode))
    return response(groups, apiVersion)
  },
})

/** Before v8 there is one group, in the request itself. */
function groupsOf(request: OffsetFetchRequest, apiVersion: number): readonly AskedGroup[] {
  if (apiVersion >= 8) return request.groups
  const topics = request.topics?.map(topic => ({ ...topic, topicId: zeroUuid })) ?? null
  return [{ groupId: request.groupId, topics }]
}

async function fetchGroup(
  { groups, metadata }: Needs,
  { apiVersion, signal }: RequestContext,
  asked: AskedGroup,
  requireStable: boolean,
): Promise<GroupResponse> {
  const { groupId } = asked
  const { image } = metadata
  const isById = apiVersion >= 10
  const known = asked.topics?.map(topic => namedTopic(image, topic, isById))
  const topics = known?.filter(topic => topic !== undefined)
  try {
    const reply = await groups.fetchOffsets({ groupId, topics, requireStable }, signal)
    const found =
      asked.topics === null
        ? allTopics(image, reply, isById)
        : askedTopics(asked.topics, known ?? [], reply)
    return { groupId, topics: found, errorCode: errorCodes.NONE }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return refused(asked, errorCodes[groupError(error.errorName)])
  }
}

/** Clients know no time-outs here: this way they look for the coordinator again, and then retry. */
function groupError(error: ErrorName): ErrorName {
  return error === 'COORDINATOR_NOT_AVAILABLE' ? 'NOT_COORDINATOR' : error
}

/** Undefined when the id is of no topic. A name need not be of one: its offsets may be left. */
function namedTopic(
  image: MetadataImage,
  asked: AskedTopic,
  isById: boolean,
): OffsetFetchTopic | undefined {
  const topic = isById ? image.topics.byId(asked.topicId) : image.topics.byName(asked.name)
  if (isById && topic === undefined) return undefined
  const name = topic?.name ?? asked.name
  return { topic: name, topicId: topic?.id, partitions: asked.partitionIndexes }
}

function askedTopics(
  asked: readonly AskedTopic[],
  known: readonly (OffsetFetchTopic | undefined)[],
  reply: OffsetFetchReply,
): readonly TopicResponse[] {
  // The reply has the topics that are known, in the order they were asked for.
  const found = reply.topics[Symbol.iterator]()
  return asked.map((topic, i) => {
    if (known[i] === undefined) return failedTopic(topic, errorCodes.UNKNOWN_TOPIC_ID)
    const partitions = found.next().value?.partitions.map(fetchedPartition) ?? []
    return { name: topic.name, topicId: topic.topicId, partitions }
  })
}

function allTopics(
  image: MetadataImage,
  reply: OffsetFetchReply,
  isById: boolean,
): readonly TopicResponse[] {
  return reply.topics.flatMap(({ topic: name, topicId: committedFor, partitions }) => {
    const topicId = image.topics.byName(name)?.id
    // Of a topic that is gone, and perhaps has a successor of the same name.
    const isGone = topicId === undefined ? isById : (committedFor ?? topicId) !== topicId
    if (isGone) return []
    return [{ name, topicId: topicId ?? zeroUuid, partitions: partitions.map(fetchedPartition) }]
  })
}

function fetchedPartition(found: OffsetFetchReply['topics'][number]['partitions'][number]) {
  return {
    partitionIndex: found.partition,
    committedOffset: found.offset,
    committedLeaderEpoch: found.leaderEpoch,
    metadata: found.metadata,
    errorCode: errorCodes.NONE,
  }
}

function failedTopic({ name, topicId, partitionIndexes }: AskedTopic, errorCode: number) {
  const partitions = partitionIndexes.map(partitionIndex => ({
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode,
  }))
  return { name, topicId, partitions }
}

/** The error in the partitions too: version 1 has no other place for it. */
function refused({ groupId, topics }: AskedGroup, errorCode: number): GroupResponse {
  return { groupId, topics: topics?.map(topic => failedTopic(topic, errorCode)) ?? [], errorCode }
}

function response(groups: readonly GroupResponse[], apiVersion: number): OffsetFetchResponse {
  const [only] = groups
  if (apiVersion >= 8 || only === undefined) {
    return { throttleTimeMs: 0, topics: [], errorCode: errorCodes.NONE, groups }
  }
  const { topics, errorCode } = only
  return { throttleTimeMs: 0, topics, errorCode, groups: [] }
}
