// AssignReplicasToDirs (key 73): requests and responses in every version.

import { apiSchema, array, int16, int32, int64, type Message, uuid } from '../schema.ts'

/**
 * A broker tells the controller in which of its directories replicas are (KIP-858). The reserved
 * directory `oneUuid` says that their log is lost.
 */
export const AssignReplicasToDirs = apiSchema({
  key: 73,
  name: 'AssignReplicasToDirs',
  versions: [0, 0],
  flexibleSince: 0,
  request: {
    brokerId: int32(),
    /** -1 when unknown. */
    brokerEpoch: int64({ default: -1 }),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({ partitionIndex: int32() }),
      }),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({ partitionIndex: int32(), errorCode: int16() }),
      }),
    }),
  },
})

export interface AssignReplicasToDirsRequest extends Message<typeof AssignReplicasToDirs.request> {}
export interface AssignReplicasToDirsResponse
  extends Message<typeof AssignReplicasToDirs.response> {}
