// Golden bytes of IncrementalAlterConfigs.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { IncrementalAlterConfigs } from './incremental-alter-configs.ts'

requestGoldens(
  IncrementalAlterConfigs,
  {
    resources: [
      {
        resourceType: 2,
        resourceName: 't',
        configs: [{ name: 'k', configOperation: 1, value: null }],
      },
    ],
    validateOnly: false,
  },
  {
    0: '00000001 02 0001 "t" 00000001 0001 "k" 01 ffff 00',
    1: '02 02 02 "t" 02 02 "k" 01 00 00 00 00 00',
  },
)

responseGoldens(
  IncrementalAlterConfigs,
  {
    throttleTimeMs: 9,
    responses: [{ errorCode: 40, errorMessage: 'e', resourceType: 2, resourceName: 't' }],
  },
  {
    0: '00000009 00000001 0028 0001 "e" 02 0001 "t"',
    1: '00000009 02 0028 02 "e" 02 02 "t" 00 00',
  },
)
