// Golden bytes of DeleteTopics.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { DeleteTopics } from './delete-topics.ts'

requestGoldens(
  DeleteTopics,
  { topics: [{ name: null, topicId: sampleUuid }], topicNames: ['t'], timeoutMs: 30_000 },
  {
    1: '00000001 0001 "t" 00007530',
    4: '02 02 "t" 00007530 00',
    6: `02 00 ${uuidHex} 00 00007530 00`,
  },
)

responseGoldens(
  DeleteTopics,
  {
    throttleTimeMs: 9,
    responses: [{ name: 't', topicId: sampleUuid, errorCode: 3, errorMessage: 'e' }],
  },
  {
    1: '00000009 00000001 0001 "t" 0003',
    4: '00000009 02 02 "t" 0003 00 00',
    6: `00000009 02 02 "t" ${uuidHex} 0003 02 "e" 00 00`,
  },
)
