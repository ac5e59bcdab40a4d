// DescribeQuorum (key 55): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  int64,
  type Message,
  nullableString,
  string,
  uint16,
  uuid,
} from '../schema.ts'

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64(),
  /** Ms since 1970; -1 when unknown. */
  lastFetchTimestamp: int64({ since: 1, default: -1 }),
  /** Ms since 1970; -1 when unknown. */
  lastCaughtUpTimestamp: int64({ since: 1, default: -1 }),
}

/**
 * State of the controller quorum (KIP-595).
 *
 * v1 adds the times of the last fetch and of the last catch-up (KIP-836), v2 adds directory ids,
 * error messages and nodes (KIP-853).
 */
export const DescribeQuorum = apiSchema({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
  response: {
    errorCode: int16(),
    errorMessage: nullableString({ since: 2 }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: nullableString({ since: 2 }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: array(
      {
        nodeId: int32(),
        listeners: array({
          name: string(),
          host: string(),
          port: uint16(),
        }),
      },
      { since: 2 },
    ),
  },
})

export interface DescribeQuorumRequest extends Message<typeof DescribeQuorum.request> {}
export interface DescribeQuorumResponse extends Message<typeof DescribeQuorum.response> {}
