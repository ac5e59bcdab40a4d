// Golden bytes of ListGroups.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { ListGroups } from './list-groups.ts'

requestGoldens(
  ListGroups,
  { statesFilter: ['Stable'], typesFilter: ['classic'] },
  { 0: '', 3: '00', 5: '02 07 "Stable" 02 08 "classic" 00' },
)

responseGoldens(
  ListGroups,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    groups: [
      { groupId: 'g', protocolType: 'consumer', groupState: 'Stable', groupType: 'classic' },
    ],
  },
  {
    0: '0000 00000001 0001 "g" 0008 "consumer"',
    3: '00000009 0000 02 02 "g" 09 "consumer" 00 00',
    5: '00000009 0000 02 02 "g" 09 "consumer" 07 "Stable" 08 "classic" 00 00',
  },
)
