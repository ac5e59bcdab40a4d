// OffsetForLeaderEpoch (key 23): requests and responses in every version.

import { apiSchema, array, int16, int32, int64, type Message, string } from '../schema.ts'

/**
 * Where a leader epoch ended: how a follower or consumer finds the point where logs part.
 *
 * v2 adds currentLeaderEpoch (KIP-320), v3 replicaId, so that consumers may ask (KIP-320), v4 is
 * flexible (KIP-482).
 */
export const OffsetForLeaderEpoch = apiSchema({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleSince: 4,
  request: {
    /** -1 for a consumer, -2 for debugging. */
    replicaId: int32({ since: 3, default: -2 }),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        /** Epoch the client knows of the leader; -1 skips the check. */
        currentLeaderEpoch: int32({ since: 2, default: -1 }),
        /** The epoch whose end is wanted. */
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 2 }),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        /** Largest epoch that is not above the one asked for; -1 when unknown. */
        leaderEpoch: int32({ since: 1, default: -1 }),
        /** Exclusive; -1 when unknown. */
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
})

export interface OffsetForLeaderEpochRequest extends Message<typeof OffsetForLeaderEpoch.request> {}
export interface OffsetForLeaderEpochResponse
  extends Message<typeof OffsetForLeaderEpoch.response> {}
