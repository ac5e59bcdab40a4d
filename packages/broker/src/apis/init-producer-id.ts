// InitProducerId (22): an id that no producer has had before (KIP-98). From idempotent producers.
//
// v3 lets a producer keep its id with the next epoch (KIP-360); v4 tells PRODUCER_FENCED apart from
// INVALID_PRODUCER_EPOCH; v5 belongs to transactions (KIP-890), which are not served yet: a
// transactional id is refused.

import { errorCodes, InitProducerId, type InitProducerIdResponse } from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'producerIds'>

const maxProducerEpoch = 32_767

export const initProducerId: Handler<Needs, typeof InitProducerId> = handler({
  schema: InitProducerId,
  versions: [0, 5],
  async handle({ producerIds }: Needs, { signal }, request) {
    const { transactionalId, producerId, producerEpoch } = request
    if (transactionalId === '') return answer(errorCodes.INVALID_REQUEST)
    if (transactionalId !== null) {
      return answer(errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    }
    if (producerId >= 0 !== producerEpoch >= 0) return answer(errorCodes.INVALID_REQUEST)
    // The producer goes on after an error: the next epoch tells its batches from the lost ones.
    if (producerId >= 0 && producerEpoch < maxProducerEpoch) {
      return answer(errorCodes.NONE, producerId, producerEpoch + 1)
    }
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
    ongoingTxnProducerId: -1,
    ongoingTxnProducerEpoch: -1,
  }
}
