// Golden bytes of OffsetForLeaderEpoch.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { OffsetForLeaderEpoch } from './offset-for-leader-epoch.ts'

requestGoldens(
  OffsetForLeaderEpoch,
  {
    replicaId: -1,
    topics: [{ topic: 't', partitions: [{ partition: 1, currentLeaderEpoch: 4, leaderEpoch: 3 }] }],
  },
  {
    2: '00000001 0001 "t" 00000001 00000001 00000004 00000003',
    3: 'ffffffff 00000001 0001 "t" 00000001 00000001 00000004 00000003',
    4: 'ffffffff 02 02 "t" 02 00000001 00000004 00000003 00 00 00',
  },
)

responseGoldens(
  OffsetForLeaderEpoch,
  {
    throttleTimeMs: 9,
    topics: [
      {
        topic: 't',
        partitions: [{ errorCode: 0, partition: 1, leaderEpoch: 3, endOffset: 12 }],
      },
    ],
  },
  {
    2: '00000009 00000001 0001 "t" 00000001 0000 00000001 00000003 000000000000000c',
    4: '00000009 02 02 "t" 02 0000 00000001 00000003 000000000000000c 00 00 00',
  },
)
