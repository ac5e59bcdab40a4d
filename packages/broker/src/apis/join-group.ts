// A consumer joins its group, with or without a member id, and learns its generation; the leader
// learns who the members are. The answer comes when the rebalance has its members: perhaps minutes
// later. v1 rebalance time-out (KIP-62), v2 throttle time, v4 a dynamic member must come back with
// the id it is given (KIP-394), v5 static members (KIP-345), v6 flexible, v7 protocol type in the
// answer (KIP-559), v8 reason (KIP-800), v9 a leader that may skip the assignment (KIP-814).

import {
  errorCodes,
  JoinGroup,
  type JoinGroupRequest,
  type JoinGroupResponse,
} from '@klamm/protocol'
import type { JoinReply } from '../coordinator/groups/types.ts'
import type { BrokerServices } from '../services.ts'
import { handler, type RequestContext } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>

export const joinGroup = handler({
  schema: JoinGroup,
  versions: [0, 9],
  async handle({ groups }: Needs, context, request: JoinGroupRequest): Promise<JoinGroupResponse> {
    const { apiVersion } = context
    const reply = await groups.joinGroup(
      {
        groupId: request.groupId,
        sessionTimeoutMs: request.sessionTimeoutMs,
        rebalanceTimeoutMs: request.rebalanceTimeoutMs,
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId ?? undefined,
        protocolType: request.protocolType,
        // Copies: the group keeps them long after the frame they came in is done with.
        protocols: request.protocols.map(({ name, metadata }) => ({
          name,
          metadata: new Uint8Array(metadata),
        })),
        clientId: context.clientId ?? '',
        clientHost: hostOf(context),
        requiresKnownMemberId: apiVersion >= 4,
        supportsSkippingAssignment: apiVersion >= 9,
      },
      context.signal,
    )
    return response(reply)
  },
  refuse: (_request, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId: '',
    members: [],
  }),
})

function response(reply: JoinReply): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCodes[reply.error],
    generationId: reply.generationId,
    protocolType: reply.protocolType ?? null,
    protocolName: reply.protocolName ?? null,
    leader: reply.leader,
    skipAssignment: reply.skipAssignment,
    memberId: reply.memberId,
    members: reply.members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      groupInstanceId: groupInstanceId ?? null,
      metadata,
    })),
  }
}

/** Where the client is, as Kafka shows it to administrators: a slash and the address. */
function hostOf({ remoteAddress }: RequestContext): string {
  const colon = remoteAddress.lastIndexOf(':')
  return `/${colon > 0 ? remoteAddress.slice(0, colon) : remoteAddress}`
}
