// Golden bytes of DescribeCluster.

import { requestGoldens, responseGoldens } from '../testing/golden.ts'
import { DescribeCluster } from './describe-cluster.ts'

requestGoldens(
  DescribeCluster,
  { includeClusterAuthorizedOperations: true, endpointType: 2, includeFencedBrokers: true },
  { 0: '01 00', 1: '01 02 00', 2: '01 02 01 00' },
)

responseGoldens(
  DescribeCluster,
  {
    throttleTimeMs: 9,
    errorCode: 0,
    errorMessage: null,
    endpointType: 2,
    clusterId: 'c',
    controllerId: 1,
    brokers: [{ brokerId: 1, host: 'h', port: 9092, rack: 'r', isFenced: true }],
    clusterAuthorizedOperations: 8,
  },
  {
    0: `00000009 0000 00 02 "c" 00000001
      02 00000001 02 "h" 00002384 02 "r" 00 00000008 00`,
    2: `00000009 0000 00 02 02 "c" 00000001
      02 00000001 02 "h" 00002384 02 "r" 01 00 00000008 00`,
  },
)
