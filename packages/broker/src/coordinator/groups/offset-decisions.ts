// What is decided about committed offsets: who may commit, what a fetch sees, what is forgotten.

import type { ErrorName } from '@klamm/protocol/errors'
import type { ClassicGroup } from './classic/group.ts'
import { extendSession } from './classic/heartbeat.ts'
import { metadataOf } from './classic/member.ts'
import { validateMember } from './classic/validate.ts'
import type { Effects } from './effects.ts'
import type { Offsets, View } from './offsets.ts'
import type { TopicDeletedOperation } from './operation.ts'
import type { CommittedOffset } from './records.ts'
import { consumerProtocolType, subscribedTopics } from './subscription.ts'
import type {
  FetchedOffset,
  OffsetCommitReply,
  OffsetCommitRequest,
  OffsetDeleteReply,
  OffsetDeleteRequest,
  OffsetFetchReply,
  OffsetFetchRequest,
  OffsetFetchTopic,
} from './types.ts'

/** Tombstones that one batch may have; expiry goes on with the next. */
export const maxTombstonesPerBatch = 1_000

/**
 * Whether the offsets may be committed. Nobody but a member of the current generation may while
 * there are members: whatever else writes here is a zombie (GRP-4).
 */
export function validateCommit(
  group: ClassicGroup | undefined,
  request: OffsetCommitRequest,
): ErrorName {
  const { generationId, memberId, groupInstanceId } = request
  if (group === undefined) {
    // A consumer that assigns partitions to itself, or an administrator, uses the group as a store.
    if (generationId < 0) return 'NONE'
    return request.knowsGroupIdNotFound ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION'
  }
  if (generationId < 0 && group.state === 'empty') return 'NONE'
  if (generationId < 0 && memberId === '' && groupInstanceId === undefined) {
    return 'UNKNOWN_MEMBER_ID'
  }
  const error = validateMember(group, request)
  if (error !== 'NONE') return error
  if (generationId !== group.generationId) return 'ILLEGAL_GENERATION'
  return group.state === 'completingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

/** The request has been validated. Commits keep a member's session alive. */
export function commit(
  group: ClassicGroup | undefined,
  request: OffsetCommitRequest,
  effects: Effects,
): OffsetCommitReply {
  const { groupId, memberId, retentionMs } = request
  const { wallMs } = effects.at
  if (group !== undefined) extendSession(group, memberId, effects)
  const expireWallMs = retentionMs === undefined ? undefined : wallMs + retentionMs
  const topics = request.topics.map(({ topic, topicId, partitions }) => ({
    topic,
    partitions: partitions.map(({ partition, offset, leaderEpoch, metadata }) => {
      if (metadata.length > effects.config.offsetMetadataMaxLength) {
        return { partition, error: 'OFFSET_METADATA_TOO_LARGE' as const }
      }
      const value = { offset, leaderEpoch, metadata, commitWallMs: wallMs, expireWallMs, topicId }
      effects.append({ kind: 'offsetCommit', groupId, topic, partition, value })
      return { partition, error: 'NONE' as const }
    }),
  }))
  return { topics }
}

/**
 * Committed offsets only. A fetch that requires stable ones waits for the commits that are under
 * way, if there are any for what it asks.
 */
export function fetch(
  offsets: Offsets,
  request: OffsetFetchRequest,
  effects: Effects,
): OffsetFetchReply {
  const { groupId } = request
  const view: View = request.requireStable ? 'appended' : 'committed'
  const isAll = request.topics === undefined
  const asked = request.topics ?? allTopics(offsets, groupId)
  const topics: OffsetFetchReply['topics'][number][] = []
  for (const { topic, topicId, partitions } of asked) {
    const found: FetchedOffset[] = []
    let knownId = topicId
    for (const partition of partitions) {
      const isPending = offsets.isPending(groupId, topic, partition)
      if (request.requireStable && isPending) effects.waitForAppended()
      const value = offsets.get(view, groupId, topic, partition)
      if (isAll && value === undefined) continue
      knownId ??= value?.topicId
      found.push(fetched(partition, isOfTopic(value, topicId) ? value : undefined))
    }
    if (found.length > 0 || !isAll) topics.push({ topic, topicId: knownId, partitions: found })
  }
  return { topics }
}

/** Forgets offsets on an administrator's demand; not of topics the group consumes. */
export function deleteOffsets(
  group: ClassicGroup | undefined,
  offsets: Offsets,
  request: OffsetDeleteRequest,
  effects: Effects,
): OffsetDeleteReply {
  const { groupId } = request
  if (group === undefined && !offsets.has('appended', groupId)) {
    return { error: 'GROUP_ID_NOT_FOUND', topics: [] }
  }
  const isActive = group !== undefined && group.state !== 'empty'
  if (isActive && group.protocolType !== consumerProtocolType) {
    return { error: 'NON_EMPTY_GROUP', topics: [] }
  }
  const topics = request.topics.map(({ topic, partitions }) => {
    const isInUse = isActive && isSubscribed(group, topic)
    const error: ErrorName = isInUse ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE'
    for (const partition of partitions) {
      const isKnown = offsets.get('appended', groupId, topic, partition) !== undefined
      if (error !== 'NONE' || !isKnown) continue
      effects.append({ kind: 'offsetTombstone', groupId, topic, partition })
    }
    return { topic, partitions: partitions.map(partition => ({ partition, error })) }
  })
  return { error: 'NONE', topics }
}

/** Forgets everything the group has committed. */
export function deleteAllOffsets(offsets: Offsets, groupId: string, effects: Effects): void {
  offsets.visit('appended', groupId, (topic, partition) => {
    effects.append({ kind: 'offsetTombstone', groupId, topic, partition })
    return true
  })
}

/**
 * Forgets the offsets of a group without members whose time has passed. Returns how many, and
 * whether none is left.
 */
export function expireOffsets(
  group: ClassicGroup | undefined,
  offsets: Offsets,
  groupId: string,
  limit: number,
  effects: Effects,
): { readonly count: number; readonly isNoneLeft: boolean } {
  let count = 0
  let isNoneLeft = true
  offsets.visit('appended', groupId, (topic, partition, value) => {
    if (count < limit && isExpired(value, group, effects)) {
      effects.append({ kind: 'offsetTombstone', groupId, topic, partition })
      count += 1
    } else {
      isNoneLeft = false
    }
    return count < limit || isNoneLeft
  })
  return { count, isNoneLeft }
}

/** Forgets what was committed for a topic that is gone. */
export function forgetTopic(
  offsets: Offsets,
  operation: TopicDeletedOperation,
  effects: Effects,
): void {
  const { topic, topicId } = operation
  let count = 0
  for (const groupId of offsets.groupIds()) {
    for (const partition of offsets.partitions(groupId, topic)) {
      const value = offsets.get('appended', groupId, topic, partition)
      if (value === undefined || !isOfTopic(value, topicId)) continue
      if (count === maxTombstonesPerBatch) {
        effects.continueSoon(operation)
        return
      }
      effects.append({ kind: 'offsetTombstone', groupId, topic, partition })
      count += 1
    }
  }
}

/** From when on the retention counts: the group being empty, or the commit if that came later. */
function isExpired(
  value: CommittedOffset,
  group: ClassicGroup | undefined,
  { at, config }: Effects,
): boolean {
  if (value.expireWallMs !== undefined) return at.wallMs >= value.expireWallMs
  const sinceWallMs = Math.max(value.commitWallMs, group?.stateWallMs ?? 0)
  return at.wallMs - sinceWallMs >= config.offsetsRetentionMs
}

/** An offset that does not say which topic it is of counts for any topic of the name. */
function isOfTopic(value: CommittedOffset | undefined, topicId: string | undefined): boolean {
  return value?.topicId === undefined || topicId === undefined || value.topicId === topicId
}

function fetched(partition: number, value: CommittedOffset | undefined): FetchedOffset {
  if (value === undefined) return { partition, offset: -1, leaderEpoch: -1, metadata: '' }
  const { offset, leaderEpoch, metadata } = value
  return { partition, offset, leaderEpoch, metadata }
}

function allTopics(offsets: Offsets, groupId: string): readonly OffsetFetchTopic[] {
  const topics: OffsetFetchTopic[] = []
  for (const topic of offsets.topics(groupId)) {
    topics.push({ topic, topicId: undefined, partitions: [...offsets.partitions(groupId, topic)] })
  }
  return topics
}

/** A group whose subscriptions cannot be read counts as subscribed to everything. */
function isSubscribed(group: ClassicGroup, topic: string): boolean {
  for (const member of group.members.values()) {
    const name = group.protocolName ?? member.protocols[0]?.name
    const topics = subscribedTopics(metadataOf(member, name))
    if (topics === undefined || topics.includes(topic)) return true
  }
  return false
}
