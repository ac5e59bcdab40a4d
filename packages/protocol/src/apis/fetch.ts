// Fetch (key 1): requests and responses in every version.

import {
  apiSchema,
  array,
  int8,
  int16,
  int32,
  int64,
  int64Clamped,
  type Message,
  nullableArray,
  nullableString,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

/**
 * Reads records from partitions: for consumers, and for brokers that replicate.
 *
 * v4 adds isolationLevel, lastStableOffset and abortedTransactions (KIP-98), v5 logStartOffset
 * (KIP-107), v6 may answer KAFKA_STORAGE_ERROR (KIP-112), v7 adds sessions (KIP-227), v8 throttles
 * after the response is sent (KIP-219), v9 adds currentLeaderEpoch (KIP-320), v10 allows zstd
 * (KIP-110), v11 adds rackId and preferredReadReplica (KIP-392), v12 is flexible and adds
 * lastFetchedEpoch and divergingEpoch (KIP-595), v13 names topics by id (KIP-516), v14 may answer
 * OFFSET_MOVED_TO_TIERED_STORAGE (KIP-405), v15 replaces replicaId by replicaState (KIP-903), v16
 * adds nodeEndpoints (KIP-951), v17 replicaDirectoryId (KIP-853), v18 highWatermark (KIP-1166).
 */
export const Fetch = apiSchema({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleSince: 12,
  request: {
    /** Checked when set; null for no check. */
    clusterId: nullableString({ since: 12, tag: 0 }),
    /** Broker id of a follower; -1 for a consumer. Since v15 in replicaState. */
    replicaId: int32({ until: 14, default: -1 }),
    /** Set by followers. */
    replicaState: struct(
      {
        /** Broker id of a follower; -1 for a consumer. */
        replicaId: int32({ default: -1 }),
        /** The follower's broker epoch; -1 when unknown. */
        replicaEpoch: int64({ default: -1 }),
      },
      { since: 15, tag: 1 },
    ),
    /** How long to wait for minBytes, in ms. */
    maxWaitMs: int32(),
    minBytes: int32(),
    /** Bytes in the whole response; the first batch is sent even if it is larger. */
    maxBytes: int32({ since: 3, default: 0x7fffffff }),
    /** 0 read uncommitted, 1 read committed. */
    isolationLevel: int8({ since: 4 }),
    /** 0 for no session. */
    sessionId: int32({ since: 7 }),
    /** -1 for a full fetch without session, 0 to begin a session. */
    sessionEpoch: int32({ since: 7, default: -1 }),
    topics: array({
      topic: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitions: array({
        partition: int32(),
        /** Epoch the client knows of the leader; -1 skips the check. */
        currentLeaderEpoch: int32({ since: 9, default: -1 }),
        /** First offset wanted. It may lie inside a batch, which is sent whole. */
        fetchOffset: int64Clamped(),
        /** Epoch of the follower's last record; -1 for none, and for consumers. */
        lastFetchedEpoch: int32({ since: 12, default: -1 }),
        /** The follower's first offset; -1 for consumers. */
        logStartOffset: int64({ since: 5, default: -1 }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ since: 17, tag: 0 }),
        /** The follower's high watermark (exclusive); MAX_SAFE_INTEGER when not told. */
        highWatermark: int64Clamped({ since: 18, tag: 1, default: Number.MAX_SAFE_INTEGER }),
      }),
    }),
    /** To be removed from the session. */
    forgottenTopicsData: array(
      {
        topic: string({ until: 12 }),
        topicId: uuid({ since: 13 }),
        partitions: array(int32()),
      },
      { since: 7 },
    ),
    rackId: string({ since: 11 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    errorCode: int16({ since: 7 }),
    sessionId: int32({ since: 7 }),
    responses: array({
      topic: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        /** First offset that is not committed (exclusive end); -1 on error. */
        highWatermark: int64(),
        /** First offset of an open transaction, or the high watermark; -1 unknown. */
        lastStableOffset: int64({ since: 4, default: -1 }),
        logStartOffset: int64({ since: 5, default: -1 }),
        /** Where the follower's log parts from the leader's; -1 when it does not. */
        divergingEpoch: struct(
          {
            epoch: int32({ default: -1 }),
            /** Exclusive. */
            endOffset: int64({ default: -1 }),
          },
          { since: 12, tag: 0 },
        ),
        /** Where to go instead; -1 when there is nothing to say. */
        currentLeader: struct(
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
          { since: 12, tag: 1 },
        ),
        /** Of the metadata log only. */
        snapshotId: struct(
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
          { since: 12, tag: 2 },
        ),
        /** By ascending firstOffset; null unless read committed was asked for. */
        abortedTransactions: nullableArray(
          {
            producerId: int64(),
            firstOffset: int64(),
          },
          { since: 4 },
        ),
        /** Broker to read from next; -1 for none. */
        preferredReadReplica: int32({ since: 11, default: -1 }),
        records: records(),
      }),
    }),
    /** Addresses of the leaders named in currentLeader. */
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullableString(),
      },
      { since: 16, tag: 0 },
    ),
  },
})

export interface FetchRequest extends Message<typeof Fetch.request> {}
export interface FetchResponse extends Message<typeof Fetch.response> {}
