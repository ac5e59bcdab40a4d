// Golden bytes of Heartbeat.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { Heartbeat } from './heartbeat.ts'

requestGoldens(
  Heartbeat,
  { groupId: 'g', generationId: 7, memberId: 'm', groupInstanceId: null },
  {
    0: '0001 "g" 00000007 0001 "m"',
    3: '0001 "g" 00000007 0001 "m" ffff',
    4: '02 "g" 00000007 02 "m" 00 00',
  },
)

responseGoldens(
  Heartbeat,
  { throttleTimeMs: 9, errorCode: 27 },
  { 0: '001b', 1: '00000009 001b', 4: '00000009 001b 00' },
)
