// BrokerRegistration (key 62): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int16,
  int32,
  int64,
  type Message,
  nullableString,
  string,
  uint16,
  uuid,
} from '../schema.ts'

/**
 * A broker makes itself known to the controller when it starts (KIP-631).
 *
 * v1 adds isMigratingZkBroker (KIP-866), v2 logDirs (KIP-858), v3 previousBrokerEpoch (KIP-966), v4
 * allows features whose lowest version is 0 (KIP-1022).
 */
export const BrokerRegistration = apiSchema({
  key: 62,
  name: 'BrokerRegistration',
  versions: [0, 4],
  flexibleSince: 0,
  request: {
    brokerId: int32(),
    clusterId: string(),
    /** New with every start of the process. */
    incarnationId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
      /** 0 plaintext, 1 TLS, 2 SASL, 3 SASL over TLS. */
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: nullableString(),
    isMigratingZkBroker: bool({ since: 1 }),
    logDirs: array(uuid(), { since: 2 }),
    /** Epoch of the last clean shutdown; -1 when there was none. */
    previousBrokerEpoch: int64({ since: 3, default: -1 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    /** -1 on error. */
    brokerEpoch: int64({ default: -1 }),
  },
})

export interface BrokerRegistrationRequest extends Message<typeof BrokerRegistration.request> {}
export interface BrokerRegistrationResponse extends Message<typeof BrokerRegistration.response> {}
