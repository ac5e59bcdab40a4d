// A member says that it is alive, and learns whether it has to join again (REBALANCE_IN_PROGRESS).
// v1 throttle time, v3 static members (KIP-345), v4 flexible.

import {
  errorCodes,
  Heartbeat,
  type HeartbeatRequest,
  type HeartbeatResponse,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'groups'>

export const heartbeat = handler({
  schema: Heartbeat,
  versions: [0, 4],
  async handle({ groups }: Needs, context, request: HeartbeatRequest): Promise<HeartbeatResponse> {
    const { groupId, generationId, memberId } = request
    const groupInstanceId = request.groupInstanceId ?? undefined
    const error = await groups.heartbeat(
      { groupId, generationId, memberId, groupInstanceId },
      context.signal,
    )
    return { throttleTimeMs: 0, errorCode: errorCodes[error] }
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode }),
})
