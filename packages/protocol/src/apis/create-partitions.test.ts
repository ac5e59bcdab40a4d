// Golden bytes of CreatePartitions.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { CreatePartitions } from './create-partitions.ts'

const flexibleRequest = '02 02 "t" 00000004 02 02 00000001 00 00 00007530 01 00'

requestGoldens(
  CreatePartitions,
  {
    topics: [{ name: 't', count: 4, assignments: [{ brokerIds: [1] }] }],
    timeoutMs: 30_000,
    validateOnly: true,
  },
  {
    0: '00000001 0001 "t" 00000004 00000001 00000001 00000001 00007530 01',
    2: flexibleRequest,
    3: flexibleRequest,
  },
)

const flexibleResponse = '00000009 02 02 "t" 0025 02 "e" 00 00'

responseGoldens(
  CreatePartitions,
  { throttleTimeMs: 9, results: [{ name: 't', errorCode: 37, errorMessage: 'e' }] },
  {
    0: '00000009 00000001 0001 "t" 0025 0001 "e"',
    2: flexibleResponse,
    3: flexibleResponse,
  },
)
