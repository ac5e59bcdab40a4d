// Groups as administrators see them. An unknown group is Dead, since v6 with GROUP_ID_NOT_FOUND
// (KIP-1043). v1 throttle time, v3 authorized operations (KIP-430), v4 static members, v5 flexible.

import {
  DescribeGroups,
  type DescribeGroupsRequest,
  type DescribeGroupsResponse,
  errorCodes,
} from '@klamm/protocol'
import type { DescribedGroup } from '../coordinator/groups/types.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>
type GroupResponse = DescribeGroupsResponse['groups'][number]

/** A bit per operation of Kafka's ACLs; nothing is said of them. */
const unknownOperations = -2_147_483_648
/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS: whatever can be done to a group. */
const allGroupOperations = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11)

export const describeGroups = handler({
  schema: DescribeGroups,
  versions: [0, 6],
  async handle(
    { groups }: Needs,
    context,
    request: DescribeGroupsRequest,
  ): Promise<DescribeGroupsResponse> {
    const described = await groups.describeGroups(request.groups, context.signal)
    const { includeAuthorizedOperations } = request
    return {
      throttleTimeMs: 0,
      groups: described.map(group => {
        return response(group, context.apiVersion, includeAuthorizedOperations)
      }),
    }
  },
  refuse: (request, errorCode) => ({
    throttleTimeMs: 0,
    groups: request.groups.map(groupId => ({ ...nothingKnown, groupId, errorCode })),
  }),
})

const nothingKnown: GroupResponse = {
  groupId: '',
  errorCode: 0,
  errorMessage: null,
  groupState: '',
  protocolType: '',
  protocolData: '',
  members: [],
  authorizedOperations: unknownOperations,
}

function response(
  group: DescribedGroup,
  apiVersion: number,
  includeAuthorizedOperations: boolean,
): GroupResponse {
  const isUnknown = group.error === 'GROUP_ID_NOT_FOUND'
  const isError = group.error !== 'NONE' && !(isUnknown && apiVersion < 6)
  return {
    groupId: group.groupId,
    errorCode: isError ? errorCodes[group.error] : errorCodes.NONE,
    errorMessage: isError && isUnknown ? `Group ${group.groupId} not found.` : null,
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: group.protocolName,
    members: group.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId ?? null,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: member.metadata,
      memberAssignment: member.assignment,
    })),
    authorizedOperations:
      includeAuthorizedOperations && !isError ? allGroupOperations : unknownOperations,
  }
}
