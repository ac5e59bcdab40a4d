// AllocateProducerIds (67, KIP-730): a broker asks the active controller for a block of producer
// ids, none of which was ever given to anybody. Between brokers only.

import {
  AllocateProducerIds,
  type AllocateProducerIdsRequest,
  type AllocateProducerIdsResponse,
  errorCodes,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>

export const allocateProducerIds = handler({
  schema: AllocateProducerIds,
  versions: [0, 0],
  runsOn: 'controller',
  askedBy: 'peer',
  async handle(
    { controller }: Needs,
    _context,
    { brokerId, brokerEpoch }: AllocateProducerIdsRequest,
  ): Promise<AllocateProducerIdsResponse> {
    const { error, producerIdStart, producerIdCount } = await controller.run(active =>
      active.allocateProducerIds(brokerId, brokerEpoch),
    )
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes[error],
      producerIdStart,
      producerIdLen: producerIdCount,
    }
  },
  refuse: (_request, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    producerIdStart: 0,
    producerIdLen: 0,
  }),
})
