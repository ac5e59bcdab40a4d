// CreatePartitions (key 37): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int16,
  int32,
  type Message,
  nullableArray,
  nullableString,
  string,
} from '../schema.ts'

/**
 * Adds partitions to topics (KIP-195).
 *
 * v1 throttles after the response is sent (KIP-219), v2 is flexible (KIP-482), v3 may answer
 * THROTTLING_QUOTA_EXCEEDED (KIP-599).
 */
export const CreatePartitions = apiSchema({
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleSince: 2,
  request: {
    topics: array({
      name: string(),
      /** Number of partitions afterwards. */
      count: int32(),
      /** One per new partition; null for automatic placement. */
      assignments: nullableArray({
        brokerIds: array(int32()),
      }),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: nullableString(),
    }),
  },
})

export interface CreatePartitionsRequest extends Message<typeof CreatePartitions.request> {}
export interface CreatePartitionsResponse extends Message<typeof CreatePartitions.response> {}
