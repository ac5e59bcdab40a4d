// Golden bytes of BrokerHeartbeat.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { BrokerHeartbeat } from './broker-heartbeat.ts'

const untagged = '00000001 0000000000000008 000000000000000c 01 00'

requestGoldens(
  BrokerHeartbeat,
  {
    brokerId: 1,
    brokerEpoch: 8,
    currentMetadataOffset: 12,
    wantFence: true,
    wantShutDown: false,
    offlineLogDirs: [sampleUuid],
    // Empty is not the default, which is null.
    cordonedLogDirs: [],
  },
  {
    0: `${untagged} 00`,
    1: `${untagged} 01 00 11 02 ${uuidHex}`,
    2: `${untagged} 02 00 11 02 ${uuidHex} 01 01 01`,
  },
)

responseGoldens(
  BrokerHeartbeat,
  { throttleTimeMs: 9, errorCode: 0, isCaughtUp: true, isFenced: false, shouldShutDown: true },
  { 0: '00000009 0000 01 00 01 00', 2: '00000009 0000 01 00 01 00' },
)
