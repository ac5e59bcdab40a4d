// Golden bytes of OffsetCommit.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { OffsetCommit } from './offset-commit.ts'

const partitions = '02 00000001 000000000000000c 00000004 02 "x" 00'

requestGoldens(
  OffsetCommit,
  {
    groupId: 'g',
    generationIdOrMemberEpoch: 7,
    memberId: 'm',
    groupInstanceId: 'i',
    retentionTimeMs: 1000,
    topics: [
      {
        name: 't',
        topicId: sampleUuid,
        partitions: [
          {
            partitionIndex: 1,
            committedOffset: 12,
            committedLeaderEpoch: 4,
            committedMetadata: 'x',
          },
        ],
      },
    ],
  },
  {
    2: `0001 "g" 00000007 0001 "m" 00000000000003e8
      00000001 0001 "t" 00000001 00000001 000000000000000c 0001 "x"`,
    8: `02 "g" 00000007 02 "m" 02 "i" 02 02 "t" ${partitions} 00 00`,
    10: `02 "g" 00000007 02 "m" 02 "i" 02 ${uuidHex} ${partitions} 00 00`,
  },
)

responseGoldens(
  OffsetCommit,
  {
    throttleTimeMs: 9,
    topics: [
      { name: 't', topicId: sampleUuid, partitions: [{ partitionIndex: 1, errorCode: 25 }] },
    ],
  },
  {
    2: '00000001 0001 "t" 00000001 00000001 0019',
    8: '00000009 02 02 "t" 02 00000001 0019 00 00 00',
    10: `00000009 02 ${uuidHex} 02 00000001 0019 00 00 00`,
  },
)
