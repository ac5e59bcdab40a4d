// ApiVersions (18): what this broker serves. The first request of every modern client.
//
// v3 names the client's software (KIP-511) and tells of features (KIP-584); v4 lets features start
// at level 0 (KIP-1022); v5 names the cluster and broker the client thinks it talks to (KIP-1242).

import { ApiVersions, type ApiVersionsResponse, errorCodes } from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'advertisedApis' | 'metadata' | 'clusterId' | 'brokerId'>

/** KIP-511. */
const softwareName = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/

export const apiVersions: Handler<Needs, typeof ApiVersions> = handler({
  schema: ApiVersions,
  versions: [0, 5],
  handle({ advertisedApis, metadata, clusterId, brokerId }: Needs, context, request) {
    const { clientSoftwareName, clientSoftwareVersion } = request
    if (context.apiVersion >= 3) {
      if (!softwareName.test(clientSoftwareName) || !softwareName.test(clientSoftwareVersion)) {
        return apiVersionsAnswer(errorCodes.INVALID_REQUEST, [])
      }
    }
    if (context.apiVersion >= 5) {
      // Whom the client looks for is told in full or not at all.
      const isNamed = request.clusterId !== null
      if (isNamed !== (request.nodeId !== -1)) {
        return apiVersionsAnswer(errorCodes.INVALID_REQUEST, [])
      }
      if (isNamed && (request.clusterId !== clusterId || request.nodeId !== brokerId)) {
        return apiVersionsAnswer(errorCodes.REBOOTSTRAP_REQUIRED, [])
      }
    }
    const { image } = metadata
    return {
      ...apiVersionsAnswer(errorCodes.NONE, advertisedApis),
      finalizedFeaturesEpoch: image.position.offset,
      finalizedFeatures: [...image.features].map(([name, level]) => ({
        name,
        maxVersionLevel: level,
        minVersionLevel: level,
      })),
    }
  },
  refuse: (_request, errorCode) => apiVersionsAnswer(errorCode, []),
})

/** The answer without features: what a client is told in any case. */
export function apiVersionsAnswer(
  errorCode: number,
  apiKeys: ApiVersionsResponse['apiKeys'],
): ApiVersionsResponse {
  return {
    errorCode,
    apiKeys,
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: false,
  }
}

/** What clients are told of these handlers. Produce is advertised from 0 (KAFKA-18659). */
export function advertised(handlers: readonly Handler<never>[]): ApiVersionsResponse['apiKeys'] {
  return handlers
    .filter(({ askedBy }) => askedBy === 'anyone')
    .map(({ schema, versions }) => ({
      apiKey: schema.key,
      minVersion: schema.key === 0 ? 0 : versions[0],
      maxVersion: versions[1],
    }))
}
