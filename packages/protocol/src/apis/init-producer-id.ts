// InitProducerId (key 22): requests and responses in every version.

import { apiSchema, int16, int32, int64, type Message, nullableString } from '../schema.ts'

/**
 * Gives a producer its id and epoch: for idempotence, or for a transactional id (KIP-98).
 *
 * v1 throttles after the response is sent (KIP-219), v2 is flexible (KIP-482), v3 lets a producer
 * ask for a new epoch of its own id (KIP-360), v4 may answer PRODUCER_FENCED (KIP-588), v5
 * TRANSACTION_ABORTABLE (KIP-890). v6 (two-phase commit, KIP-939) is not stable in Kafka yet and
 * not described here.
 */
export const InitProducerId = apiSchema({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  flexibleSince: 2,
  request: {
    /** Null for an idempotent producer without transactions. */
    transactionalId: nullableString(),
    transactionTimeoutMs: int32(),
    /** -1 unless it asks for a new epoch of its own id. */
    producerId: int64({ since: 3, default: -1 }),
    producerEpoch: int16({ since: 3, default: -1 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
  },
})

export interface InitProducerIdRequest extends Message<typeof InitProducerId.request> {}
export interface InitProducerIdResponse extends Message<typeof InitProducerId.response> {}
