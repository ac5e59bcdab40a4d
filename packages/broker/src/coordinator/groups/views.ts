// Groups as administrators see them (DescribeGroups, ListGroups).

import type { ClassicGroup } from './classic/group.ts'
import { metadataOf, noBytes } from './classic/member.ts'
import { groupStateNames } from './classic/state.ts'
import type { DescribedGroup, ListedGroup, ListGroupsRequest } from './types.ts'

/** Members of a group that is rebalancing are shown without what they subscribe to and own. */
export function describedGroup(groupId: string, group: ClassicGroup | undefined): DescribedGroup {
  if (group === undefined) {
    return {
      groupId,
      error: 'GROUP_ID_NOT_FOUND',
      state: groupStateNames.dead,
      protocolType: '',
      protocolName: '',
      members: [],
    }
  }
  const isStable = group.state === 'stable'
  return {
    groupId,
    error: 'NONE',
    state: groupStateNames[group.state],
    protocolType: group.protocolType ?? '',
    protocolName: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      metadata: isStable ? metadataOf(member, group.protocolName) : noBytes,
      assignment: isStable ? member.assignment : noBytes,
    })),
  }
}

export function listedGroup(group: ClassicGroup): ListedGroup {
  return {
    groupId: group.groupId,
    protocolType: group.protocolType ?? '',
    state: groupStateNames[group.state],
    type: 'classic',
  }
}

/** Filters are compared without regard to case; an unknown one matches nothing. */
export function isListed(group: ClassicGroup, { states, types }: ListGroupsRequest): boolean {
  const state = groupStateNames[group.state].toLowerCase()
  const isState = states.length === 0 || states.some(name => name.trim().toLowerCase() === state)
  return isState && (types.length === 0 || types.some(name => name.toLowerCase() === 'classic'))
}
