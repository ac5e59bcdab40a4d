// UnregisterBroker (key 64): requests and responses in every version.

import { apiSchema, int16, int32, type Message, nullableString } from '../schema.ts'

/** Removes a broker that will not come back from the cluster's metadata (KIP-631). */
export const UnregisterBroker = apiSchema({
  key: 64,
  name: 'UnregisterBroker',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32(),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullableString(),
  },
})

export interface UnregisterBrokerRequest extends Message<typeof UnregisterBroker.request> {}
export interface UnregisterBrokerResponse extends Message<typeof UnregisterBroker.response> {}
