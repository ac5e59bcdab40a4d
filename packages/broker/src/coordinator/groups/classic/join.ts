// A member joins, comes back, or changes what it subscribes to (JoinGroup).

import type { ErrorName } from '@klamm/protocol/errors'
import type { Ticket } from '../../shard/outcome.ts'
import type { Effects } from '../effects.ts'
import type { JoinOperation } from '../operation.ts'
import { consumerProtocolType, subscribedTopics } from '../subscription.ts'
import type { GroupConfig, JoinReply, JoinRequest } from '../types.ts'
import type { ClassicGroup } from './group.ts'
import {
  hasSameProtocols,
  type Member,
  metadataOf,
  newMember,
  newMemberJoinTimeoutMs,
  withRequest,
} from './member.ts'
import {
  answerWaiting,
  failedJoin,
  joinedMembers,
  joinReply,
  maybeCompleteJoin,
  prepareRebalance,
  rebalanceOrComplete,
} from './rebalance.ts'
import { validateMember } from './validate.ts'

/** What can be said of a join without looking at the group. */
export function validateJoin(request: JoinRequest, config: GroupConfig): ErrorName {
  if (request.groupId === '') return 'INVALID_GROUP_ID'
  const { sessionTimeoutMs } = request
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = config
  const isTooShort = sessionTimeoutMs < minSessionTimeoutMs
  return isTooShort || sessionTimeoutMs > maxSessionTimeoutMs ? 'INVALID_SESSION_TIMEOUT' : 'NONE'
}

export function join(group: ClassicGroup, operation: JoinOperation, effects: Effects): void {
  const { request, ticket } = operation
  if (!hasRoom(group, request.memberId, effects.config)) {
    // A member that rejoins last when the limit was lowered is out, too.
    group.remove(request.memberId)
    effects.endSession(group.groupId, request.memberId)
    effects.answer(ticket, failedJoin('GROUP_MAX_SIZE_REACHED', ''))
    maybeCompleteJoin(group, effects)
  } else if (!group.supports(request.protocolType, request.protocols)) {
    effects.answer(ticket, failedJoin('INCONSISTENT_GROUP_PROTOCOL', request.memberId))
  } else if (request.memberId === '') {
    joinUnknown(group, operation, effects)
  } else {
    joinKnown(group, operation, effects)
  }
}

/**
 * While members are joining, those that wait count: the members of the last generation may be more
 * than are let into the next.
 */
function hasRoom(group: ClassicGroup, memberId: string, { maxSize }: GroupConfig): boolean {
  const member = group.member(memberId)
  switch (group.state) {
    case 'empty':
    case 'dead':
      return true
    case 'preparingRebalance':
      return member?.awaitingJoin !== undefined || group.awaitingJoinCount < maxSize
    case 'completingRebalance':
    case 'stable':
      return member !== undefined || group.members.size < maxSize
  }
}

function joinUnknown(group: ClassicGroup, operation: JoinOperation, effects: Effects): void {
  const { request, newMemberId, ticket } = operation
  const { groupInstanceId } = request
  if (groupInstanceId !== undefined) {
    const old = group.member(group.staticMemberId(groupInstanceId) ?? '')
    if (old === undefined) addMember(group, newMemberId, operation, effects)
    else returnStatic(group, old, operation, effects)
  } else if (request.requiresKnownMemberId) {
    // The id first, so that a client that gives up and tries again does not leave a member behind
    // that nobody speaks for, which would hold up every rebalance (KIP-394).
    group.addPendingJoin(newMemberId)
    effects.startSession(group.groupId, newMemberId, request.sessionTimeoutMs)
    effects.answer(ticket, failedJoin('MEMBER_ID_REQUIRED', newMemberId))
  } else {
    addMember(group, newMemberId, operation, effects)
  }
}

function joinKnown(group: ClassicGroup, operation: JoinOperation, effects: Effects): void {
  const { request, ticket } = operation
  const { memberId, groupInstanceId } = request
  if (group.pendingJoins.has(memberId) && groupInstanceId === undefined) {
    addMember(group, memberId, operation, effects)
    return
  }
  const error = validateMember(group, request)
  const member = group.member(memberId)
  if (error !== 'NONE' || member === undefined) {
    effects.answer(ticket, failedJoin(error, memberId))
  } else if (mustRebalance(group, member, request)) {
    awaitJoin(group, member, request, ticket, effects)
    rebalanceOrComplete(group, effects)
  } else {
    // Nothing new: perhaps the answer to its join was lost. It can go on to ask for its assignment.
    effects.answer(ticket, joinReply(group, memberId))
  }
}

