// FindCoordinator (key 10): requests and responses in every version.

import {
  apiSchema,
  array,
  int8,
  int16,
  int32,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/**
 * Finds the broker that coordinates a group, a transactional id or a share partition.
 *
 * v1 adds keyType and errorMessage (KIP-98), v2 throttles after the response is sent (KIP-219), v3
 * is flexible (KIP-482), v4 asks for many keys at once (KIP-699), v5 may answer
 * TRANSACTION_ABORTABLE (KIP-890), v6 finds share coordinators (KIP-932).
 */
export const FindCoordinator = apiSchema({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleSince: 3,
  request: {
    /** Before v4, which has coordinatorKeys. */
    key: string({ until: 3 }),
    /** 0 group, 1 transactional id, 2 share partition. */
    keyType: int8({ since: 1 }),
    coordinatorKeys: array(string(), { since: 4 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16({ until: 3 }),
    errorMessage: nullableString({ since: 1, until: 3 }),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: array(
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
      },
      { since: 4 },
    ),
  },
})

export interface FindCoordinatorRequest extends Message<typeof FindCoordinator.request> {}
export interface FindCoordinatorResponse extends Message<typeof FindCoordinator.response> {}
