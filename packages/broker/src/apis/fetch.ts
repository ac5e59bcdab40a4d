// Fetch (1): batches from an offset on, as they are stored. From consumers, and from followers over
// the private network.
//
// v5 log start offsets (KIP-107); v7 incremental sessions (KIP-227); v9 leader epochs (KIP-320);
// v11 reading from the nearest replica (KIP-392: not offered yet, no replica is preferred); v12
// divergence is told to followers (KIP-595); v13 topic ids (KIP-516); v15 the follower's broker
// epoch (KIP-903); v16 leader endpoints (KIP-951); v17 directories (KIP-853) and v18 the follower's
// high watermark (KIP-1166) are read and not needed.

import { zeroUuid } from '@klamm/base'
import { errorCodes, Fetch, type FetchRequest, type FetchResponse } from '@klamm/protocol'
import { freeRequestBytesPerConnection, maxFetchResponseBytes } from '../limits.ts'
import {
  type FetchedData,
  FetchReader,
  type FollowerId,
  isolationOf,
} from '../partition/fetch-reader.ts'
import type { FetchPartition, SessionPartition } from '../replica/index.ts'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler, type RequestContext } from './handler.ts'
import { leaderEndpoints, leaderHint } from './leader-hints.ts'

type Needs = Pick<
  BrokerServices,
  'clock' | 'partitions' | 'metadata' | 'fetchSessions' | 'parkedFetches' | 'answerMemory'
>
type TopicResponse = FetchResponse['responses'][number]
type PartitionResponse = TopicResponse['partitions'][number]

/** Responses never wait longer than this, in ms, whatever is asked for. */
const longestWaitMs = 5 * 60_000

/** The same for large requests: they hold memory that other requests want. */
const longestWaitOfLargeMs = 500

export const fetch: Handler<Needs, typeof Fetch> = handler({
  schema: Fetch,
  versions: [4, 18],
  async handle(needs: Needs, context, request) {
    const { clock, partitions, metadata, fetchSessions, parkedFetches } = needs
    const follower = followerOf(request, context)
    // A follower that asks for nothing wants what it has asked for before.
    if (follower !== undefined && isEmpty(request)) parkedFetches.release(follower.replicaId)
    const usesTopicIds = context.apiVersion >= 13
    const session = fetchSessions.begin(
      {
        sessionId: request.sessionId,
        sessionEpoch: request.sessionEpoch,
        usesTopicIds,
        isFollower: follower !== undefined,
        owner: context.listener,
        partitions: asked(request, usesTopicIds, metadata.image),
        forgotten: forgotten(request, usesTopicIds, metadata.image),
      },
      clock.monotonicMs(),
    )
    if (session.error !== 'NONE') return refusal(request, errorCodes[session.error])
    const reader = new FetchReader({
      clock,
      lookup: partitions,
      partitions: session.partitions,
      limits: {
        minBytes: request.minBytes,
        maxBytes: Math.min(request.maxBytes, maxFetchResponseBytes),
        isolation: isolationOf(follower, request.isolationLevel),
      },
      maxWaitMs: Math.min(request.maxWaitMs, longestWait(context)),
      follower,
      parkedFetches,
      leaderOnly: context.apiVersion < 11,
      // Followers ask for no more than a few MiB at a time, and must not be starved by clients.
      memory: context.listener === 'peer' ? undefined : needs.answerMemory,
      signal: context.signal,
    })
    const data = await reader.answer()
    const answer = session.respond(data.map(stateOf), clock.monotonicMs())
    const hints = new Set<number>()
    const responses = byTopic(session.partitions, data, answer.included, request, hints)
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      sessionId: answer.sessionId,
      responses,
      nodeEndpoints: leaderEndpoints(metadata.image, hints),
    }
  },
  refuse: refusal,
})

/** A client that claims to be a follower is none: only brokers speak on the private network. */
function followerOf(request: FetchRequest, context: RequestContext): FollowerId | undefined {
  if (context.listener !== 'peer') return undefined
  const { replicaId, replicaEpoch } = request.replicaState
  if (replicaId >= 0) return { replicaId, brokerEpoch: replicaEpoch }
  return undefined
}

