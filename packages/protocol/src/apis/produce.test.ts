// Golden bytes of Produce.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { Produce } from './produce.ts'

requestGoldens(
  Produce,
  {
    transactionalId: 'tx',
    acks: -1,
    timeoutMs: 30_000,
    topicData: [
      {
        name: 't',
        topicId: sampleUuid,
        partitionData: [{ index: 2, records: [Uint8Array.of(1, 2, 3)] }],
      },
    ],
  },
  {
    3: '0002 "tx" ffff 00007530 00000001 0001 "t" 00000001 00000002 00000003 010203',
    9: '03 "tx" ffff 00007530 02 02 "t" 02 00000002 04 010203 00 00 00',
    13: `03 "tx" ffff 00007530 02 ${uuidHex} 02 00000002 04 010203 00 00 00`,
  },
)

const recordError = '02 00000001 04 "bad" 00'
const offsets = '0000000000000064 0000018bcfe56800 0000000000000005'

responseGoldens(
  Produce,
  {
    responses: [
      {
        name: 't',
        topicId: sampleUuid,
        partitionResponses: [
          {
            index: 2,
            errorCode: 6,
            baseOffset: 100,
            logAppendTimeMs: 1_700_000_000_000,
            logStartOffset: 5,
            recordErrors: [{ batchIndex: 1, batchIndexErrorMessage: 'bad' }],
            errorMessage: null,
            currentLeader: { leaderId: 3, leaderEpoch: 7 },
          },
        ],
      },
    ],
    throttleTimeMs: 9,
    nodeEndpoints: [{ nodeId: 3, host: 'h', port: 9092, rack: null }],
  },
  {
    3: '00000001 0001 "t" 00000001 00000002 0006 0000000000000064 0000018bcfe56800 00000009',
    9: `02 02 "t" 02 00000002 0006 ${offsets} ${recordError} 00 00 00 00000009 00`,
    13: `02 ${uuidHex} 02 00000002 0006 ${offsets} ${recordError} 00
      01 00 09 00000003 00000007 00 00 00000009
      01 00 0d 02 00000003 02 "h" 00002384 00 00`,
  },
)
