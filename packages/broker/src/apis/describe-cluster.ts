// DescribeCluster (60): the brokers and who is the controller. v1 tells brokers and controllers
// apart (KIP-919; every endpoint here is a broker's), v2 fenced brokers on demand (KIP-1073).

import {
  DescribeCluster,
  type DescribeClusterRequest,
  type DescribeClusterResponse,
  errorCodes,
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
      const message = 'This is an endpoint of a broker; controllers have none of their own.'
      return refusal(errorCodes.MISMATCHED_ENDPOINT_TYPE, message)
    }
    if (endpointType !== brokerEndpoints) {
      const message = `There is no endpoint type ${endpointType}.`
      return refusal(errorCodes.UNSUPPORTED_ENDPOINT_TYPE, message)
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
  refuse: (_request, errorCode) => refusal(errorCode, null),
})

function refusal(errorCode: number, errorMessage: string | null): DescribeClusterResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    errorMessage,
    endpointType: brokerEndpoints,
    clusterId: '',
    controllerId: -1,
    brokers: [],
    clusterAuthorizedOperations: notAsked,
  }
}
