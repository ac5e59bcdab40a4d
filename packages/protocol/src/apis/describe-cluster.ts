// DescribeCluster (key 60): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int8,
  int16,
  int32,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/**
 * Brokers, controller and id of the cluster (KIP-700).
 *
 * v1 adds endpointType (KIP-919), v2 fenced brokers (KIP-1073).
 */
export const DescribeCluster = apiSchema({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleSince: 0,
  request: {
    includeClusterAuthorizedOperations: bool(),
    /** 1 brokers, 2 controllers. */
    endpointType: int8({ since: 1, default: 1 }),
    includeFencedBrokers: bool({ since: 2 }),
  },
  response: {
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullableString(),
    endpointType: int8({ since: 1, default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: nullableString(),
      isFenced: bool({ since: 2 }),
    }),
    /** Bit field; the minimum of int32 when not asked for. */
    clusterAuthorizedOperations: int32({ default: -0x80000000 }),
  },
})

export interface DescribeClusterRequest extends Message<typeof DescribeCluster.request> {}
export interface DescribeClusterResponse extends Message<typeof DescribeCluster.response> {}
