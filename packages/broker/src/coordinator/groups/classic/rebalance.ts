// The way of a classic group from one generation to the next: preparing (members join), completing
// (the leader assigns), and what happens when somebody does neither in time.

import type { ErrorName } from '@klamm/protocol/errors'
import type { Effects } from '../effects.ts'
import type { JoinReply, SyncReply } from '../types.ts'
import type { ClassicGroup } from './group.ts'
import { type Member, metadataOf, noBytes } from './member.ts'

/** Somebody came, left or changed: a rebalance begins, or the one under way may be complete. */
export function rebalanceOrComplete(group: ClassicGroup, effects: Effects): void {
  if (group.state === 'preparingRebalance') maybeCompleteJoin(group, effects)
  else prepareRebalance(group, effects)
}

/** Everybody has to join again. Whoever waits for an assignment is told so. */
export function prepareRebalance(group: ClassicGroup, effects: Effects): void {
  const { groupId } = group
  if (group.state === 'completingRebalance') dropAssignment(group, effects)
  group.clearPendingSyncs()
  effects.stopSyncTimer(groupId)
  const isInitial = group.state === 'empty'
  group.transition('preparingRebalance', effects.at.wallMs)
  if (isInitial) {
    const delayMs = effects.config.initialRebalanceDelayMs
    const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0)
    group.initialDelay = { remainingMs, hasNewMembers: false }
    effects.startJoinTimer(groupId, delayMs)
  } else if (group.hasEverybodyJoined) {
    completeJoin(group, effects)
  } else {
    effects.startJoinTimer(groupId, group.rebalanceTimeoutMs)
  }
}

/** Completes the join phase if nobody is missing and it is not a new group that waits for more. */
export function maybeCompleteJoin(group: ClassicGroup, effects: Effects): void {
  if (group.state !== 'preparingRebalance' || group.initialDelay !== undefined) return
  if (group.hasEverybodyJoined) completeJoin(group, effects)
}

/** The wait for members is over. A new group waits longer while more keep coming (KIP-134). */
export function joinExpired(group: ClassicGroup, effects: Effects): void {
  if (group.state !== 'preparingRebalance') return
  const { initialDelay } = group
  if (initialDelay?.hasNewMembers === true && initialDelay.remainingMs > 0) {
    const delayMs = Math.min(effects.config.initialRebalanceDelayMs, initialDelay.remainingMs)
    const remainingMs = initialDelay.remainingMs - delayMs
    group.initialDelay = { remainingMs, hasNewMembers: false }
    effects.startJoinTimer(group.groupId, delayMs)
    return
  }
  completeJoin(group, effects)
}

/**
 * The members that have been told of the generation but never asked for their assignment are
 * expelled (KIP-735). A leader whose assignment does not get committed is not: all begin again.
 */
export function syncExpired(group: ClassicGroup, generationId: number, effects: Effects): void {
  const isWaiting = group.state === 'completingRebalance' || group.pendingSyncs.size > 0
  if (group.generationId !== generationId || !isWaiting) return
  for (const memberId of [...group.pendingSyncs]) removeMember(group, memberId, effects)
  prepareRebalance(group, effects)
}

/** Nothing was heard of the member, or of somebody who was expected to join. */
export function sessionExpired(group: ClassicGroup, memberId: string, effects: Effects): void {
  if (group.pendingJoins.has(memberId)) {
    group.remove(memberId)
    maybeCompleteJoin(group, effects)
    return
  }
  const member = group.member(memberId)
  if (member === undefined) return
  // Who waits for us is not silent: the session begins again with the answer. But a new member has
  // only so long, because its client may be gone without anybody noticing.
  const isWaiting = member.awaitingJoin !== undefined || member.awaitingSync !== undefined
  if (isWaiting && !member.isNew) return
  removeMember(group, memberId, effects)
  rebalanceOrComplete(group, effects)
}

/** Takes a member out of the group and answers what it waits for. The rebalance is the caller's. */
export function removeMember(group: ClassicGroup, memberId: string, effects: Effects): void {
  const member = group.member(memberId)
  if (member !== undefined) answerWaiting(member, 'UNKNOWN_MEMBER_ID', effects)
  effects.endSession(group.groupId, memberId)
  group.remove(memberId)
}

