// Where the coordinator of a group is: the leader of the partition of __consumer_offsets that is
// home to the group's id. Asking for the first time brings that topic into being. v1 key types and
// throttle time, v3 flexible, v4 several keys (KIP-699), v5 an error of transactions (KIP-890), v6
// share groups (KIP-932, not offered yet; neither are transactions).

import {
  type ErrorName,
  errorCodes,
  FindCoordinator,
  type FindCoordinatorRequest,
  type FindCoordinatorResponse,
} from '@klamm/protocol'
import { shardPartition } from '../coordinator/shard/placement.ts'
import { noLeader } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'metadata' | 'topicsOnDemand'>
type Coordinator = FindCoordinatorResponse['coordinators'][number]

/** Key type on the wire → the topic the coordinators of this kind live in. */
const topics = new Map([[0, '__consumer_offsets']])

export const findCoordinator = handler({
  schema: FindCoordinator,
  versions: [0, 6],
  handle(needs: Needs, { apiVersion }, request: FindCoordinatorRequest): FindCoordinatorResponse {
    const keys = keysOf(request, apiVersion)
    return response(
      keys.map(key => find(needs, request.keyType, key)),
      apiVersion,
    )
  },
  refuse(request, errorCode, { apiVersion }) {
    const keys = keysOf(request, apiVersion)
    return response(
      keys.map(key => ({ ...nowhere(key, 'NONE'), errorCode })),
      apiVersion,
    )
  },
})

function keysOf(request: FindCoordinatorRequest, apiVersion: number): readonly string[] {
  return apiVersion >= 4 ? request.coordinatorKeys : [request.key]
}

function find({ metadata, topicsOnDemand }: Needs, keyType: number, key: string): Coordinator {
  const { image } = metadata
  const name = topics.get(keyType)
  if (name === undefined) return nowhere(key, 'INVALID_REQUEST')
  const topic = image.topics.byName(name)
  if (topic === undefined) {
    topicsOnDemand.ensure(name)
    return nowhere(key, 'COORDINATOR_NOT_AVAILABLE')
  }
  const home = topic.partitions[shardPartition(key, topic.partitions.length)]
  const broker = image.cluster.broker(home?.leader ?? noLeader)
  const endpoint = broker?.endpoints[0]
  if (broker?.fenced !== false || endpoint === undefined) {
    return nowhere(key, 'COORDINATOR_NOT_AVAILABLE')
  }
  const { host, port } = endpoint
  return { key, nodeId: broker.id, host, port, errorCode: errorCodes.NONE, errorMessage: null }
}

function nowhere(key: string, error: ErrorName): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode: errorCodes[error], errorMessage: null }
}

/** Before v4 there is one coordinator, in the response itself. */
function response(
  coordinators: readonly Coordinator[],
  apiVersion: number,
): FindCoordinatorResponse {
  const [only = nowhere('', 'INVALID_REQUEST')] = coordinators
  const { errorCode, errorMessage, nodeId, host, port } = only
  const isBatch = apiVersion >= 4
  return {
    throttleTimeMs: 0,
    errorCode: isBatch ? errorCodes.NONE : errorCode,
    errorMessage,
    nodeId,
    host,
    port,
    coordinators: isBatch ? coordinators : [],
  }
}
