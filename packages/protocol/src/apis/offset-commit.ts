// OffsetCommit (key 8): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  int64,
  type Message,
  nullableString,
  string,
  uuid,
} from '../schema.ts'

/**
 * Stores how far a group has consumed.
 *
 * v3 adds throttleTimeMs, v4 throttles after the response is sent (KIP-219), v5 removes
 * retentionTimeMs (KIP-211), v6 adds committedLeaderEpoch (KIP-320), v7 groupInstanceId (KIP-345),
 * v8 is flexible (KIP-482), v9 serves members of consumer groups, whose epoch takes the place of
 * the generation (KIP-848), v10 names topics by id (KIP-848).
 */
export const OffsetCommit = apiSchema({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexibleSince: 8,
  request: {
    groupId: string(),
    /** -1 when the group has no members (offsets by hand). */
    generationIdOrMemberEpoch: int32({ since: 1, default: -1 }),
    memberId: string({ since: 1 }),
    /** Set by a static member; null for a dynamic one. */
    groupInstanceId: nullableString({ since: 7 }),
    /** -1 for the default. */
    retentionTimeMs: int64({ since: 2, until: 4, default: -1 }),
    topics: array({
      name: string({ until: 9 }),
      topicId: uuid({ since: 10 }),
      partitions: array({
        partitionIndex: int32(),
        /** The next offset to consume. */
        committedOffset: int64(),
        committedLeaderEpoch: int32({ since: 6, default: -1 }),
        /** Whatever the client wants to keep with it. */
        committedMetadata: nullableString(),
      }),
    }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 3 }),
    topics: array({
      name: string({ until: 9 }),
      topicId: uuid({ since: 10 }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})

export interface OffsetCommitRequest extends Message<typeof OffsetCommit.request> {}
export interface OffsetCommitResponse extends Message<typeof OffsetCommit.response> {}
