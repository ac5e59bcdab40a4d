// A member is alive (Heartbeat). The only thing that changes is when its session ends.

import type { ErrorName } from '@klamm/protocol/errors'
import type { Effects } from '../effects.ts'
import type { HeartbeatRequest } from '../types.ts'
import type { ClassicGroup } from './group.ts'
import { validateMember } from './validate.ts'

/**
 * REBALANCE_IN_PROGRESS asks the member to join again. While a rebalance completes, heartbeats are
 * in order: the member knows of the new generation.
 */
export function heartbeat(
  group: ClassicGroup,
  request: HeartbeatRequest,
  effects: Effects,
): ErrorName {
  const error = validateMember(group, request)
  if (error !== 'NONE') return error
  if (request.generationId !== group.generationId) return 'ILLEGAL_GENERATION'
  extendSession(group, request.memberId, effects)
  return group.state === 'preparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE'
}

/** The member was heard of. */
export function extendSession(group: ClassicGroup, memberId: string, effects: Effects): void {
  const member = group.member(memberId)
  // A new member's time to be joined is not its session; it cannot know its generation either.
  if (member === undefined || member.isNew) return
  effects.startSession(group.groupId, memberId, member.sessionTimeoutMs)
}
