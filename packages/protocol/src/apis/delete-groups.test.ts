// Golden bytes of DeleteGroups.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { DeleteGroups } from './delete-groups.ts'

requestGoldens(DeleteGroups, { groupsNames: ['g'] }, { 0: '00000001 0001 "g"', 2: '02 02 "g" 00' })

responseGoldens(
  DeleteGroups,
  { throttleTimeMs: 9, results: [{ groupId: 'g', errorCode: 68 }] },
  { 0: '00000009 00000001 0001 "g" 0044', 2: '00000009 02 02 "g" 0044 00 00' },
)
