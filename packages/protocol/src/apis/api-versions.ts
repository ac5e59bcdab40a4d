// ApiVersions (key 18): requests and responses in every version.

import {
  apiSchema,
  array,
  bool,
  int16,
  int32,
  int64,
  type Message,
  nullableString,
  string,
} from '../schema.ts'

/**
 * What the broker speaks: the first request of a connection.
 *
 * v1 adds throttleTimeMs, v2 throttles after the response is sent (KIP-219), v3 is flexible and
 * adds the client's software (KIP-511) and features (KIP-584), v4 may tell features whose lowest
 * version is 0, v5 says which cluster and node the client means to reach (KIP-1242).
 *
 * The response header is always version 0, and a version that is not served is answered in v0 with
 * UNSUPPORTED_VERSION and the list (KIP-511).
 */
export const ApiVersions = apiSchema({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 5],
  flexibleSince: 3,
  request: {
    clientSoftwareName: string({ since: 3 }),
    clientSoftwareVersion: string({ since: 3 }),
    /** Null when the client does not know it yet. */
    clusterId: nullableString({ since: 5 }),
    /** -1 when the client does not know it yet. */
    nodeId: int32({ since: 5, default: -1 }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    /** How long the client is asked to wait before its next request, in ms. */
    throttleTimeMs: int32({ since: 1 }),
    /** Levels this broker supports. */
    supportedFeatures: array(
      {
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      },
      { since: 3, tag: 0 },
    ),
    /** -1 when unknown. */
    finalizedFeaturesEpoch: int64({ since: 3, tag: 1, default: -1 }),
    /** Levels the cluster has agreed on. */
    finalizedFeatures: array(
      {
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      },
      { since: 3, tag: 2 },
    ),
    zkMigrationReady: bool({ since: 3, tag: 3 }),
  },
})

export interface ApiVersionsRequest extends Message<typeof ApiVersions.request> {}
export interface ApiVersionsResponse extends Message<typeof ApiVersions.response> {}
