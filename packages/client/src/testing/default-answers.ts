// What the brokers of the fake cluster answer when the test does not say otherwise.

import {
  type ApiSchema,
  ApiVersions,
  errorCodes,
  Fetch,
  type FetchRequest,
  FindCoordinator,
  InitProducerId,
  type ItemOf,
  ListOffsets,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  type OffsetFetchRequest,
  OffsetForLeaderEpoch,
  Produce,
  type ProduceRequest,
  type RequestOf,
  type ResponseOf,
  splitBatches,
} from '@klamm/protocol'
import type { RequestContext } from './fake-cluster.ts'
import { clusterId, type FakePartition, type FakeState, type FakeTopic } from './fake-state.ts'

export interface AnswerContext extends RequestContext {
  readonly state: FakeState
  readonly rangeOf: (schema: ApiSchema) => readonly [number, number] | undefined
  readonly schemas: readonly ApiSchema[]
}

type DefaultAnswer<S extends ApiSchema> = (
  request: RequestOf<S>,
  context: AnswerContext,
) => ResponseOf<S> | Promise<ResponseOf<S>>

type AnyAnswer = (request: never, context: AnswerContext) => unknown

const answers = new Map<number, AnyAnswer>()

function answer<S extends ApiSchema>(schema: S, respond: DefaultAnswer<S>): void {
  answers.set(schema.key, respond)
}

export function defaultAnswer(
  schema: ApiSchema,
  request: RequestOf<ApiSchema>,
  context: AnswerContext,
): Promise<ResponseOf<ApiSchema>> {
  const respond = answers.get(schema.key)
  if (respond === undefined) throw new Error(`the test says nothing of ${schema.name}`)
  return Promise.resolve(respond(request as never, context) as ResponseOf<ApiSchema>)
}

/** Host and port of a broker of the fake cluster. */
export function endpointOf(brokerId: number): { host: string; port: number } {
  return { host: `broker-${brokerId}`, port: 9092 }
}

