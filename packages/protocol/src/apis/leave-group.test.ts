// Golden bytes of LeaveGroup.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { LeaveGroup } from './leave-group.ts'

requestGoldens(
  LeaveGroup,
  {
    groupId: 'g',
    memberId: 'm',
    members: [{ memberId: 'm', groupInstanceId: 'i', reason: 'why' }],
  },
  {
    0: '0001 "g" 0001 "m"',
    3: '0001 "g" 00000001 0001 "m" 0001 "i"',
    4: '02 "g" 02 02 "m" 02 "i" 00 00',
    5: '02 "g" 02 02 "m" 02 "i" 04 "why" 00 00',
  },
)

const flexible = '00000009 0000 02 02 "m" 02 "i" 0019 00 00'

responseGoldens(
  LeaveGroup,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    members: [{ memberId: 'm', groupInstanceId: 'i', errorCode: 25 }],
  },
  { 0: '0000', 4: flexible, 5: flexible },
)
