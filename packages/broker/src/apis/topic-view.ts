// Partitions and brokers as Metadata, DescribeTopicPartitions and DescribeCluster tell them.

import { type ErrorName, errorCodes } from '@klamm/protocol'
import {
  type BrokerImage,
  type MetadataImage,
  noLeader,
  type PartitionImage,
} from '../metadata/index.ts'

export interface BrokerView {
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Where clients reach the broker; undefined when it told nobody. */
export function brokerView({ endpoints, zone }: BrokerImage): BrokerView | undefined {
  const endpoint = endpoints[0]
  if (endpoint === undefined) return undefined
  return { host: endpoint.host, port: endpoint.port, rack: zone ?? null }
}

/** The partition as clients are told of it. A leader nobody can reach is none. */
export function partitionView(
  image: MetadataImage,
  partitionIndex: number,
  partition: PartitionImage,
) {
  const { replicas, isr, leader, leaderEpoch } = partition
  const hasLeader = leader !== noLeader && image.cluster.isUnfenced(leader)
  const error: ErrorName = hasLeader ? 'NONE' : 'LEADER_NOT_AVAILABLE'
  return {
    errorCode: errorCodes[error],
    partitionIndex,
    leaderId: hasLeader ? leader : noLeader,
    leaderEpoch,
    replicaNodes: replicas,
    isrNodes: isr,
    offlineReplicas: replicas.filter(id => !image.cluster.isUnfenced(id)),
  }
}

/**
 * Whom to name as the controller: whoever it is, since every broker passes requests on to it. The
 * asked broker itself when the active controller is not known or cannot be reached by clients.
 */
export function controllerFor(
  image: MetadataImage,
  controllerId: number,
  brokerId: number,
): number {
  if (image.cluster.isUnfenced(controllerId)) return controllerId
  return image.cluster.isUnfenced(brokerId) ? brokerId : -1
}
