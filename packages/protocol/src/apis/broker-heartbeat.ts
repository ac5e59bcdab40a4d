// BrokerHeartbeat (key 63): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int16,
  int32,
  int64,
  type Message,
  nullableArray,
  uuid,
} from '../schema.ts'

/**
 * A broker tells the controller that it is alive and what it wants (KIP-631).
 *
 * v1 adds offlineLogDirs (KIP-858), v2 cordonedLogDirs (KIP-1066).
 */
export const BrokerHeartbeat = apiSchema({
  key: 63,
  name: 'BrokerHeartbeat',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    brokerId: int32(),
    /** -1 when unknown. */
    brokerEpoch: int64({ default: -1 }),
    /** Last metadata offset that was applied. */
    currentMetadataOffset: int64(),
    /** The broker wants to be (or stay) fenced: lead nothing. */
    wantFence: bool(),
    /** The broker wants to leave: move its leaderships away first. */
    wantShutDown: bool(),
    offlineLogDirs: array(uuid(), { since: 1, tag: 0 }),
    /** Log dirs that get no new partitions; null when the broker cannot tell. */
    cordonedLogDirs: nullableArray(uuid(), { since: 2, tag: 1, default: null }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    /** It knows the metadata well enough to be unfenced. */
    isCaughtUp: bool(),
    isFenced: bool({ default: true }),
    /** It leads nothing any more and may stop. */
    shouldShutDown: bool(),
  },
})

export interface BrokerHeartbeatRequest extends Message<typeof BrokerHeartbeat.request> {}
export interface BrokerHeartbeatResponse extends Message<typeof BrokerHeartbeat.response> {}