function mustRebalance(group: ClassicGroup, member: Member, request: JoinRequest): boolean {
  if (group.state === 'preparingRebalance') return true
  // A leader joins again when something changed that only it sees, such as partitions of a topic.
  if (group.state === 'stable' && group.leaderId === member.memberId) return true
  return !hasSameProtocols(member, request.protocols)
}

function addMember(
  group: ClassicGroup,
  memberId: string,
  { request, ticket }: JoinOperation,
  effects: Effects,
): void {
  const { initialDelay } = group
  if (initialDelay !== undefined) group.initialDelay = { ...initialDelay, hasNewMembers: true }
  group.add({ ...newMember(memberId, request), awaitingJoin: ticket }, request.protocolType)
  effects.startSession(group.groupId, memberId, newMemberJoinTimeoutMs)
  rebalanceOrComplete(group, effects)
}

/** The member waits for the next generation, with what it says now. */
function awaitJoin(
  group: ClassicGroup,
  member: Member,
  request: JoinRequest,
  ticket: Ticket<JoinReply>,
  effects: Effects,
): void {
  // An earlier join of it that still waits is answered: nobody else would.
  answerWaiting(member, 'REBALANCE_IN_PROGRESS', effects)
  const updated = withRequest(member, request)
  group.update({ ...updated, awaitingJoin: ticket, awaitingSync: undefined })
}

/**
 * A static member was restarted: it has forgotten its member id but not who it is (KIP-345). It
 * gets a new id, which fences whatever is left of the old process.
 */
function returnStatic(
  group: ClassicGroup,
  old: Member,
  operation: JoinOperation,
  effects: Effects,
): void {
  const { request, newMemberId, ticket } = operation
  const { groupId, leaderId: oldLeaderId } = group
  answerWaiting(old, 'FENCED_INSTANCE_ID', effects)
  effects.endSession(groupId, old.memberId)
  const replaced = group.replaceStatic(old, newMemberId)
  const member = {
    ...withRequest(replaced, request),
    awaitingJoin: undefined,
    awaitingSync: undefined,
  }
  group.update(member)
  effects.startSession(groupId, newMemberId, member.sessionTimeoutMs)
  if (group.state === 'stable' && isUnchanged(group, old, member)) {
    effects.append(group.toRecord())
    effects.answer(ticket, returnedStaticReply(group, newMemberId, oldLeaderId, request))
    return
  }
  group.update({ ...member, awaitingJoin: ticket })
  // While the leader is assigning, the old id may be in its assignment: all begin again.
  if (group.state === 'preparingRebalance') maybeCompleteJoin(group, effects)
  else prepareRebalance(group, effects)
}

/**
 * Nothing that an assignment depends on has changed. A consumer's metadata also tells what it owns,
 * which a restart loses, so the topics are compared and not the bytes.
 */
function isUnchanged(group: ClassicGroup, old: Member, member: Member): boolean {
  const { protocolType, protocolName } = group
  if (group.nextProtocolName() !== protocolName) return false
  if (protocolType !== consumerProtocolType) return true
  const before = subscribedTopics(metadataOf(old, protocolName))
  const after = subscribedTopics(metadataOf(member, protocolName))
  if (before === undefined || after === undefined) return true
  return new Set(before).symmetricDifference(new Set(after)).size === 0
}

/**
 * A leader that is told to skip the assignment (KIP-814) gets the members, so that it can watch
 * their subscriptions. An older client must not learn that it leads, or it would assign; it is told
 * the id it had.
 */
function returnedStaticReply(
  group: ClassicGroup,
  memberId: string,
  oldLeaderId: string | undefined,
  request: JoinRequest,
): JoinReply {
  const reply = joinReply(group, memberId)
  if (!request.supportsSkippingAssignment) {
    return { ...reply, leader: oldLeaderId ?? '', members: [] }
  }
  const skipAssignment = group.leaderId === memberId
  return { ...reply, skipAssignment, members: skipAssignment ? joinedMembers(group) : [] }
}
