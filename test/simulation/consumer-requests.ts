// The requests of consumers and group members, each with the few fields a simulation needs.
// Undefined stands for no answer.

import {
  encodeSubscription,
  errorNameOf,
  Fetch,
  FindCoordinator,
  Heartbeat,
  JoinGroup,
  type JoinGroupResponse,
  LeaveGroup,
  OffsetCommit,
  OffsetFetch,
  SyncGroup,
} from '@klamm/protocol'
import type { BrokerAddress, SimClient } from './sim-client.ts'

const sessionTimeoutMs = 2_000
const rebalanceTimeoutMs = 3_000
const protocolType = 'consumer'
const protocolName = 'range'

/** Who asks, as what. */
export interface Member {
  readonly groupId: string
  readonly memberId: string
  readonly generation: number
}

export async function findCoordinator(
  client: SimClient,
  groupId: string,
): Promise<BrokerAddress | undefined> {
  const response = await client.ask(client.anyBroker(), connection =>
    connection.request(FindCoordinator, 4, { key: '', keyType: 0, coordinatorKeys: [groupId] }),
  )
  const found = response?.coordinators[0]
  return found?.errorCode === 0 ? { host: found.host, port: found.port } : undefined
}

export async function joinGroup(
  client: SimClient,
  coordinator: BrokerAddress,
  groupId: string,
  memberId: string,
  topic: string,
): Promise<(JoinGroupResponse & { readonly error: string }) | undefined> {
  const metadata = encodeSubscription({
    topics: [topic],
    userData: null,
    ownedPartitions: [],
    generationId: -1,
    rackId: null,
  })
  const response = await client.ask(
    coordinator,
    connection =>
      connection.request(JoinGroup, 9, {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs,
        memberId,
        groupInstanceId: null,
        protocolType,
        protocols: [{ name: protocolName, metadata }],
        reason: null,
      }),
    4 * rebalanceTimeoutMs,
  )
  return response && { ...response, error: errorNameOf(response.errorCode) }
}

export async function syncGroup(
  client: SimClient,
  coordinator: BrokerAddress,
  { groupId, memberId, generation }: Member,
  assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[],
): Promise<{ readonly error: string; readonly assignment: Uint8Array } | undefined> {
  const response = await client.ask(
    coordinator,
    connection =>
      connection.request(SyncGroup, 5, {
        groupId,
        generationId: generation,
        memberId,
        groupInstanceId: null,
        protocolType,
        protocolName,
        assignments,
      }),
    4 * rebalanceTimeoutMs,
  )
  return response && { error: errorNameOf(response.errorCode), assignment: response.assignment }
}

export async function heartbeat(
  client: SimClient,
  coordinator: BrokerAddress,
  { groupId, memberId, generation }: Member,
): Promise<string | undefined> {
  const response = await client.ask(coordinator, connection =>
    connection.request(Heartbeat, 4, {
      groupId,
      generationId: generation,
      memberId,
      groupInstanceId: null,
    }),
  )
  return response && errorNameOf(response.errorCode)
}

export async function leaveGroup(
  client: SimClient,
  coordinator: BrokerAddress,
  { groupId, memberId }: Member,
): Promise<void> {
  await client.ask(coordinator, connection =>
    connection.request(LeaveGroup, 5, {
      groupId,
      memberId: '',
      members: [{ memberId, groupInstanceId: null, reason: null }],
    }),
  )
}

/** Of one partition: the error, or undefined. */
export async function commitOffset(
  client: SimClient,
  coordinator: BrokerAddress,
  { groupId, memberId, generation }: Member,
  topicId: string,
  place: { readonly partition: number; readonly offset: number; readonly leaderEpoch: number },
): Promise<string | undefined> {
  const response = await client.ask(coordinator, connection =>
    connection.request(OffsetCommit, 10, {
      groupId,
      generationIdOrMemberEpoch: generation,
      memberId,
      groupInstanceId: null,
      retentionTimeMs: -1,
      topics: [
        {
          name: '',
          topicId,
          partitions: [
            {
              partitionIndex: place.partition,
              committedOffset: place.offset,
              committedLeaderEpoch: place.leaderEpoch,
              committedMetadata: null,
            },
          ],
        },
      ],
    }),
  )
  const errorCode = response?.topics[0]?.partitions[0]?.errorCode
  return errorCode === undefined ? undefined : errorNameOf(errorCode)
}

export interface FoundOffset {
  readonly partition: number
  /** -1: none. */
  readonly offset: number
  readonly leaderEpoch: number
}

/** Undefined also when the coordinator had no answer. */
export async function fetchOffsets(
  client: SimClient,
  coordinator: BrokerAddress,
  groupId: string,
  topicId: string,
  partitions: readonly number[],
): Promise<readonly FoundOffset[] | undefined> {
  const topics = [{ name: '', topicId, partitionIndexes: partitions }]
  const response = await client.ask(coordinator, connection =>
    connection.request(OffsetFetch, 10, {
      groupId: '',
      topics: null,
      groups: [{ groupId, memberId: null, memberEpoch: -1, topics }],
      requireStable: true,
    }),
  )
  const [group] = response?.groups ?? []
  if (group === undefined || group.errorCode !== 0) return undefined
  const found = group.topics[0]?.partitions ?? []
  if (found.some(({ errorCode }) => errorCode !== 0)) return undefined
  return found.map(({ partitionIndex, committedOffset, committedLeaderEpoch }) => ({
    partition: partitionIndex,
    offset: committedOffset,
    leaderEpoch: committedLeaderEpoch,
  }))
}

export interface FetchedRecords {
  readonly error: string
  readonly chunks: readonly Uint8Array[]
}

export async function fetchRecords(
  client: SimClient,
  leader: BrokerAddress & { readonly leaderEpoch: number },
  topicId: string,
  partition: number,
  fetchOffset: number,
): Promise<FetchedRecords | undefined> {
  const response = await client.ask(leader, connection =>
    connection.request(Fetch, 16, {
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      maxWaitMs: 200,
      minBytes: 1,
      maxBytes: 64 * 1024,
      isolationLevel: 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: '',
          topicId,
          partitions: [
            {
              partition,
              currentLeaderEpoch: leader.leaderEpoch,
              fetchOffset,
              lastFetchedEpoch: -1,
              logStartOffset: -1,
              partitionMaxBytes: 64 * 1024,
              replicaDirectoryId: '',
              highWatermark: Number.MAX_SAFE_INTEGER,
            },
          ],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    }),
  )
  if (response === undefined) return undefined
  const answer = response.responses[0]?.partitions[0]
  if (answer === undefined) return { error: errorNameOf(response.errorCode), chunks: [] }
  return { error: errorNameOf(answer.errorCode), chunks: answer.records ?? [] }
}
