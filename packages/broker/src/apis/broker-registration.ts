// BrokerRegistration (62, KIP-631): a broker has started and asks the active controller for its
// epoch. Between brokers only. v2 directories, v3 the epoch of the last clean stop (KIP-966).

import {
  BrokerRegistration,
  type BrokerRegistrationRequest,
  type BrokerRegistrationResponse,
  errorCodes,
} from '@klamm/protocol'
import type { RegisterBrokerRequest } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>

export const brokerRegistration = handler({
  schema: BrokerRegistration,
  versions: [0, 4],
  runsOn: 'controller',
  askedBy: 'peer',
  async handle(
    { controller }: Needs,
    _context,
    request: BrokerRegistrationRequest,
  ): Promise<BrokerRegistrationResponse> {
    const registration = registrationOf(request)
    const { error, brokerEpoch } = await controller.run((active, { nextOffset, nowMs }) =>
      active.registerBroker(registration, nextOffset, nowMs),
    )
    return { throttleTimeMs: 0, errorCode: errorCodes[error], brokerEpoch }
  },
  refuse: (_request, errorCode) => ({ throttleTimeMs: 0, errorCode, brokerEpoch: -1 }),
})

function registrationOf(request: BrokerRegistrationRequest): RegisterBrokerRequest {
  return {
    brokerId: request.brokerId,
    clusterId: request.clusterId,
    incarnationId: request.incarnationId,
    endpoints: request.listeners.map(({ name, ...address }) => ({ listener: name, ...address })),
    features: request.features.map(({ name, minSupportedVersion, maxSupportedVersion }) => ({
      name,
      minLevel: minSupportedVersion,
      maxLevel: maxSupportedVersion,
    })),
    zone: request.rack ?? undefined,
    logDirs: request.logDirs,
    previousBrokerEpoch: request.previousBrokerEpoch,
  }
}
