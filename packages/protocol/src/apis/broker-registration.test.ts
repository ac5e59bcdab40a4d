// Golden bytes of BrokerRegistration.

import { requestGoldens, responseGoldens, sampleUuid, uuidHex } from '../testing/golden.ts'
import { BrokerRegistration } from './broker-registration.ts'

const first = `00000001 02 "c" ${uuidHex} 02 02 "L" 02 "h" 2384 0001 00
  02 02 "f" 0000 0001 00 00`

requestGoldens(
  BrokerRegistration,
  {
    brokerId: 1,
    clusterId: 'c',
    incarnationId: sampleUuid,
    listeners: [{ name: 'L', host: 'h', port: 9092, securityProtocol: 1 }],
    features: [{ name: 'f', minSupportedVersion: 0, maxSupportedVersion: 1 }],
    rack: null,
    isMigratingZkBroker: true,
    logDirs: [sampleUuid],
    previousBrokerEpoch: 8,
  },
  { 0: `${first} 00`, 4: `${first} 01 02 ${uuidHex} 0000000000000008 00` },
)

responseGoldens(
  BrokerRegistration,
  { throttleTimeMs: 9, errorCode: 0, brokerEpoch: 8 },
  { 0: '00000009 0000 0000000000000008 00', 4: '00000009 0000 0000000000000008 00' },
)