/** Nor does it continue a session. */
function isEmpty({ sessionId, topics }: FetchRequest): boolean {
  return sessionId === 0 && topics.length === 0
}

function longestWait({ requestBytes }: RequestContext): number {
  return requestBytes > freeRequestBytesPerConnection ? longestWaitOfLargeMs : longestWaitMs
}

type Image = BrokerServices['metadata']['image']

/** Below v13 topics come by name; the session keeps what was sent. */
function asked(request: FetchRequest, usesTopicIds: boolean, image: Image): FetchPartition[] {
  return request.topics.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(partition => ({
      ...nameOf(topic, topicId, partition.partition, usesTopicIds, image),
      fetchOffset: partition.fetchOffset,
      partitionMaxBytes: partition.partitionMaxBytes,
      currentLeaderEpoch: partition.currentLeaderEpoch,
      lastFetchedEpoch: partition.lastFetchedEpoch,
      logStartOffset: partition.logStartOffset,
    })),
  )
}

function forgotten(request: FetchRequest, usesTopicIds: boolean, image: Image): SessionPartition[] {
  return request.forgottenTopicsData.flatMap(({ topic, topicId, partitions }) =>
    partitions.map(index => nameOf(topic, topicId, index, usesTopicIds, image)),
  )
}

function nameOf(
  topic: string,
  topicId: string,
  partitionIndex: number,
  usesTopicIds: boolean,
  image: Image,
): SessionPartition {
  if (!usesTopicIds) return { topicId: undefined, topicName: topic, partitionIndex }
  return { topicId, topicName: image.topics.byId(topicId)?.name, partitionIndex }
}

function stateOf(data: FetchedData) {
  return {
    error: data.error,
    highWatermark: data.highWatermark,
    lastStableOffset: data.lastStableOffset,
    logStartOffset: data.logStartOffset,
    sizeInBytes: data.sizeInBytes,
    hasDivergingEpoch: data.divergingEpoch !== undefined,
    preferredReadReplica: -1,
  }
}

/** Neighbours of one topic share an entry, so that the order of the session is kept. */
function byTopic(
  partitions: readonly FetchPartition[],
  data: readonly FetchedData[],
  included: readonly number[],
  request: FetchRequest,
  hints: Set<number>,
): TopicResponse[] {
  const topics: { topic: string; topicId: string; partitions: PartitionResponse[] }[] = []
  for (const index of included) {
    const asked = partitions[index]
    const fetched = data[index]
    if (asked === undefined || fetched === undefined) continue
    const topic = asked.topicName ?? ''
    const topicId = asked.topicId ?? fetched.located.topic?.id ?? zeroUuid
    const last = topics.at(-1)
    const response = partitionResponse(asked.partitionIndex, fetched, request, hints)
    if (last !== undefined && last.topic === topic && last.topicId === topicId) {
      last.partitions.push(response)
    } else {
      topics.push({ topic, topicId, partitions: [response] })
    }
  }
  return topics
}

function partitionResponse(
  partitionIndex: number,
  data: FetchedData,
  request: FetchRequest,
  hints: Set<number>,
): PartitionResponse {
  const { located, error, divergingEpoch } = data
  const isElsewhere = error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH'
  if (isElsewhere && located.image !== undefined) hints.add(located.image.leader)
  return {
    partitionIndex,
    errorCode: errorCodes[error],
    highWatermark: data.highWatermark,
    lastStableOffset: data.lastStableOffset,
    logStartOffset: data.logStartOffset,
    divergingEpoch:
      divergingEpoch === undefined
        ? noEpoch
        : { epoch: divergingEpoch.leaderEpoch, endOffset: divergingEpoch.endOffset },
    currentLeader: leaderHint(isElsewhere ? located.image : undefined),
    snapshotId: noSnapshot,
    // There are no transactions yet, hence none that were aborted.
    abortedTransactions: request.isolationLevel === 1 ? [] : null,
    preferredReadReplica: -1,
    records: data.chunks,
  }
}

const noEpoch = { epoch: -1, endOffset: -1 }
const noSnapshot = { endOffset: -1, epoch: -1 }

function refusal(_request: FetchRequest, errorCode: number): FetchResponse {
  return { throttleTimeMs: 0, errorCode, sessionId: 0, responses: [], nodeEndpoints: [] }
}
