// Golden bytes of DescribeTopicPartitions.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { DescribeTopicPartitions } from './describe-topic-partitions.ts'

requestGoldens(
  DescribeTopicPartitions,
  {
    topics: [{ name: 't' }],
    responsePartitionLimit: 2000,
    cursor: { topicName: 't', partitionIndex: 3 },
  },
  { 0: '02 02 "t" 00 000007d0 01 02 "t" 00000003 00 00' },
)

requestGoldens(
  DescribeTopicPartitions,
  { topics: [], responsePartitionLimit: 1, cursor: null },
  { 0: '01 00000001 ff 00' },
)

responseGoldens(
  DescribeTopicPartitions,
  {
    throttleTimeMs: 9,
    topics: [
      {
        errorCode: 0,
        name: 't',
        topicId: sampleUuid,
        isInternal: false,
        partitions: [
          {
            errorCode: 0,
            partitionIndex: 2,
            leaderId: 1,
            leaderEpoch: 5,
            replicaNodes: [1],
            isrNodes: [1],
            eligibleLeaderReplicas: null,
            lastKnownElr: [],
            offlineReplicas: [],
          },
        ],
        topicAuthorizedOperations: 8,
      },
    ],
    nextCursor: null,
  },
  {
    0: `00000009 02 0000 02 "t" ${uuidHex} 00
      02 0000 00000002 00000001 00000005 02 00000001 02 00000001 00 01 01 00
      00000008 00 ff 00`,
  },
)
