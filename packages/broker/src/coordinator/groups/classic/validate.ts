// Whether somebody is who the group thinks it is. The same for every request of a member.

import type { ErrorName } from '@klamm/protocol/errors'
import type { ClassicGroup } from './group.ts'

export interface Identity {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
}

/**
 * NONE; UNKNOWN_MEMBER_ID; or FENCED_INSTANCE_ID when the instance id belongs to another member by
 * now, so that of two processes configured alike the older one stops (KIP-345).
 */
export function validateMember(group: ClassicGroup, identity: Identity): ErrorName {
  const { memberId, groupInstanceId } = identity
  if (groupInstanceId !== undefined) {
    const owner = group.staticMemberId(groupInstanceId)
    if (owner === undefined) return 'UNKNOWN_MEMBER_ID'
    if (owner !== memberId) return 'FENCED_INSTANCE_ID'
  }
  return group.member(memberId) === undefined ? 'UNKNOWN_MEMBER_ID' : 'NONE'
}
