// ListGroups (key 16): requests and responses in every version.

import { apiSchema, array, int16, int32, type Message, string } from '../schema.ts'

/**
 * The groups that a broker coordinates, for tools.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 is flexible
 * (KIP-482), v4 filters by state (KIP-518), v5 by type (KIP-848).
 */
export const ListGroups = apiSchema({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    /** Empty for any. */
    statesFilter: array(string(), { since: 4 }),
    /** Empty for any. */
    typesFilter: array(string(), { since: 5 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ since: 4 }),
      groupType: string({ since: 5 }),
    }),
  },
})

export interface ListGroupsRequest extends Message<typeof ListGroups.request> {}
export interface ListGroupsResponse extends Message<typeof ListGroups.response> {}
