// ElectLeaders (key 43): requests and responses in every version.

import {
  apiSchema,
  array,
  int8,
  int16,
  int32,
  type Message,
  nullableArray,
  nullableString,
  string,
} from '../schema.ts'

/**
 * Elects leaders of partitions: the preferred ones (KIP-183), or unclean ones.
 *
 * v1 adds electionType and errorCode (KIP-460), v2 is flexible (KIP-482).
 */
export const ElectLeaders = apiSchema({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexibleSince: 2,
  request: {
    /** 0 preferred, 1 unclean. */
    electionType: int8({ since: 1 }),
    /** Null for all partitions. */
    topicPartitions: nullableArray({
      topic: string(),
      partitions: array(int32()),
    }),
    timeoutMs: int32({ default: 60000 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16({ since: 1 }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: nullableString(),
      }),
    }),
  },
})

export interface ElectLeadersRequest extends Message<typeof ElectLeaders.request> {}
export interface ElectLeadersResponse extends Message<typeof ElectLeaders.response> {}
