// OffsetFetch (key 9): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int16,
  int32,
  int64,
  type Message,
  nullableArray,
  nullableString,
  string,
  uuid,
} from '../schema.ts'

/**
 * Reads how far groups have consumed.
 *
 * v1 reads what is stored in Kafka, v2 allows null for all topics and adds errorCode, v3 adds
 * throttleTimeMs, v4 throttles after the response is sent (KIP-219), v5 adds committedLeaderEpoch
 * (KIP-320), v6 is flexible (KIP-482), v7 adds requireStable (KIP-447), v8 asks for many groups at
 * once (KIP-709), v9 adds memberId and memberEpoch (KIP-848), v10 names topics by id (KIP-848).
 */
export const OffsetFetch = apiSchema({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexibleSince: 6,
  request: {
    /** Before v8, which has groups. */
    groupId: string({ until: 7 }),
    /** Null for all topics. */
    topics: nullableArray(
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
      { until: 7, nullableSince: 2 },
    ),
    groups: array(
      {
        /** Before v8, which has groups. */
        groupId: string(),
        memberId: nullableString({ since: 9 }),
        /** -1 when the asker is no member of a consumer group. */
        memberEpoch: int32({ since: 9, default: -1 }),
        /** Null for all topics. */
        topics: nullableArray({
          name: string({ until: 9 }),
          topicId: uuid({ since: 10 }),
          partitionIndexes: array(int32()),
        }),
      },
      { since: 8 },
    ),
    /** UNSTABLE_OFFSET_COMMIT instead of offsets of an open transaction. */
    requireStable: bool({ since: 7 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 3 }),
    topics: array(
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          /** The next offset to consume; -1 when there is none. */
          committedOffset: int64(),
          committedLeaderEpoch: int32({ since: 5, default: -1 }),
          metadata: nullableString(),
          errorCode: int16(),
        }),
      },
      { until: 7 },
    ),
    errorCode: int16({ since: 2, until: 7 }),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string({ until: 9 }),
          topicId: uuid({ since: 10 }),
          partitions: array({
            partitionIndex: int32(),
            /** The next offset to consume; -1 when there is none. */
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1 }),
            metadata: nullableString(),
            errorCode: int16(),
          }),
        }),
        errorCode: int16(),
      },
      { since: 8 },
    ),
  },
})

export interface OffsetFetchRequest extends Message<typeof OffsetFetch.request> {}
export interface OffsetFetchResponse extends Message<typeof OffsetFetch.response> {}
