// SyncGroup (key 14): requests and responses in every version.

import {
  apiSchema,
  array,
  bytes,
  int16,
  int32,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/**
 * The leader of a classic group hands in the assignment, every member gets its own.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 adds
 * groupInstanceId (KIP-345), v4 is flexible (KIP-482), v5 adds protocolType and protocolName
 * (KIP-559).
 */
export const SyncGroup = apiSchema({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    /** Set by a static member; null for a dynamic one. */
    groupInstanceId: nullableString({ since: 3 }),
    protocolType: nullableString({ since: 5 }),
    protocolName: nullableString({ since: 5 }),
    /** From the leader; empty from the others. */
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
    protocolType: nullableString({ since: 5 }),
    protocolName: nullableString({ since: 5 }),
    assignment: bytes(),
  },
})

export interface SyncGroupRequest extends Message<typeof SyncGroup.request> {}
export interface SyncGroupResponse extends Message<typeof SyncGroup.response> {}