export function versionsResponse(
  context: Pick<AnswerContext, 'schemas' | 'rangeOf'>,
  errorCode = 0,
): ResponseOf<typeof ApiVersions> {
  const apiKeys = context.schemas.flatMap(schema => {
    const range = context.rangeOf(schema)
    return range ? [{ apiKey: schema.key, minVersion: range[0], maxVersion: range[1] }] : []
  })
  return {
    errorCode,
    apiKeys,
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
}

answer(ApiVersions, (_request, context) => versionsResponse(context))

answer(Metadata, (request, { state }) => {
  const names = request.topics?.map(({ name }) => name ?? '') ?? [...state.topics.keys()]
  return {
    throttleTimeMs: 0,
    brokers: [...state.alive].map(nodeId => ({ nodeId, ...endpointOf(nodeId), rack: null })),
    clusterId,
    controllerId: [...state.alive][0] ?? -1,
    topics: names.map(name => topicResponse(state, name)),
    clusterAuthorizedOperations: -0x80000000,
    errorCode: 0,
  }
})

function topicResponse(state: FakeState, name: string) {
  const topic = state.topics.get(name)
  return {
    errorCode: topic === undefined ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : 0,
    name,
    topicId: topic?.topicId ?? 'AAAAAAAAAAAAAAAAAAAAAA',
    isInternal: name.startsWith('__'),
    partitions: (topic?.partitions ?? []).map((partition, partitionIndex) => ({
      errorCode: partition.leaderId === -1 ? errorCodes.LEADER_NOT_AVAILABLE : 0,
      partitionIndex,
      leaderId: partition.leaderId,
      leaderEpoch: partition.leaderEpoch,
      replicaNodes: partition.replicas,
      isrNodes: partition.replicas.filter(id => state.alive.has(id)),
      offlineReplicas: partition.replicas.filter(id => !state.alive.has(id)),
    })),
    topicAuthorizedOperations: -0x80000000,
  }
}

answer(FindCoordinator, (request, { state, version }) => {
  const keys = version >= 4 ? request.coordinatorKeys : [request.key]
  const coordinators = keys.map(key => {
    const nodeId = state.coordinatorOf(key)
    const isThere = nodeId >= 0
    return {
      key,
      nodeId,
      ...(isThere ? endpointOf(nodeId) : { host: '', port: -1 }),
      errorCode: isThere ? 0 : errorCodes.COORDINATOR_NOT_AVAILABLE,
      errorMessage: null,
    }
  })
  const first = coordinators[0] ?? {
    nodeId: -1,
    host: '',
    port: -1,
    errorCode: errorCodes.INVALID_REQUEST,
  }
  const { nodeId, host, port, errorCode } = first
  return { throttleTimeMs: 0, errorCode, errorMessage: null, nodeId, host, port, coordinators }
})

answer(InitProducerId, (_request, { state }) => {
  const producerId = state.nextProducerId++
  return { throttleTimeMs: 0, errorCode: 0, producerId, producerEpoch: 0 }
})

/** Which error a partition has for this broker; 0 for none. */
function errorOf(
  topic: FakeTopic | undefined,
  partition: FakePartition | undefined,
  context: AnswerContext,
  isById: boolean,
  leaderEpoch = -1,
): number {
  if (topic === undefined && isById) return errorCodes.UNKNOWN_TOPIC_ID
  if (partition === undefined) return errorCodes.UNKNOWN_TOPIC_OR_PARTITION
  if (partition.leaderId !== context.brokerId) return errorCodes.NOT_LEADER_OR_FOLLOWER
  if (leaderEpoch === -1 || leaderEpoch === partition.leaderEpoch) return 0
  return leaderEpoch < partition.leaderEpoch
    ? errorCodes.FENCED_LEADER_EPOCH
    : errorCodes.UNKNOWN_LEADER_EPOCH
}

const noLeader = { leaderId: -1, leaderEpoch: -1 }

function hintOf(errorCode: number, partition: FakePartition | undefined) {
  const isMoved =
    errorCode === errorCodes.NOT_LEADER_OR_FOLLOWER || errorCode === errorCodes.FENCED_LEADER_EPOCH
  if (!isMoved || partition === undefined) return noLeader
  return { leaderId: partition.leaderId, leaderEpoch: partition.leaderEpoch }
}

function endpoints(hints: readonly { readonly leaderId: number }[]) {
  const ids = new Set(hints.map(({ leaderId }) => leaderId).filter(id => id >= 0))
  return [...ids].map(nodeId => ({ nodeId, ...endpointOf(nodeId), rack: null }))
}

answer(Produce, (request, context) => {
  const responses = request.topicData.map(data => ({
    name: data.name,
    topicId: data.topicId,
    partitionResponses: data.partitionData.map(each => produceTo(data, each, context)),
  }))
  context.state.appended()
  const hints = responses.flatMap(r => r.partitionResponses.map(p => p.currentLeader))
  return { responses, throttleTimeMs: 0, nodeEndpoints: endpoints(hints) }
})

type ProduceTopic = ItemOf<ProduceRequest['topicData']>

function produceTo(
  { name, topicId }: ProduceTopic,
  { index, records }: ItemOf<ProduceTopic['partitionData']>,
  context: AnswerContext,
) {
  const topic = context.state.find(context.version >= 13 ? '' : name, topicId)
  const partition = topic?.partitions[index]
  let errorCode = errorOf(topic, partition, context, context.version >= 13)
  let baseOffset = -1
  const bytes = records?.[0]
  if (errorCode === 0 && partition !== undefined && bytes !== undefined) {
    for (const batch of splitBatches(bytes)) {
      const result = partition.log.append(batch, partition.leaderEpoch)
      if ('error' in result) errorCode = errorCodes[result.error]
      else if (baseOffset === -1) baseOffset = result.baseOffset
    }
  }
  return {
    index,
    errorCode,
    baseOffset: errorCode === 0 ? baseOffset : -1,
    logAppendTimeMs: -1,
    logStartOffset: partition?.log.logStartOffset ?? -1,
    recordErrors: [],
    errorMessage: null,
    currentLeader: hintOf(errorCode, partition),
  }
}

answer(Fetch, async (request, context) => {
  const endMs = context.atMs + request.maxWaitMs
  for (;;) {
    const responses = request.topics.map(topic => fetchFrom(topic, request, context))
    const partitions = responses.flatMap(topic => topic.partitions)
    const bytes = partitions.reduce((sum, { records }) => sum + sizeOf(records), 0)
    const isDone = bytes >= request.minBytes || partitions.some(p => p.errorCode !== 0)
    const remainingMs = endMs - context.nowMs()
    if (isDone || remainingMs <= 0) {
      const nodeEndpoints = endpoints(partitions.map(p => p.currentLeader))
      // Session 0: this broker keeps none, each fetch names all of its partitions.
      return { throttleTimeMs: 0, errorCode: 0, sessionId: 0, responses, nodeEndpoints }
    }
    const appended = Promise.withResolvers<void>()
    using _listener = context.state.onAppend(() => appended.resolve())
    await Promise.race([appended.promise, context.sleep(remainingMs)])
  }
})

function sizeOf(records: readonly Uint8Array[] | null): number {
  return records === null ? 0 : records.reduce((sum, chunk) => sum + chunk.length, 0)
}

function fetchFrom(
  asked: ItemOf<FetchRequest['topics']>,
  request: FetchRequest,
  context: AnswerContext,
) {
  const isById = context.version >= 13
  const topic = context.state.find(isById ? '' : asked.topic, asked.topicId)
  const partitions = asked.partitions.map(each => {
    const partition = topic?.partitions[each.partition]
    const log = partition?.log
    let errorCode = errorOf(topic, partition, context, isById, each.currentLeaderEpoch)
    const isInside =
      log !== undefined &&
      each.fetchOffset >= log.logStartOffset &&
      each.fetchOffset <= log.logEndOffset
    if (errorCode === 0 && !isInside) errorCode = errorCodes.OFFSET_OUT_OF_RANGE
    const maxBytes = Math.min(each.partitionMaxBytes, request.maxBytes)
    return {
      partitionIndex: each.partition,
      errorCode,
      highWatermark: log?.logEndOffset ?? -1,
      lastStableOffset: log?.logEndOffset ?? -1,
      logStartOffset: log?.logStartOffset ?? -1,
      divergingEpoch: { epoch: -1, endOffset: -1 },
      currentLeader: hintOf(errorCode, partition),
      snapshotId: { endOffset: -1, epoch: -1 },
      abortedTransactions: null,
      preferredReadReplica: -1,
      records: errorCode === 0 && log ? log.read(each.fetchOffset, maxBytes) : [],
    }
  })
  return { topic: asked.topic, topicId: asked.topicId, partitions }
}

answer(ListOffsets, (request, context) => ({
  throttleTimeMs: 0,
  topics: request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, timestamp, currentLeaderEpoch }) => {
      const topic = context.state.topics.get(name)
      const partition = topic?.partitions[partitionIndex]
      const errorCode = errorOf(topic, partition, context, false, currentLeaderEpoch)
      const found =
        errorCode === 0 && partition
          ? partition.log.lookUp(timestamp)
          : { offset: -1, timestamp: -1 }
      return { partitionIndex, errorCode, leaderEpoch: partition?.leaderEpoch ?? -1, ...found }
    }),
  })),
}))