/** Answers whatever the member waits for with an error. */
export function answerWaiting(member: Member, error: ErrorName, effects: Effects): void {
  if (member.awaitingJoin !== undefined) {
    const memberId = error === 'UNKNOWN_MEMBER_ID' ? '' : member.memberId
    effects.answer(member.awaitingJoin, failedJoin(error, memberId))
  }
  if (member.awaitingSync !== undefined) {
    effects.answer(member.awaitingSync, failedSync(error))
  }
}

/** The leader's assignment for the generation is committed: everybody gets it. */
export function assignmentCommitted(
  group: ClassicGroup,
  assignments: ReadonlyMap<string, Uint8Array>,
  effects: Effects,
): void {
  group.transition('stable', effects.at.wallMs)
  for (const member of [...group.members.values()]) {
    const assignment = assignments.get(member.memberId) ?? noBytes
    const { awaitingSync } = member
    group.update({ ...member, assignment, awaitingSync: undefined })
    if (awaitingSync === undefined) continue
    effects.answer(awaitingSync, syncReply(group, assignment))
    effects.startSession(group.groupId, member.memberId, member.sessionTimeoutMs)
  }
  if (group.pendingSyncs.size === 0) effects.stopSyncTimer(group.groupId)
}

/** The current generation, as a member is told of it. */
export function joinReply(group: ClassicGroup, memberId: string): JoinReply {
  const isLeader = group.leaderId === memberId
  return {
    error: 'NONE',
    memberId,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    leader: group.leaderId ?? '',
    skipAssignment: false,
    members: isLeader ? joinedMembers(group) : [],
  }
}

export function joinedMembers(group: ClassicGroup): JoinReply['members'] {
  return [...group.members.values()].map(member => ({
    memberId: member.memberId,
    groupInstanceId: member.groupInstanceId,
    metadata: metadataOf(member, group.protocolName),
  }))
}

export function failedJoin(error: ErrorName, memberId: string): JoinReply {
  return {
    error,
    memberId,
    generationId: -1,
    protocolType: undefined,
    protocolName: undefined,
    leader: '',
    skipAssignment: false,
    members: [],
  }
}

export function syncReply(group: ClassicGroup, assignment: Uint8Array): SyncReply {
  const { protocolType, protocolName } = group
  return { error: 'NONE', protocolType, protocolName, assignment }
}

export function failedSync(error: ErrorName): SyncReply {
  return { error, protocolType: undefined, protocolName: undefined, assignment: noBytes }
}

/**
 * Whoever has joined makes up the next generation. Dynamic members that have not are out; static
 * ones keep their place until their session expires, which is what they are for (KIP-345).
 */
function completeJoin(group: ClassicGroup, effects: Effects): void {
  const { groupId } = group
  effects.stopJoinTimer(groupId)
  for (const member of [...group.members.values()]) {
    const isMissing = member.awaitingJoin === undefined && member.groupInstanceId === undefined
    if (isMissing) removeMember(group, member.memberId, effects)
  }
  if (group.members.size > 0 && !group.electWaitingLeader()) {
    // Only static members are left and none is here. Wait until they come or their sessions expire.
    effects.startJoinTimer(groupId, group.rebalanceTimeoutMs)
    return
  }
  group.startGeneration(effects.at.wallMs)
  if (group.members.size === 0) {
    // Logged, so that a later coordinator does not wait for members that are gone, and knows since
    // when the offsets are nobody's.
    effects.append(group.toRecord())
    return
  }
  for (const member of [...group.members.values()]) {
    const { awaitingJoin } = member
    if (awaitingJoin === undefined) continue
    group.update({ ...member, isNew: false, awaitingJoin: undefined })
    group.expectSync(member.memberId)
    effects.answer(awaitingJoin, joinReply(group, member.memberId))
    effects.startSession(groupId, member.memberId, member.sessionTimeoutMs)
  }
  effects.startSyncTimer(groupId, group.generationId, group.rebalanceTimeoutMs)
}

function dropAssignment(group: ClassicGroup, effects: Effects): void {
  group.assignmentDropped()
  for (const member of [...group.members.values()]) {
    const { awaitingSync } = member
    group.update({ ...member, assignment: noBytes, awaitingSync: undefined })
    if (awaitingSync === undefined) continue
    effects.answer(awaitingSync, failedSync('REBALANCE_IN_PROGRESS'))
    effects.startSession(group.groupId, member.memberId, member.sessionTimeoutMs)
  }
}
