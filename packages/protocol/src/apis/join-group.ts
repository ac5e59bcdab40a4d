// JoinGroup (key 11): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  bytes,
  int16,
  int32,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/**
 * A consumer joins a classic group, or joins again because it rebalances.
 *
 * v1 adds rebalanceTimeoutMs (KIP-62), v2 throttleTimeMs, v3 throttles after the response is sent
 * (KIP-219), v4 refuses a first join without member id by MEMBER_ID_REQUIRED (KIP-394), v5 adds
 * groupInstanceId (KIP-345), v6 is flexible (KIP-482), v7 adds protocolType to the response
 * (KIP-559), v8 reason (KIP-800), v9 skipAssignment (KIP-814).
 */
export const JoinGroup = apiSchema({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleSince: 6,
  request: {
    groupId: string(),
    /** The member is removed after this long without a heartbeat, in ms. */
    sessionTimeoutMs: int32(),
    /** How long it may take to join again, in ms; -1: the session timeout. */
    rebalanceTimeoutMs: int32({ since: 1, default: -1 }),
    /** Empty when it joins for the first time. */
    memberId: string(),
    /** Set by a static member; null for a dynamic one. */
    groupInstanceId: nullableString({ since: 5 }),
    /** consumer, connect, … */
    protocolType: string(),
    /** Assignors in order of preference, with what each needs to know. */
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    /** Why it joins, for the log. */
    reason: nullableString({ since: 8 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 2 }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: nullableString({ since: 7 }),
    /** The assignor chosen. */
    protocolName: nullableString({ nullableSince: 7 }),
    /** Member id of the leader. */
    leader: string(),
    /** The leader must not assign again. */
    skipAssignment: bool({ since: 9 }),
    memberId: string(),
    /** All members, for the leader; empty for the others. */
    members: array({
      memberId: string(),
      /** Set by a static member; null for a dynamic one. */
      groupInstanceId: nullableString({ since: 5 }),
      metadata: bytes(),
    }),
  },
})

export interface JoinGroupRequest extends Message<typeof JoinGroup.request> {}
export interface JoinGroupResponse extends Message<typeof JoinGroup.response> {}
