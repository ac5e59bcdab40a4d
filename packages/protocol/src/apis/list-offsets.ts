// ListOffsets (key 2): requests and responses in every version.

import {
  apiSchema,
  array,
  int8,
  int16,
  int32,
  int64,
  int64Clamped,
  type Message,
  string,
} from '../schema.ts'

/**
 * Finds an offset by timestamp: -1 the end, -2 the beginning.
 *
 * v1 answers one offset instead of many (KIP-79), v2 adds isolationLevel (KIP-98), v3 throttles
 * after the response is sent (KIP-219), v4 adds leader epochs (KIP-320), v5 may answer
 * OFFSET_NOT_AVAILABLE (KIP-207), v6 is flexible (KIP-482), v7 allows -3, the largest timestamp
 * (KIP-734), v8 allows -4, the beginning of the local log (KIP-405), v9 allows -5, the end of the
 * tiered log (KIP-1005), v10 adds timeoutMs (KIP-1075), v11 allows -6, the first offset not yet
 * tiered (KIP-1023).
 */
export const ListOffsets = apiSchema({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexibleSince: 6,
  request: {
    /** -1 for a consumer. */
    replicaId: int32(),
    /** 0 read uncommitted, 1 read committed. */
    isolationLevel: int8({ since: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        /** Epoch the client knows of the leader; -1 skips the check. */
        currentLeaderEpoch: int32({ since: 4, default: -1 }),
        /** Ms since 1970, or one of the negative values of the head comment. */
        timestamp: int64Clamped(),
      }),
    }),
    /** For lookups in tiered storage. */
    timeoutMs: int32({ since: 10 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        /** Of the record found; -1 when none was. */
        timestamp: int64({ since: 1, default: -1 }),
        /** -1 when no record was found. */
        offset: int64({ since: 1, default: -1 }),
        leaderEpoch: int32({ since: 4, default: -1 }),
      }),
    }),
  },
})

export interface ListOffsetsRequest extends Message<typeof ListOffsets.request> {}
export interface ListOffsetsResponse extends Message<typeof ListOffsets.response> {}
