// Golden bytes of AssignReplicasToDirs.

import { oneUuid } from '@klamm/base'
import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { AssignReplicasToDirs } from './assign-replicas-to-dirs.ts'

const lostHex = '00000000000000000000000000000001'

requestGoldens(
  AssignReplicasToDirs,
  {
    brokerId: 1,
    brokerEpoch: 8,
    directories: [
      { id: oneUuid, topics: [{ topicId: sampleUuid, partitions: [{ partitionIndex: 2 }] }] },
    ],
  },
  {
    0: `00000001 0000000000000008 02 ${lostHex} 02 ${uuidHex} 02 00000002 00 00 00 00`,
  },
)

responseGoldens(
  AssignReplicasToDirs,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    directories: [
      {
        id: oneUuid,
        topics: [{ topicId: sampleUuid, partitions: [{ partitionIndex: 2, errorCode: 3 }] }],
      },
    ],
  },
  {
    0: `00000009 0000 02 ${lostHex} 02 ${uuidHex} 02 00000002 0003 00 00 00 00`,
  },
)
