// DeleteTopics (key 20): requests and responses in every version.

import {
  apiSchema,
  array,
  int16,
  int32,
  type Message,
  nullableString,
  string,
  uuid,
} from '../schema.ts'

/**
 * Deletes topics.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 may answer
 * TOPIC_DELETION_DISABLED (KIP-322), v4 is flexible (KIP-482), v5 adds errorMessage and may answer
 * THROTTLING_QUOTA_EXCEEDED (KIP-599), v6 names topics by name or id (KIP-516).
 */
export const DeleteTopics = apiSchema({
  key: 20,
  name: 'DeleteTopics',
  versions: [1, 6],
  flexibleSince: 4,
  request: {
    /** By name or id. Before v6 topicNames. */
    topics: array(
      {
        name: nullableString(),
        topicId: uuid(),
      },
      { since: 6 },
    ),
    topicNames: array(string(), { until: 5 }),
    timeoutMs: int32(),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    responses: array({
      name: nullableString({ nullableSince: 6 }),
      topicId: uuid({ since: 6 }),
      errorCode: int16(),
      errorMessage: nullableString({ since: 5 }),
    }),
  },
})

export interface DeleteTopicsRequest extends Message<typeof DeleteTopics.request> {}
export interface DeleteTopicsResponse extends Message<typeof DeleteTopics.response> {}
