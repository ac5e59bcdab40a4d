// Heartbeat (key 12): requests and responses in every version.

import { apiSchema, int16, int32, type Message, nullableString, string } from '../schema.ts'

/**
 * A member of a classic group tells the coordinator that it is alive.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 adds
 * groupInstanceId (KIP-345), v4 is flexible (KIP-482).
 */
export const Heartbeat = apiSchema({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleSince: 4,
  request: {
    groupId: string(),
    /** Generation the member believes it is in. */
    generationId: int32(),
    memberId: string(),
    /** Set by a static member; null for a dynamic one. */
    groupInstanceId: nullableString({ since: 3 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
  },
})

export interface HeartbeatRequest extends Message<typeof Heartbeat.request> {}
export interface HeartbeatResponse extends Message<typeof Heartbeat.response> {}
