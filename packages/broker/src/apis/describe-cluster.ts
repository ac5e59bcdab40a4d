// DescribeCluster (60): the brokers and who is the controller. v1 tells brokers and controllers
// apart (KIP-919; every endpoint here is a broker's), v2 fenced brokers on demand (KIP-1073).

import {
  DescribeCluster,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  errorCodes,
  KafkaError,
} from '@klamm/protocol'
import type { BrokerServices } from '../services.ts'
import { clusterOperations, notAsked } from './authorized-operations.ts'
import { handler } from './handler.ts'
import { brokerView, controllerFor } from './topic-view.ts'

type Needs = Pick<BrokerServices, 'brokerId' | 'clusterId' | 'metadata'>

const brokerEndpoints = 1
const controllerEndpoints = 2

export const describeCluster = handler({
  schema: DescribeCluster,
  versions: [0, 2],
  handle(
    { brokerId, clusterId, metadata }: Needs,
    _context,
    request: DescribeClusterRequest,
  ): DescribeClusterResponse {
    const { endpointType } = request
    if (endpointType === controllerEndpoints) {
      throw new KafkaError('MISMATCHED_ENDPOINT_TYPE', 'this is an endpoint of a broker')
    }
    if (endpointType !== brokerEndpoints) {
      throw new KafkaError('UNSUPPORTED_ENDPOINT_TYPE', `endpoint type ${endpointType}`)
    }
    const { image, controllerId } = metadata
    const brokers: DescribeClusterResponse['brokers'][number][] = []
    for (const id of image.cluster.sortedIds()) {
      const broker = image.cluster.broker(id)
      if (broker === undefined || (broker.fenced && !request.includeFencedBrokers)) continue
      const view = brokerView(broker)
      if (view !== undefined) brokers.push({ brokerId: id, ...view, isFenced: broker.fenced })
    }
    return {
      throttleTimeMs: 0,
      errorCode: errorCodes.NONE,
      errorMessage: null,
      endpointType,
      clusterId,
      controllerId: controllerFor(image, controllerId, brokerId),
      brokers,
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? clusterOperations
        : notAsked,
    }
  },
  refuse: ({ endpointType }, errorCode) => ({
    throttleTimeMs: 0,
    errorCode,
    errorMessage: null,
    endpointType,
    clusterId: '',
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: notAsked,
  }),
})
