// Envelope (key 58): requests and responses in every version.

import { apiSchema, bytes, int16, type Message, nullableBytes } from '../schema.ts'

/** A request of a client that a broker passes on to the controller, whole (KIP-590). */
export const Envelope = apiSchema({
  key: 58,
  name: 'Envelope',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    /** Header and body. */
    requestData: bytes(),
    /** Who asks; null when the broker did not authenticate it. */
    requestPrincipal: nullableBytes(),
    /** 4 or 16 bytes. */
    clientHostAddress: bytes(),
  },
  response: {
    /** Header and body; null on error. */
    responseData: nullableBytes(),
    errorCode: int16(),
  },
})

export interface EnvelopeRequest extends Message<typeof Envelope.request> {}
export interface EnvelopeResponse extends Message<typeof Envelope.response> {}
