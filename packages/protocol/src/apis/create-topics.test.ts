// Golden bytes of CreateTopics.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { CreateTopics } from './create-topics.ts'

const flexibleRequest = `02 02 "t" ffffffff ffff 02 00000000 03 00000001 00000002 00
  02 02 "k" 00 00 00 00007530 01 00`

requestGoldens(
  CreateTopics,
  {
    topics: [
      {
        name: 't',
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
        configs: [{ name: 'k', value: null }],
      },
    ],
    timeoutMs: 30_000,
    validateOnly: true,
  },
  {
    2: `00000001 0001 "t" ffffffff ffff 00000001 00000000 00000002 00000001 00000002
      00000001 0001 "k" ffff 00007530 01`,
    5: flexibleRequest,
    7: flexibleRequest,
  },
)

const result = `0024 02 "e" 00000003 0002 02 02 "k" 02 "v" 00 05 01 00 01 00 02 001d`

responseGoldens(
  CreateTopics,
  {
    throttleTimeMs: 9,
    topics: [
      {
        name: 't',
        topicId: sampleUuid,
        errorCode: 36,
        errorMessage: 'e',
        topicConfigErrorCode: 29,
        numPartitions: 3,
        replicationFactor: 2,
        configs: [{ name: 'k', value: 'v', readOnly: false, configSource: 5, isSensitive: true }],
      },
    ],
  },
  {
    2: '00000009 00000001 0001 "t" 0024 0001 "e"',
    5: `00000009 02 02 "t" ${result} 00`,
    7: `00000009 02 02 "t" ${uuidHex} ${result} 00`,
  },
)
