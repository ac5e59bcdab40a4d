// Golden bytes of Fetch.

import { zeroUuid } from '../schema.ts'
import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { Fetch } from './fetch.ts'

const offsets = '00000004 000000000000000a 00000003 0000000000000005'

requestGoldens(
  Fetch,
  {
    clusterId: 'c',
    replicaId: 3,
    replicaState: { replicaId: 3, replicaEpoch: 8 },
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 0x100000,
    isolationLevel: 1,
    sessionId: 0x11,
    sessionEpoch: 2,
    topics: [
      {
        topic: 't',
        topicId: sampleUuid,
        partitions: [
          {
            partition: 1,
            currentLeaderEpoch: 4,
            fetchOffset: 10,
            lastFetchedEpoch: 3,
            logStartOffset: 5,
            partitionMaxBytes: 0x10000,
            replicaDirectoryId: zeroUuid,
            highWatermark: 9,
          },
        ],
      },
    ],
    forgottenTopicsData: [{ topic: 'f', topicId: sampleUuid, partitions: [6] }],
    rackId: 'r',
  },
  {
    4: `00000003 000001f4 00000001 00100000 01
      00000001 0001 "t" 00000001 00000001 000000000000000a 00010000`,
    12: `00000003 000001f4 00000001 00100000 01 00000011 00000002
      02 02 "t" 02 00000001 ${offsets} 00010000 00 00
      02 02 "f" 02 00000006 00 02 "r" 01 00 02 02 "c"`,
    18: `000001f4 00000001 00100000 01 00000011 00000002
      02 ${uuidHex} 02 00000001 ${offsets} 00010000 01 01 08 0000000000000009 00
      02 ${uuidHex} 02 00000006 00 02 "r"
      02 00 02 02 "c" 01 0d 00000003 0000000000000008 00`,
  },
)

const partition = `00000001 0000 000000000000000c 000000000000000b 0000000000000005
  02 00000000000003e8 0000000000000006 00 ffffffff 04 010203
  01 00 0d 00000002 0000000000000007 00`

responseGoldens(
  Fetch,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    sessionId: 0x11,
    responses: [
      {
        topic: 't',
        topicId: sampleUuid,
        partitions: [
          {
            partitionIndex: 1,
            errorCode: 0,
            highWatermark: 12,
            lastStableOffset: 11,
            logStartOffset: 5,
            divergingEpoch: { epoch: 2, endOffset: 7 },
            currentLeader: { leaderId: -1, leaderEpoch: -1 },
            snapshotId: { endOffset: -1, epoch: -1 },
            abortedTransactions: [{ producerId: 1000, firstOffset: 6 }],
            preferredReadReplica: -1,
            records: [Uint8Array.of(1, 2, 3)],
          },
        ],
      },
    ],
    nodeEndpoints: [],
  },
  {
    4: `00000009 00000001 0001 "t" 00000001 00000001 0000 000000000000000c 000000000000000b
      00000001 00000000000003e8 0000000000000006 00000003 010203`,
    12: `00000009 0000 00000011 02 02 "t" 02 ${partition} 00 00`,
    18: `00000009 0000 00000011 02 ${uuidHex} 02 ${partition} 00 00`,
  },
)
