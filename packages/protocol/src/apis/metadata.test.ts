// Golden bytes of Metadata.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { Metadata } from './metadata.ts'

requestGoldens(
  Metadata,
  {
    topics: [{ topicId: sampleUuid, name: 't' }],
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: false,
  },
  {
    0: '00000001 0001 "t"',
    9: '02 02 "t" 00 01 01 00 00',
    13: `02 ${uuidHex} 02 "t" 00 01 00 00`,
  },
)

// All topics: null, which v0 cannot say.
requestGoldens(
  Metadata,
  {
    topics: null,
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  },
  { 1: 'ffffffff', 4: 'ffffffff 00', 12: '00 00 00 00' },
)

const brokers = '02 00000001 02 "h" 00002384 02 "r" 00'
const partitions = `02 0000 00000002 00000001 00000005
  03 00000001 00000003 02 00000001 02 00000003 00`

responseGoldens(
  Metadata,
  {
    throttleTimeMs: 9,
    brokers: [{ nodeId: 1, host: 'h', port: 9092, rack: 'r' }],
    clusterId: 'c',
    controllerId: 1,
    topics: [
      {
        errorCode: 0,
        name: 't',
        topicId: sampleUuid,
        isInternal: true,
        partitions: [
          {
            errorCode: 0,
            partitionIndex: 2,
            leaderId: 1,
            leaderEpoch: 5,
            replicaNodes: [1, 3],
            isrNodes: [1],
            offlineReplicas: [3],
          },
        ],
        topicAuthorizedOperations: 8,
      },
    ],
    clusterAuthorizedOperations: 16,
    errorCode: 41,
  },
  {
    0: `00000001 00000001 0001 "h" 00002384
      00000001 0000 0001 "t" 00000001 0000 00000002 00000001
      00000002 00000001 00000003 00000001 00000001`,
    9: `00000009 ${brokers} 02 "c" 00000001
      02 0000 02 "t" 01 ${partitions} 00000008 00 00000010 00`,
    13: `00000009 ${brokers} 02 "c" 00000001
      02 0000 02 "t" ${uuidHex} 01 ${partitions} 00000008 00 0029 00`,
  },
)
