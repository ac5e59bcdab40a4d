// Metadata (key 3): requests and responses in every version.

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
  uuid,
} from '../schema.ts'

/**
 * Who leads which partition, and where the brokers are.
 *
 * v1 adds racks, controllerId and isInternal, and tells all topics (null) from none (empty); v2
 * adds clusterId (KIP-78), v3 throttleTimeMs, v4 allowAutoTopicCreation (KIP-204), v5
 * offlineReplicas (KIP-112), v6 throttles after the response is sent (KIP-219), v7 adds leaderEpoch
 * (KIP-320), v8 authorized operations (KIP-430), v9 is flexible (KIP-482), v10 adds topicId
 * (KIP-516), v11 moves the cluster's authorized operations to DescribeCluster (KIP-700), v12 finds
 * topics by id (KIP-516), v13 adds an error for the whole response (KIP-1102).
 */
export const Metadata = apiSchema({
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleSince: 9,
  request: {
    /** Null for all topics; in v0, which has no null, empty for all. */
    topics: nullableArray(
      {
        topicId: uuid({ since: 10 }),
        /** Null when topicId is given (v12). */
        name: nullableString({ nullableSince: 10 }),
      },
      { nullableSince: 1 },
    ),
    allowAutoTopicCreation: bool({ since: 4, default: true }),
    includeClusterAuthorizedOperations: bool({ since: 8, until: 10 }),
    includeTopicAuthorizedOperations: bool({ since: 8 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 3 }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: nullableString({ since: 1 }),
    }),
    clusterId: nullableString({ since: 2 }),
    /** -1 when there is none. A broker id: clients cannot reach controllers. */
    controllerId: int32({ since: 1, default: -1 }),
    topics: array({
      errorCode: int16(),
      /** Null when a topic asked for by id does not exist. */
      name: nullableString({ nullableSince: 12 }),
      topicId: uuid({ since: 10 }),
      isInternal: bool({ since: 1 }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        /** -1 when there is no leader. */
        leaderId: int32(),
        leaderEpoch: int32({ since: 7, default: -1 }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        /** Replicas on brokers or log dirs that are not up. */
        offlineReplicas: array(int32(), { since: 5 }),
      }),
      /** Bit field; the minimum of int32 when not asked for. */
      topicAuthorizedOperations: int32({ since: 8, default: -0x80000000 }),
    }),
    /** Bit field; the minimum of int32 when not asked for. */
    clusterAuthorizedOperations: int32({ since: 8, until: 10, default: -0x80000000 }),
    errorCode: int16({ since: 13 }),
  },
})

export interface MetadataRequest extends Message<typeof Metadata.request> {}
export interface MetadataResponse extends Message<typeof Metadata.response> {}
