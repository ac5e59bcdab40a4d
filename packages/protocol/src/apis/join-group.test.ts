// Golden bytes of JoinGroup.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { JoinGroup } from './join-group.ts'

const protocols = '09 "consumer" 02 06 "range" 03 0102 00'

requestGoldens(
  JoinGroup,
  {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId: 'm',
    groupInstanceId: 'i',
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: Uint8Array.of(1, 2) }],
    reason: 'why',
  },
  {
    0: '0001 "g" 00002710 0001 "m" 0008 "consumer" 00000001 0005 "range" 00000002 0102',
    6: `02 "g" 00002710 0000ea60 02 "m" 02 "i" ${protocols} 00`,
    9: `02 "g" 00002710 0000ea60 02 "m" 02 "i" ${protocols} 04 "why" 00`,
  },
)

const members = '02 02 "m" 00 03 0102 00'

responseGoldens(
  JoinGroup,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    generationId: 7,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: 'm',
    skipAssignment: true,
    memberId: 'm',
    members: [{ memberId: 'm', groupInstanceId: null, metadata: Uint8Array.of(1, 2) }],
  },
  {
    0: `0000 00000007 0005 "range" 0001 "m" 0001 "m" 00000001 0001 "m" 00000002 0102`,
    6: `00000009 0000 00000007 06 "range" 02 "m" 02 "m" ${members} 00`,
    9: `00000009 0000 00000007 09 "consumer" 06 "range" 02 "m" 01 02 "m" ${members} 00`,
  },
)