answer(OffsetForLeaderEpoch, (request, context) => ({
  throttleTimeMs: 0,
  topics: request.topics.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, leaderEpoch, currentLeaderEpoch }) => {
      const found = context.state.topics.get(topic)
      const log = found?.partitions[partition]
      const errorCode = errorOf(found, log, context, false, currentLeaderEpoch)
      return { partition, errorCode, leaderEpoch, endOffset: log?.log.logEndOffset ?? -1 }
    }),
  })),
}))

answer(OffsetCommit, (request, context) => {
  const { state } = context
  const isCoordinator = state.coordinatorOf(request.groupId) === context.brokerId
  const errorCode = isCoordinator ? 0 : errorCodes.NOT_COORDINATOR
  const offsets = state.committed.get(request.groupId) ?? new Map()
  if (errorCode === 0) state.committed.set(request.groupId, offsets)
  return {
    throttleTimeMs: 0,
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex, committedOffset, committedMetadata }) => {
        const topic = state.find(context.version >= 10 ? '' : name, topicId)
        if (topic === undefined) {
          return { partitionIndex, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION }
        }
        if (errorCode === 0) {
          const value = { offset: committedOffset, metadata: committedMetadata }
          offsets.set(`${topic.name}-${partitionIndex}`, value)
        }
        return { partitionIndex, errorCode }
      }),
    })),
  }
})

answer(OffsetFetch, (request, context) => {
  const asked: OffsetFetchRequest['groups'] =
    context.version >= 8
      ? request.groups
      : [
          {
            groupId: request.groupId,
            memberId: null,
            memberEpoch: -1,
            topics: request.topics?.map(t => ({ ...t, topicId: '' })) ?? null,
          },
        ]
  const groups = asked.map(group => committedOf(group, context))
  const [first] = groups
  return {
    throttleTimeMs: 0,
    topics: first?.topics ?? [],
    errorCode: first?.errorCode ?? 0,
    groups,
  }
})

function committedOf(
  { groupId, topics }: ItemOf<OffsetFetchRequest['groups']>,
  { state, brokerId, version }: AnswerContext,
) {
  const isCoordinator = state.coordinatorOf(groupId) === brokerId
  if (!isCoordinator) return { groupId, topics: [], errorCode: errorCodes.NOT_COORDINATOR }
  const offsets = state.committed.get(groupId) ?? new Map()
  const asked =
    topics ??
    [...state.topics.values()].map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitionIndexes: [...partitions.keys()].filter(p => offsets.has(`${name}-${p}`)),
    }))
  return {
    groupId,
    errorCode: 0,
    topics: asked
      .filter(topic => topics !== null || topic.partitionIndexes.length > 0)
      .map(({ name, topicId, partitionIndexes }) => ({
        name,
        topicId,
        partitions: partitionIndexes.map(partitionIndex => {
          const found = state.find(version >= 10 ? '' : name, topicId)
          const value = offsets.get(`${found?.name}-${partitionIndex}`)
          return {
            partitionIndex,
            committedOffset: value?.offset ?? -1,
            committedLeaderEpoch: -1,
            metadata: value?.metadata ?? '',
            errorCode: 0,
          }
        }),
      })),
  }
}
