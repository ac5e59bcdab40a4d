// AlterPartition (key 56): requests and responses in every version.

import { apiSchema, array, int8, int16, int32, int64, type Message, uuid } from '../schema.ts'

/**
 * A partition leader proposes a new in-sync replica set to the controller (KIP-497).
 *
 * v1 adds leaderRecoveryState (KIP-704), v2 names topics by id (KIP-841), v3 replaces newIsr by
 * newIsrWithEpochs, which fences replicas that restarted (KIP-903). v0 and v1 are gone.
 */
export const AlterPartition = apiSchema({
  key: 56,
  name: 'AlterPartition',
  versions: [2, 3],
  flexibleSince: 0,
  request: {
    brokerId: int32(),
    /** -1 when unknown. */
    brokerEpoch: int64({ default: -1 }),
    topics: array({
      topicId: uuid({ since: 2 }),
      partitions: array({
        partitionIndex: int32(),
        leaderEpoch: int32(),
        /** Since v3 newIsrWithEpochs. */
        newIsr: array(int32(), { until: 2 }),
        newIsrWithEpochs: array(
          {
            brokerId: int32(),
            /** -1 when unknown. */
            brokerEpoch: int64({ default: -1 }),
          },
          { since: 3 },
        ),
        /** 0 recovered, 1 recovering from an unclean election. */
        leaderRecoveryState: int8({ since: 1 }),
        /** Expected: the change is refused when the partition has changed since. */
        partitionEpoch: int32(),
      }),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: array({
      topicId: uuid({ since: 2 }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        leaderRecoveryState: int8({ since: 1 }),
        partitionEpoch: int32(),
      }),
    }),
  },
})

export interface AlterPartitionRequest extends Message<typeof AlterPartition.request> {}
export interface AlterPartitionResponse extends Message<typeof AlterPartition.response> {}
