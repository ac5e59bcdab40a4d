// Golden bytes of FindCoordinator.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { FindCoordinator } from './find-coordinator.ts'

requestGoldens(
  FindCoordinator,
  { key: 'k', keyType: 1, coordinatorKeys: ['k'] },
  { 0: '0001 "k"', 3: '02 "k" 01 00', 4: '01 02 02 "k" 00', 6: '01 02 02 "k" 00' },
)

responseGoldens(
  FindCoordinator,
  {
    throttleTimeMs: 9,
    errorCode: 15,
    errorMessage: 'no',
    nodeId: 1,
    host: 'h',
    port: 9092,
    coordinators: [
      { key: 'k', nodeId: 1, host: 'h', port: 9092, errorCode: 15, errorMessage: null },
    ],
  },
  {
    0: '000f 00000001 0001 "h" 00002384',
    3: '00000009 000f 03 "no" 00000001 02 "h" 00002384 00',
    6: '00000009 02 02 "k" 00000001 02 "h" 00002384 000f 00 00 00',
  },
)
