// Golden bytes of OffsetFetch.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { OffsetFetch } from './offset-fetch.ts'

requestGoldens(
  OffsetFetch,
  {
    groupId: 'g',
    topics: [{ name: 't', partitionIndexes: [1, 2] }],
    groups: [
      {
        groupId: 'g',
        memberId: 'm',
        memberEpoch: 3,
        topics: [{ name: 't', topicId: sampleUuid, partitionIndexes: [1] }],
      },
    ],
    requireStable: true,
  },
  {
    1: '0001 "g" 00000001 0001 "t" 00000002 00000001 00000002',
    6: '02 "g" 02 02 "t" 03 00000001 00000002 00 00',
    8: '02 02 "g" 02 02 "t" 02 00000001 00 00 01 00',
    10: `02 02 "g" 02 "m" 00000003 02 ${uuidHex} 02 00000001 00 00 01 00`,
  },
)

const partitions = '02 00000001 000000000000000c 00000004 02 "x" 0000 00'
const partition = {
  partitionIndex: 1,
  committedOffset: 12,
  committedLeaderEpoch: 4,
  metadata: 'x',
  errorCode: 0,
}

responseGoldens(
  OffsetFetch,
  {
    throttleTimeMs: 9,
    topics: [{ name: 't', partitions: [partition] }],
    errorCode: 16,
    groups: [
      {
        groupId: 'g',
        topics: [{ name: 't', topicId: sampleUuid, partitions: [partition] }],
        errorCode: 16,
      },
    ],
  },
  {
    1: '00000001 0001 "t" 00000001 00000001 000000000000000c 0001 "x" 0000',
    6: `00000009 02 02 "t" ${partitions} 00 0010 00`,
    8: `00000009 02 02 "g" 02 02 "t" ${partitions} 00 0010 00 00`,
    10: `00000009 02 02 "g" 02 ${uuidHex} ${partitions} 00 0010 00 00`,
  },
)
