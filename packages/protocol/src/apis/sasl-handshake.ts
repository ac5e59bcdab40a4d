// SaslHandshake (key 17): requests and responses in every version.

import { apiSchema, array, int16, type Message, string } from '../schema.ts'

/**
 * Chooses the SASL mechanism of a connection.
 *
 * v0 is followed by bare SASL tokens, v1 by SaslAuthenticate requests (KIP-152). Never flexible.
 */
export const SaslHandshake = apiSchema({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexibleSince: Number.POSITIVE_INFINITY,
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: int16(),
    mechanisms: array(string()),
  },
})

export interface SaslHandshakeRequest extends Message<typeof SaslHandshake.request> {}
export interface SaslHandshakeResponse extends Message<typeof SaslHandshake.response> {}
