// Golden bytes of AlterPartition.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { AlterPartition } from './alter-partition.ts'

const epoch = '0000000000000008'

requestGoldens(
  AlterPartition,
  {
    brokerId: 1,
    brokerEpoch: 8,
    topics: [
      {
        topicId: sampleUuid,
        partitions: [
          {
            partitionIndex: 2,
            leaderEpoch: 5,
            newIsr: [1, 3],
            newIsrWithEpochs: [
              { brokerId: 1, brokerEpoch: 8 },
              { brokerId: 3, brokerEpoch: 9 },
            ],
            leaderRecoveryState: 1,
            partitionEpoch: 6,
          },
        ],
      },
    ],
  },
  {
    2: `00000001 ${epoch} 02 ${uuidHex} 02 00000002 00000005
      03 00000001 00000003 01 00000006 00 00 00`,
    3: `00000001 ${epoch} 02 ${uuidHex} 02 00000002 00000005
      03 00000001 ${epoch} 00 00000003 0000000000000009 00 01 00000006 00 00 00`,
  },
)

const response = `00000009 0000 02 ${uuidHex}
  02 00000002 0000 00000001 00000005 02 00000001 00 00000007 00 00 00`

responseGoldens(
  AlterPartition,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    topics: [
      {
        topicId: sampleUuid,
        partitions: [
          {
            partitionIndex: 2,
            errorCode: 0,
            leaderId: 1,
            leaderEpoch: 5,
            isr: [1],
            leaderRecoveryState: 0,
            partitionEpoch: 7,
          },
        ],
      },
    ],
  },
  { 2: response, 3: response },
)
