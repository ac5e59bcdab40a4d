// Golden bytes of InitProducerId.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { InitProducerId } from './init-producer-id.ts'

requestGoldens(
  InitProducerId,
  { transactionalId: null, transactionTimeoutMs: 60_000, producerId: 1000, producerEpoch: 3 },
  {
    0: 'ffff 0000ea60',
    2: '00 0000ea60 00',
    5: '00 0000ea60 00000000000003e8 0003 00',
  },
)

responseGoldens(
  InitProducerId,
  { throttleTimeMs: 9, errorCode: 0, producerId: 1000, producerEpoch: 3 },
  {
    0: '00000009 0000 00000000000003e8 0003',
    2: '00000009 0000 00000000000003e8 0003 00',
    5: '00000009 0000 00000000000003e8 0003 00',
  },
)
