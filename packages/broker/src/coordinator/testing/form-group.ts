// Brings a group to where a test begins.

import { assert } from '@klamm/base'
import type { JoinReply, JoinRequest } from '../groups/types.ts'
import type { Asked, TestShard } from './test-shard.ts'

/** One byte that tells whose assignment it is. */
export function assignmentOf(memberId: string): Uint8Array {
  return new Uint8Array([memberId.charCodeAt(0)])
}

/** A consumer's subscription to the topics, version 0, ended by `suffix` bytes of user data. */
export function subscription(
  topics: readonly string[],
  suffix: readonly number[] = [],
): Uint8Array {
  const bytes = [0, 0, 0, 0, 0, topics.length]
  for (const topic of topics) {
    bytes.push(0, topic.length)
    for (let i = 0; i < topic.length; i++) bytes.push(topic.charCodeAt(i))
  }
  return new Uint8Array([...bytes, ...suffix])
}

/** Joins an empty group, members with the ids given, and lets the first wait pass. */
export function joinAll(
  shard: TestShard,
  memberIds: readonly string[],
  request: Partial<JoinRequest> = {},
): readonly Asked<JoinReply>[] {
  const joins = memberIds.map(id => shard.join({ ...request, clientId: id }, id))
  shard.advance(shard.config.initialRebalanceDelayMs)
  return joins
}

/** Each member asks for its assignment; the leader brings `assignmentOf` for everybody. */
export function syncAll(shard: TestShard, groupId = 'g'): void {
  const group = shard.groups.groups.get(groupId)
  assert(group !== undefined, 'there is a group to sync')
  const { generationId, leaderId } = group
  const memberIds = [...group.members.keys()]
  const everybody = memberIds.map(memberId => ({ memberId, assignment: assignmentOf(memberId) }))
  for (const memberId of memberIds) {
    const assignments = memberId === leaderId ? everybody : []
    shard.sync({ groupId, memberId, generationId, assignments })
  }
}

/** A stable group of dynamic members with the ids given, in its first generation. */
export function stableGroup(
  shard: TestShard,
  memberIds: readonly string[],
  request: Partial<JoinRequest> = {},
): void {
  joinAll(shard, memberIds, request)
  syncAll(shard, request.groupId)
}

/** Every member joins again, the leader last, and the next generation is stable. */
export function rejoinAll(shard: TestShard, groupId = 'g'): void {
  const group = shard.groups.groups.get(groupId)
  assert(group !== undefined, 'there is a group to rejoin')
  for (const { memberId, groupInstanceId, protocols } of group.members.values()) {
    shard.join({ groupId, memberId, groupInstanceId, protocols })
  }
  syncAll(shard, groupId)
}
