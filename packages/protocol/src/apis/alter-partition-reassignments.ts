// AlterPartitionReassignments (key 45): requests and responses in every version.

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
 * Moves partitions to other brokers, or cancels moves (KIP-455).
 *
 * v1 adds allowReplicationFactorChange (KIP-860).
 */
export const AlterPartitionReassignments = apiSchema({
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexibleSince: 0,
  request: {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        /** Null cancels the move. */
        replicas: nullableArray(int32(), { default: null }),
      }),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool({ since: 1, default: true }),
    errorCode: int16(),
    errorMessage: nullableString(),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
      }),
    }),
  },
})

export interface AlterPartitionReassignmentsRequest
  extends Message<typeof AlterPartitionReassignments.request> {}
export interface AlterPartitionReassignmentsResponse
  extends Message<typeof AlterPartitionReassignments.response> {}
