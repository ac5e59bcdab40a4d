// Golden bytes of ApiVersions.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { ApiVersions } from './api-versions.ts'

requestGoldens(
  ApiVersions,
  { clientSoftwareName: 'n', clientSoftwareVersion: '1', clusterId: 'c', nodeId: 2 },
  { 0: '', 3: '02 "n" 02 "1" 00', 5: '02 "n" 02 "1" 02 "c" 00000002 00' },
)

// The flag that is false is its default and therefore not there.
const tagged = `03
  00 08 02 02 "f" 0000 0001 00
  01 08 0000000000000004
  02 08 02 02 "f" 0002 0001 00`

responseGoldens(
  ApiVersions,
  {
    errorCode: 35,
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 5 }],
    throttleTimeMs: 9,
    supportedFeatures: [{ name: 'f', minVersion: 0, maxVersion: 1 }],
    finalizedFeaturesEpoch: 4,
    finalizedFeatures: [{ name: 'f', maxVersionLevel: 2, minVersionLevel: 1 }],
    zkMigrationReady: false,
  },
  {
    0: '0023 00000001 0012 0000 0005',
    3: `0023 02 0012 0000 0005 00 00000009 ${tagged}`,
    5: `0023 02 0012 0000 0005 00 00000009 ${tagged}`,
  },
)

responseGoldens(
  ApiVersions,
  {
    errorCode: 0,
    apiKeys: [],
    throttleTimeMs: 0,
    supportedFeatures: [],
    finalizedFeaturesEpoch: -1,
    finalizedFeatures: [],
    zkMigrationReady: true,
  },
  { 3: '0000 01 00000000 01 03 01 01' },
)
