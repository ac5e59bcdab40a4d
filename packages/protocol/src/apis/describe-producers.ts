// DescribeProducers (key 61): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  int64,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/** The producers that are active in partitions, for tools (KIP-664). */
export const DescribeProducers = apiSchema({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    topics: array({
      name: string(),
      partitionIndexes: array(int32()),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
        activeProducers: array({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32({ default: -1 }),
          lastTimestamp: int64({ default: -1 }),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64({ default: -1 }),
        }),
      }),
    }),
  },
})

export interface DescribeProducersRequest extends Message<typeof DescribeProducers.request> {}
export interface DescribeProducersResponse extends Message<typeof DescribeProducers.response> {}
