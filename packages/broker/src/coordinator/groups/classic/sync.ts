// A member asks for its assignment (SyncGroup); the leader brings everybody's.

import type { ErrorName } from '@klamm/protocol/errors'
import type { Effects } from '../effects.ts'
import type { SyncOperation } from '../operation.ts'
import type { SyncRequest } from '../types.ts'
import type { ClassicGroup } from './group.ts'
import { type Member, noBytes } from './member.ts'
import { failedSync, syncReply } from './rebalance.ts'
import { validateMember } from './validate.ts'

export function sync(group: ClassicGroup, operation: SyncOperation, effects: Effects): void {
  const { request, ticket } = operation
  const member = group.member(request.memberId)
  const error = validateSync(group, request)
  if (error !== 'NONE' || member === undefined) {
    effects.answer(ticket, failedSync(error))
  } else if (group.state === 'completingRebalance') {
    awaitAssignment(group, member, operation, effects)
  } else {
    group.synced(member.memberId)
    if (group.pendingSyncs.size === 0) effects.stopSyncTimer(group.groupId)
    effects.answer(ticket, syncReply(group, member.assignment))
  }
}

function validateSync(group: ClassicGroup, request: SyncRequest): ErrorName {
  if (group.state === 'empty') return 'UNKNOWN_MEMBER_ID'
  const error = validateMember(group, request)
  if (error !== 'NONE') return error
  if (request.generationId !== group.generationId) return 'ILLEGAL_GENERATION'
  const { protocolType, protocolName } = request
  const isConsistent =
    (protocolType === undefined || protocolType === group.protocolType) &&
    (protocolName === undefined || protocolName === group.protocolName)
  if (!isConsistent) return 'INCONSISTENT_GROUP_PROTOCOL'
  return group.state === 'preparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

/** The member waits until the leader's assignment is committed. */
function awaitAssignment(
  group: ClassicGroup,
  member: Member,
  { request, ticket }: SyncOperation,
  effects: Effects,
): void {
  // An earlier sync of it that still waits is answered: nobody else would.
  if (member.awaitingSync !== undefined) {
    effects.answer(member.awaitingSync, failedSync('REBALANCE_IN_PROGRESS'))
  }
  group.update({ ...member, awaitingSync: ticket })
  group.synced(member.memberId)
  // One assignment per generation: a second one from a leader that asks again, differing perhaps,
  // would give a partition to two members.
  if (group.leaderId !== member.memberId || group.isAssignmentAppended) return
  const assignments = new Map<string, Uint8Array>()
  for (const { memberId } of group.members.values()) assignments.set(memberId, noBytes)
  for (const { memberId, assignment } of request.assignments) {
    if (assignments.has(memberId)) assignments.set(memberId, assignment)
  }
  group.assignmentAppended()
  effects.append(group.toRecord(assignments))
}
