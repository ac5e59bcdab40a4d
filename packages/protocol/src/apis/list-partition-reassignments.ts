// ListPartitionReassignments (key 46): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  type Message,
  nullableArray,
  nullableString,
  string,
} from '../schema.ts'

/** The moves of partitions that are under way (KIP-455). */
export const ListPartitionReassignments = apiSchema({
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    timeoutMs: int32({ default: 60000 }),
    /** Null for all. */
    topics: nullableArray(
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
      { default: null },
    ),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullableString(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32()),
        addingReplicas: array(int32()),
        removingReplicas: array(int32()),
      }),
    }),
  },
})

export interface ListPartitionReassignmentsRequest
  extends Message<typeof ListPartitionReassignments.request> {}
export interface ListPartitionReassignmentsResponse
  extends Message<typeof ListPartitionReassignments.response> {}
