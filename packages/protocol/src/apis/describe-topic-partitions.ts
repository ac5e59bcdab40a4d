// DescribeTopicPartitions (key 75): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int16,
  int32,
  type Message,
  nullableArray,
  nullableString,
  nullableStruct,
  string,
  uuid,
} from '../schema.ts'

/** Partitions of topics, page by page (KIP-966). */
export const DescribeTopicPartitions = apiSchema({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    /** Empty for all. */
    topics: array({
      name: string(),
    }),
    /** Partitions per page. */
    responsePartitionLimit: int32({ default: 2000 }),
    /** First partition wanted; null to begin. */
    cursor: nullableStruct({
      topicName: string(),
      partitionIndex: int32(),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    topics: array({
      errorCode: int16(),
      name: nullableString(),
      topicId: uuid(),
      isInternal: bool(),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1 }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        /** Null before the feature is on (KIP-966). */
        eligibleLeaderReplicas: nullableArray(int32(), { default: null }),
        lastKnownElr: nullableArray(int32(), { default: null }),
        offlineReplicas: array(int32()),
      }),
      /** Bit field. */
      topicAuthorizedOperations: int32({ default: -0x80000000 }),
    }),
    /** Where the next page begins; null on the last. */
    nextCursor: nullableStruct({
      topicName: string(),
      partitionIndex: int32(),
    }),
  },
})

export interface DescribeTopicPartitionsRequest
  extends Message<typeof DescribeTopicPartitions.request> {}
export interface DescribeTopicPartitionsResponse
  extends Message<typeof DescribeTopicPartitions.response> {}
