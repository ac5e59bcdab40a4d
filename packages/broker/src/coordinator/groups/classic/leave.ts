// Members leave, or an administrator removes them (LeaveGroup, KIP-345).

import type { ErrorName } from '@klamm/protocol/errors'
import type { Effects } from '../effects.ts'
import type { LeaveReply, LeaveRequest, LeavingMember } from '../types.ts'
import type { ClassicGroup } from './group.ts'
import { maybeCompleteJoin, prepareRebalance, removeMember } from './rebalance.ts'
import { validateMember } from './validate.ts'

export function leave(group: ClassicGroup, request: LeaveRequest, effects: Effects): LeaveReply {
  const members = request.members.map(leaving => ({
    memberId: leaving.memberId,
    groupInstanceId: leaving.groupInstanceId,
    error: leaveOne(group, leaving, effects),
  }))
  if (members.some(({ error }) => error === 'NONE')) afterLeaving(group, effects)
  return { members }
}

function leaveOne(group: ClassicGroup, leaving: LeavingMember, effects: Effects): ErrorName {
  const { memberId, groupInstanceId } = leaving
  if (memberId === '') {
    const owner = group.staticMemberId(groupInstanceId ?? '')
    if (groupInstanceId === undefined || owner === undefined) return 'UNKNOWN_MEMBER_ID'
    removeMember(group, owner, effects)
    return 'NONE'
  }
  if (!group.pendingJoins.has(memberId)) {
    const error = validateMember(group, leaving)
    if (error !== 'NONE') return error
  }
  removeMember(group, memberId, effects)
  return 'NONE'
}

function afterLeaving(group: ClassicGroup, effects: Effects): void {
  if (group.state === 'stable' || group.state === 'completingRebalance') {
    prepareRebalance(group, effects)
  } else {
    maybeCompleteJoin(group, effects)
  }
}
