// LeaveGroup (key 13): requests and responses in every version.

import { apiSchema, array, int16, int32, type Message, nullableString, string } from '../schema.ts'

/**
 * Members leave a group at once instead of timing out.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 removes many
 * members at once, also static ones (KIP-345), v4 is flexible (KIP-482), v5 adds reason (KIP-800).
 */
export const LeaveGroup = apiSchema({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleSince: 4,
  request: {
    groupId: string(),
    /** Before v3, which has members. */
    memberId: string({ until: 2 }),
    members: array(
      {
        /** Before v3, which has members. */
        memberId: string(),
        /** Set by a static member; null for a dynamic one. */
        groupInstanceId: nullableString(),
        reason: nullableString({ since: 5 }),
      },
      { since: 3 },
    ),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
    members: array(
      {
        memberId: string(),
        /** Set by a static member; null for a dynamic one. */
        groupInstanceId: nullableString(),
        errorCode: int16(),
      },
      { since: 3 },
    ),
  },
})

export interface LeaveGroupRequest extends Message<typeof LeaveGroup.request> {}
export interface LeaveGroupResponse extends Message<typeof LeaveGroup.response> {}
