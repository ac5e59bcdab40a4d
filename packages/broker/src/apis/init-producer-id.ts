// InitProducerId (22): an id that no producer has had before (KIP-98). From idempotent producers.
//
// v3 to v5 (KIP-360, KIP-588, KIP-890) belong to transactions, which are not served yet: a
// transactional id is refused.

import { errorCodes, InitProducerId, type InitProducerIdResponse } from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'producerIds'>

export const initProducerId: Handler<Needs, typeof InitProducerId> = handler({
  schema: InitProducerId,
  versions: [0, 5],
  async handle({ producerIds }: Needs, { signal }, request) {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === '') return answer(errorCodes.INVALID_REQUEST)
    // An id goes with an epoch (KIP-360).
    if ((producerId === -1) !== (producerEpoch === -1)) return answer(errorCodes.INVALID_REQUEST)
    if (transactionalId !== null) {
      return answer(errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    }
    // Also to a producer that has an id: without transactions nobody vouches that it is its own.
    return answer(errorCodes.NONE, await producerIds.next(signal), 0)
  },
  refuse: (_request, errorCode) => answer(errorCode),
})

function answer(errorCode: number, producerId = -1, producerEpoch = -1): InitProducerIdResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    producerId,
    producerEpoch,
  }
}
