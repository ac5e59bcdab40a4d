// OffsetDelete (key 47): requests and responses in every version.

import { apiSchema, array, int16, int32, type Message, string } from '../schema.ts'

/** Forgets committed offsets of a group for topics nobody of it subscribes to (KIP-496). */
export const OffsetDelete = apiSchema({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  flexibleSince: Number.POSITIVE_INFINITY,
  request: {
    groupId: string(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
  response: {
    errorCode: int16(),
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})

export interface OffsetDeleteRequest extends Message<typeof OffsetDelete.request> {}
export interface OffsetDeleteResponse extends Message<typeof OffsetDelete.response> {}
