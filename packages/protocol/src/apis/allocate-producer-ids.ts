// AllocateProducerIds (key 67): requests and responses in every version.

import { apiSchema, int16, int32, int64, type Message } from '../schema.ts'

/** A broker asks the controller for a block of producer ids (KIP-730). */
export const AllocateProducerIds = apiSchema({
  key: 67,
  name: 'AllocateProducerIds',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32(),
    /** -1 when unknown. */
    brokerEpoch: int64({ default: -1 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    /** First id of the block. */
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
})

export interface AllocateProducerIdsRequest extends Message<typeof AllocateProducerIds.request> {}
export interface AllocateProducerIdsResponse extends Message<typeof AllocateProducerIds.response> {}
