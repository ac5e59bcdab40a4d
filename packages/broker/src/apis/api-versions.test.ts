// ApiVersions in each version through its bytes.

import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { apiVersions } from './api-versions.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { metadataOf } from './testing/metadata.ts'

const services = {
  advertisedApis: [{ apiKey: 3, minVersion: 0, maxVersion: 13 }],
  metadata: metadataOf([]),
  clusterId: 'our-cluster',
  brokerId: 1,
}
const software = { clientSoftwareName: 'a-client', clientSoftwareVersion: '1.2.3' }

test.each(versionsOf(apiVersions))('v%i tells what is served', async apiVersion => {
  const answer = await ask(apiVersions, services, { apiVersion }, software)
  expect(answer).toMatchObject({ errorCode: 0, apiKeys: services.advertisedApis })
  if (apiVersion >= 3) expect(answer.finalizedFeaturesEpoch).toBe(1)
})

test.each([
  ['', '1'],
  ['a', ''],
  ['-a', '1'],
  ['a', '1.'],
  ['a b', '1'],
  ['a\n', '1'],
])('a client %j of version %j is told that it is none (KIP-511)', async (name, version) => {
  const named = { clientSoftwareName: name, clientSoftwareVersion: version }
  const answer = await ask(apiVersions, services, { apiVersion: 4 }, named)
  expect(answer).toMatchObject({ errorCode: errorCodes.INVALID_REQUEST, apiKeys: [] })
})

test.each([
  [{ clusterId: 'our-cluster', nodeId: 1 }, 'NONE'],
  [{ clusterId: null, nodeId: -1 }, 'NONE'],
  [{ clusterId: 'another', nodeId: 1 }, 'REBOOTSTRAP_REQUIRED'],
  [{ clusterId: 'our-cluster', nodeId: 2 }, 'REBOOTSTRAP_REQUIRED'],
  [{ clusterId: 'our-cluster', nodeId: -1 }, 'INVALID_REQUEST'],
  [{ clusterId: null, nodeId: 1 }, 'INVALID_REQUEST'],
] as const)('who looks for %j is told %s (KIP-1242)', async (meant, error) => {
  const answer = await ask(apiVersions, services, { apiVersion: 5 }, { ...software, ...meant })
  expect(answer.errorCode).toBe(errorCodes[error])
})
