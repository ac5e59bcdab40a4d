// DeleteGroups (key 42): requests and responses in every version.

import { apiSchema, array, int16, int32, type Message, string } from '../schema.ts'

/**
 * Deletes empty groups with their offsets (KIP-229).
 *
 * v1 throttles after the response is sent (KIP-219), v2 is flexible (KIP-482). v3 (errorMessage) is
 * not described here.
 */
export const DeleteGroups = apiSchema({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    groupsNames: array(string()),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    results: array({
      groupId: string(),
      errorCode: int16(),
    }),
  },
})

export interface DeleteGroupsRequest extends Message<typeof DeleteGroups.request> {}
export interface DeleteGroupsResponse extends Message<typeof DeleteGroups.response> {}
