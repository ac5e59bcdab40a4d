// Golden bytes of ListOffsets.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { ListOffsets } from './list-offsets.ts'

requestGoldens(
  ListOffsets,
  {
    replicaId: -1,
    isolationLevel: 1,
    topics: [
      { name: 't', partitions: [{ partitionIndex: 1, currentLeaderEpoch: 4, timestamp: -2 }] },
    ],
    timeoutMs: 100,
  },
  {
    1: 'ffffffff 00000001 0001 "t" 00000001 00000001 fffffffffffffffe',
    6: 'ffffffff 01 02 02 "t" 02 00000001 00000004 fffffffffffffffe 00 00 00',
    11: 'ffffffff 01 02 02 "t" 02 00000001 00000004 fffffffffffffffe 00 00 00000064 00',
  },
)

const flexible =
  '00000009 02 02 "t" 02 00000001 0000 ffffffffffffffff 000000000000000c 00000004 00 00 00'

responseGoldens(
  ListOffsets,
  {
    throttleTimeMs: 9,
    topics: [
      {
        name: 't',
        partitions: [
          { partitionIndex: 1, errorCode: 0, timestamp: -1, offset: 12, leaderEpoch: 4 },
        ],
      },
    ],
  },
  {
    1: '00000001 0001 "t" 00000001 00000001 0000 ffffffffffffffff 000000000000000c',
    6: flexible,
    11: flexible,
  },
)
