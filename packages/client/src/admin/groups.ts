// Groups: which there are, who is in them, and gone.

import {
  DecodeError,
  DeleteGroups,
  DescribeGroups,
  type DescribeGroupsResponse,
  decodeAssignment,
  decodeSubscription,
  type ItemOf,
  ListGroups,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import type { KafkaError } from '../errors.ts'
import { askEach, errorOf, unique } from './answers.ts'
import { type ManyOptions, type Results, settleMany } from './call.ts'
import { askCoordinators } from './coordinated.ts'

export interface GroupOverview {
  readonly groupId: string
  /** `consumer` for consumers; other clients name their own. */
  readonly protocolType: string
  /** `Stable`, `Empty` and so on; empty from brokers that do not tell. */
  readonly state: string
  /** `classic`, `consumer` and so on, as the broker spells it; empty when it does not tell. */
  readonly groupType: string
}

export interface ListGroupsOptions extends ManyOptions {
  /** Only groups in one of these states. */
  readonly states?: readonly string[] | undefined
  /** Only groups of one of these types. */
  readonly types?: readonly string[] | undefined
}

/** What each broker coordinates; `failures: 'return'` tells which brokers did not answer. */
export async function listGroupsByBroker<O extends ListGroupsOptions>(
  core: ClientCore,
  options?: O,
): Promise<Results<O, number, readonly GroupOverview[]>> {
  const { signal } = options ?? {}
  await core.metadata.topics('all', { signal, timeoutMs: options?.timeoutMs })
  const ids = [...core.metadata.brokers.keys()].sort((a, b) => a - b)
  const settings = { name: (id: number) => `groups of broker ${id}` }
  return settleMany(core, ids, options, settings, async (pending, deadline) => {
    const shares = new Map(pending.map(id => [id, [id]]))
    return askEach(shares, async brokerId => {
      const body = { statesFilter: options?.states ?? [], typesFilter: options?.types ?? [] }
      const sent = { signal, timeoutMs: deadline.remainingMs() }
      const response = await core.brokers.request(brokerId, ListGroups, body, sent)
      const { errorCode } = response
      const error = errorOf(errorCode, null, `groups of broker ${brokerId}`, { brokerId })
      const groups = response.groups.map(({ groupId, protocolType, groupState, groupType }) => {
        return { groupId, protocolType, state: groupState, groupType }
      })
      return new Map([[brokerId, error ?? groups]])
    })
  })
}

/** All groups of the cluster, by id. Rejects when a broker did not answer. */
export async function listGroups(
  core: ClientCore,
  options: Omit<ListGroupsOptions, 'failures'> = {},
): Promise<GroupOverview[]> {
  const lists = await listGroupsByBroker(core, { ...options, failures: 'throw' })
  const byId = new Map(lists.flat().map(group => [group.groupId, group]))
  return [...byId.values()].sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
}

export interface MemberDescription {
  readonly memberId: string
  /** Undefined for a dynamic member. */
  readonly groupInstanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  /** Topics it subscribes to; undefined when it is no consumer, or between assignments. */
  readonly topics: readonly string[] | undefined
  /** Undefined when it is no consumer, or between assignments. */
  readonly assignment:
    | readonly { readonly topic: string; readonly partitions: readonly number[] }[]
    | undefined
  /** As the member sent it. */
  readonly metadataBytes: Uint8Array
  readonly assignmentBytes: Uint8Array
}

export interface GroupDescription {
  readonly groupId: string
  /** `PreparingRebalance`, `CompletingRebalance`, `Stable`, `Empty` or `Dead`. */
  readonly state: string
  readonly protocolType: string
  /** The assignor chosen; empty while there is none. */
  readonly protocol: string
  readonly members: readonly MemberDescription[]
}

export function describeGroups<O extends ManyOptions>(
  core: ClientCore,
  groupIds: readonly string[],
  options?: O,
): Promise<Results<O, string, GroupDescription>> {
  const settings = { name: (groupId: string) => `describing group ${groupId}` }
  return settleMany(core, unique(groupIds), options, settings, (pending, deadline) =>
    askCoordinators(core, pending, deadline, async (brokerId, share) => {
      const body = { groups: share, includeAuthorizedOperations: false }
      const sent = { signal: deadline.signal, timeoutMs: deadline.remainingMs() }
      const response = await core.brokers.request(brokerId, DescribeGroups, body, sent)
      return new Map(
        response.groups.map(group => {
          const { groupId, errorCode, errorMessage } = group
          const error = errorOf(errorCode, errorMessage, `describing group ${groupId}`)
          return [groupId, error ?? descriptionOf(group)]
        }),
      )
    }),
  )
}

type GroupResponse = ItemOf<DescribeGroupsResponse['groups']>

function descriptionOf(group: GroupResponse): GroupDescription {
  const { groupId, groupState, protocolType, protocolData } = group
  const isConsumer = protocolType === 'consumer'
  return {
    groupId,
    state: groupState,
    protocolType,
    protocol: protocolData,
    members: group.members.map(member => memberOf(member, isConsumer)),
  }
}

function memberOf(
  member: ItemOf<GroupResponse['members']>,
  isConsumer: boolean,
): MemberDescription {
  const { memberId, groupInstanceId, clientId, clientHost } = member
  const { memberMetadata, memberAssignment } = member
  const subscription = isConsumer ? decoded(decodeSubscription, memberMetadata) : undefined
  const assignment = isConsumer ? decoded(decodeAssignment, memberAssignment) : undefined
  return {
    memberId,
    groupInstanceId: groupInstanceId ?? undefined,
    clientId,
    clientHost,
    topics: subscription?.topics,
    assignment: assignment?.assignedPartitions,
    metadataBytes: memberMetadata,
    assignmentBytes: memberAssignment,
  }
}

/** What members send is their own affair: it may be anything. */
function decoded<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): T | undefined {
  if (bytes.byteLength === 0) return undefined
  try {
    return decode(bytes)
  } catch (error) {
    if (error instanceof DecodeError) return undefined
    throw error
  }
}

/** Resolves with the ids of the groups that were deleted. */
export function deleteGroups<O extends ManyOptions>(
  core: ClientCore,
  groupIds: readonly string[],
  options?: O,
): Promise<Results<O, string, string>> {
  const settings = { name: (groupId: string) => `deleting group ${groupId}` }
  return settleMany(core, unique(groupIds), options, settings, (pending, deadline) =>
    askCoordinators(core, pending, deadline, async (brokerId, share) => {
      const sent = { signal: deadline.signal, timeoutMs: deadline.remainingMs() }
      const body = { groupsNames: share }
      const response = await core.brokers.request(brokerId, DeleteGroups, body, sent)
      return new Map<string, string | KafkaError>(
        response.results.map(({ groupId, errorCode }) => {
          return [groupId, errorOf(errorCode, null, `deleting group ${groupId}`) ?? groupId]
        }),
      )
    }),
  )
}
