// A member asks for its assignment; the leader brings everybody's. The answer comes when the
// assignment is committed. v1 throttle time, v3 static members (KIP-345), v4 flexible, v5 the
// member says which protocol it thinks is in use (KIP-559).

import {
  errorCodes,
  SyncGroup,
  type SyncGroupRequest,
  type SyncGroupResponse,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>

export const syncGroup = handler({
  schema: SyncGroup,
  versions: [0, 5],
  async handle({ groups }: Needs, context, request: SyncGroupRequest): Promise<SyncGroupResponse> {
    const { protocolType, protocolName } = request
    if (context.apiVersion >= 5 && (protocolType === null || protocolName === null)) {
      return refused(errorCodes.INCONSISTENT_GROUP_PROTOCOL)
    }
    const reply = await groups.syncGroup(
      {
        groupId: request.groupId,
        generationId: request.generationId,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId ?? undefined,
        protocolType: protocolType ?? undefined,
        protocolName: protocolName ?? undefined,
        // Copies: the group keeps them long after the frame they came in is done with.
        assignments: request.assignments.map(({ memberId, assignment }) => ({
          memberId,
          assignment: new Uint8Array(assignment),
        })),
      },
      context.signal,
    )
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes[reply.error],
      protocolType: reply.protocolType ?? null,
      protocolName: reply.protocolName ?? null,
      assignment: reply.assignment,
    }
  },
  refuse: (_request, errorCode) => refused(errorCode),
})

function refused(errorCode: number): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    protocolType: null,
    protocolName: null,
    assignment: new Uint8Array(0),
  }
}
