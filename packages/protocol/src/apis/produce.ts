// Produce (key 0): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  int64,
  type Message,
  nullableString,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

/**
 * Appends record batches to partitions.
 *
 * v1 adds throttleTimeMs, v2 logAppendTimeMs (KIP-32), v3 transactionalId and record batches of
 * magic 2 (KIP-98), v4 may answer KAFKA_STORAGE_ERROR (KIP-112), v5 adds logStartOffset (KIP-107),
 * v6 throttles after the response is sent (KIP-219), v7 allows zstd (KIP-110), v8 adds recordErrors
 * and errorMessage (KIP-467), v9 is flexible (KIP-482), v10 adds currentLeader and nodeEndpoints
 * (KIP-951), v11 may answer TRANSACTION_ABORTABLE (KIP-890), v12 adds partitions to a transaction
 * implicitly when transaction.version is 2 (KIP-890), v13 names topics by id (KIP-516).
 *
 * v0 to v2 carry message sets of the old formats. They stand here because ApiVersions must
 * advertise them (KAFKA-18659: older librdkafka turns compression off otherwise); no broker of
 * today serves them.
 */
export const Produce = apiSchema({
  key: 0,
  name: 'Produce',
  versions: [0, 13],
  flexibleSince: 9,
  request: {
    /** Null unless the producer is transactional. */
    transactionalId: nullableString({ since: 3 }),
    /** 0 no response, 1 the leader alone, -1 all in-sync replicas. */
    acks: int16(),
    /** How long to wait for the replicas, in ms. */
    timeoutMs: int32(),
    topicData: array({
      name: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitionData: array({
        index: int32(),
        records: records(),
      }),
    }),
  },
  response: {
    responses: array({
      name: string({ until: 12 }),
      topicId: uuid({ since: 13 }),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        /** Offset of the first record appended; -1 on error. */
        baseOffset: int64(),
        /** -1 unless the topic uses the time of the append. */
        logAppendTimeMs: int64({ since: 2, default: -1 }),
        logStartOffset: int64({ since: 5, default: -1 }),
        /** Why single records made the batch fail. */
        recordErrors: array(
          {
            /** Index of the record in the batch. */
            batchIndex: int32(),
            batchIndexErrorMessage: nullableString(),
          },
          { since: 8 },
        ),
        errorMessage: nullableString({ since: 8 }),
        /** Where to go instead, with NOT_LEADER_OR_FOLLOWER. */
        currentLeader: struct(
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
          { since: 10, tag: 0 },
        ),
      }),
    }),
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    /** Addresses of the leaders named in currentLeader. */
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: nullableString(),
      },
      { since: 10, tag: 0 },
    ),
  },
})

export interface ProduceRequest extends Message<typeof Produce.request> {}
export interface ProduceResponse extends Message<typeof Produce.response> {}
