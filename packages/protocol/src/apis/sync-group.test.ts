// Golden bytes of SyncGroup.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { SyncGroup } from './sync-group.ts'

const assignments = '02 02 "m" 03 0102 00'

requestGoldens(
  SyncGroup,
  {
    groupId: 'g',
    generationId: 7,
    memberId: 'm',
    groupInstanceId: 'i',
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [{ memberId: 'm', assignment: Uint8Array.of(1, 2) }],
  },
  {
    0: '0001 "g" 00000007 0001 "m" 00000001 0001 "m" 00000002 0102',
    4: `02 "g" 00000007 02 "m" 02 "i" ${assignments} 00`,
    5: `02 "g" 00000007 02 "m" 02 "i" 09 "consumer" 06 "range" ${assignments} 00`,
  },
)

responseGoldens(
  SyncGroup,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    protocolType: 'consumer',
    protocolName: 'range',
    assignment: Uint8Array.of(1, 2),
  },
  {
    0: '0000 00000002 0102',
    4: '00000009 0000 03 0102 00',
    5: '00000009 0000 09 "consumer" 06 "range" 03 0102 00',
  },
)
