// Members leave their group, so that nobody waits for their sessions to end; or an administrator
// removes static ones. v1 throttle time, v3 several members, static ones by instance id (KIP-345),
// v4 flexible, v5 reason (KIP-800).

import {
  errorCodes,
  LeaveGroup,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>

export const leaveGroup = handler({
  schema: LeaveGroup,
  versions: [0, 5],
  async handle(
    { groups }: Needs,
    context,
    request: LeaveGroupRequest,
  ): Promise<LeaveGroupResponse> {
    const isBatch = context.apiVersion >= 3
    const leaving = isBatch
      ? request.members.map(({ memberId, groupInstanceId }) => ({
          memberId,
          groupInstanceId: groupInstanceId ?? undefined,
        }))
      : [{ memberId: request.memberId, groupInstanceId: undefined }]
    const { groupId } = request
    const reply = await groups.leaveGroup({ groupId, members: leaving }, context.signal)
    if (!isBatch) {
      // The error of the one member is the error of the request.
      const error = reply.members[0]?.error ?? 'NONE'
      return { throttleTimeMs: 0, errorCode: errorCodes[error], members: [] }
    }
    const members = reply.members.map(({ memberId, groupInstanceId, error }) => ({
      memberId,
      groupInstanceId: groupInstanceId ?? null,
      errorCode: errorCodes[error],
    }))
    return { throttleTimeMs: 0, errorCode: errorCodes.NONE, members }
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode, members: [] }),
})
