// DeleteRecords (key 21): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  int64,
  int64Clamped,
  type Message,
  string,
} from '../schema.ts'

/**
 * Deletes the records before an offset (KIP-107).
 *
 * v1 throttles after the response is sent (KIP-219), v2 is flexible (KIP-482).
 */
export const DeleteRecords = apiSchema({
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        /** First offset to keep; -1 for the high watermark. */
        offset: int64Clamped(),
      }),
    }),
    timeoutMs: int32(),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        /** First offset that exists on all replicas; -1 on error. */
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
})

export interface DeleteRecordsRequest extends Message<typeof DeleteRecords.request> {}
export interface DeleteRecordsResponse extends Message<typeof DeleteRecords.response> {}
