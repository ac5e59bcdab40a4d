// BrokerHeartbeat (63, KIP-631): a broker tells the active controller that it is there, and asks to
// be unfenced, fenced or let go. Between brokers only. Directories that fail one by one (v1) and
// cordoned ones (v2) are read and ignored: a broker here has one directory and stops with it.

import {
  BrokerHeartbeat,
  type BrokerHeartbeatRequest,
  type BrokerHeartbeatResponse,
  errorCodes,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>

export const brokerHeartbeat = handler({
  schema: BrokerHeartbeat,
  versions: [0, 2],
  runsOn: 'controller',
  askedBy: 'peer',
  async handle(
    { controller }: Needs,
    _context,
    request: BrokerHeartbeatRequest,
  ): Promise<BrokerHeartbeatResponse> {
    const { error, isCaughtUp, isFenced, shouldShutDown } = await controller.run(
      (active, { nowMs }) => active.heartbeat(request, nowMs),
    )
    return { throttleTimeMs: 0, errorCode: errorCodes[error], isCaughtUp, isFenced, shouldShutDown }
  },
  refuse: (_request, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    isCaughtUp: false,
    isFenced: true,
    shouldShutDown: false,
  }),
})
