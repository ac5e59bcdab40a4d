// Golden bytes of AllocateProducerIds.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { AllocateProducerIds } from './allocate-producer-ids.ts'

requestGoldens(
  AllocateProducerIds,
  { brokerId: 1, brokerEpoch: 8 },
  { 0: '00000001 0000000000000008 00' },
)

responseGoldens(
  AllocateProducerIds,
  { throttleTimeMs: 9, errorCode: 0, producerIdStart: 1000, producerIdLen: 500 },
  { 0: '00000009 0000 00000000000003e8 000001f4 00' },
)
