// Golden bytes of DescribeGroups.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { DescribeGroups } from './describe-groups.ts'

requestGoldens(
  DescribeGroups,
  { groups: ['g'], includeAuthorizedOperations: true },
  { 0: '00000001 0001 "g"', 5: '02 02 "g" 01 00', 6: '02 02 "g" 01 00' },
)

const described = `02 "g" 07 "Stable" 09 "consumer" 06 "range"
  02 02 "m" 02 "i" 02 "c" 03 "/h" 02 01 03 0203 00 00000008 00`

responseGoldens(
  DescribeGroups,
  {
    throttleTimeMs: 9,
    groups: [
      {
        errorCode: 0,
        errorMessage: 'no',
        groupId: 'g',
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [
          {
            memberId: 'm',
            groupInstanceId: 'i',
            clientId: 'c',
            clientHost: '/h',
            memberMetadata: Uint8Array.of(1),
            memberAssignment: Uint8Array.of(2, 3),
          },
        ],
        authorizedOperations: 8,
      },
    ],
  },
  {
    0: `00000001 0000 0001 "g" 0006 "Stable" 0008 "consumer" 0005 "range"
      00000001 0001 "m" 0001 "c" 0002 "/h" 00000001 01 00000002 0203`,
    5: `00000009 02 0000 ${described} 00`,
    6: `00000009 02 0000 03 "no" ${described} 00`,
  },
)
