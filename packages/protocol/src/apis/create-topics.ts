// CreateTopics (key 19): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int8,
  int16,
  int32,
  type Message,
  nullableArray,
  nullableString,
  string,
  uuid,
} from '../schema.ts'

/**
 * Creates topics, with automatic or given placement.
 *
 * v3 throttles after the response is sent (KIP-219), v4 allows -1 for the broker's default number
 * of partitions and replicas (KIP-464), v5 is flexible and answers the configs of the new topic
 * (KIP-525), v6 may answer THROTTLING_QUOTA_EXCEEDED (KIP-599), v7 adds topicId (KIP-516).
 */
export const CreateTopics = apiSchema({
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleSince: 5,
  request: {
    topics: array({
      name: string(),
      /** -1 for the default, and with assignments. */
      numPartitions: int32(),
      /** -1 for the default, and with assignments. */
      replicationFactor: int16(),
      /** Placement by hand; empty for automatic placement. */
      assignments: array({
        partitionIndex: int32(),
        /** The first is the preferred leader. */
        brokerIds: array(int32()),
      }),
      configs: array({
        name: string(),
        value: nullableString(),
      }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool({ since: 1 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 2 }),
    topics: array({
      name: string(),
      topicId: uuid({ since: 7 }),
      errorCode: int16(),
      errorMessage: nullableString({ since: 1 }),
      /** Why configs are missing. */
      topicConfigErrorCode: int16({ since: 5, tag: 0 }),
      numPartitions: int32({ since: 5, default: -1 }),
      replicationFactor: int16({ since: 5, default: -1 }),
      /** Null when the asker may not see them. */
      configs: nullableArray(
        {
          name: string(),
          value: nullableString(),
          readOnly: bool(),
          configSource: int8({ default: -1 }),
          isSensitive: bool(),
        },
        { since: 5 },
      ),
    }),
  },
})

export interface CreateTopicsRequest extends Message<typeof CreateTopics.request> {}
export interface CreateTopicsResponse extends Message<typeof CreateTopics.response> {}
