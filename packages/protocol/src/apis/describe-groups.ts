// DescribeGroups (key 15): requests and responses in every version.

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
 * State and members of classic groups, for tools.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 adds authorized
 * operations (KIP-430), v4 groupInstanceId (KIP-345), v5 is flexible (KIP-482), v6 answers
 * GROUP_ID_NOT_FOUND with errorMessage instead of a dead group (KIP-1043).
 */
export const DescribeGroups = apiSchema({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleSince: 5,
  request: {
    groups: array(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    groups: array({
      errorCode: int16(),
      errorMessage: nullableString({ since: 6 }),
      groupId: string(),
      /** PreparingRebalance, CompletingRebalance, Stable, Empty or Dead. */
      groupState: string(),
      protocolType: string(),
      /** The assignor chosen; empty while there is none. */
      protocolData: string(),
      members: array({
        memberId: string(),
        /** Set by a static member; null for a dynamic one. */
        groupInstanceId: nullableString({ since: 4 }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      /** Bit field; the minimum of int32 when not asked for. */
      authorizedOperations: int32({ since: 3, default: -0x80000000 }),
    }),
  },
})

export interface DescribeGroupsRequest extends Message<typeof DescribeGroups.request> {}
export interface DescribeGroupsResponse extends Message<typeof DescribeGroups.response> {}
