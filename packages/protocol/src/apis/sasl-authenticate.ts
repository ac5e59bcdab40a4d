// SaslAuthenticate (key 36): requests and responses in every version.

import { apiSchema, bytes, int16, int64, type Message, nullableString } from '../schema.ts'

/**
 * One step of a SASL exchange (KIP-152).
 *
 * v1 adds sessionLifetimeMs (KIP-368), v2 is flexible (KIP-482).
 */
export const SaslAuthenticate = apiSchema({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    authBytes: bytes(),
  },
  response: {
    errorCode: int16(),
    errorMessage: nullableString(),
    authBytes: bytes(),
    /** After this long the client has to authenticate again; 0 for never. */
    sessionLifetimeMs: int64({ since: 1 }),
  },
})

export interface SaslAuthenticateRequest extends Message<typeof SaslAuthenticate.request> {}
export interface SaslAuthenticateResponse extends Message<typeof SaslAuthenticate.response> {}
