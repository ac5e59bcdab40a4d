// The cluster itself: its brokers, its controller quorum, who leads.

import {
  DescribeCluster,
  DescribeQuorum,
  type DescribeQuorumResponse,
  ElectLeaders,
  type ItemOf,
  UnregisterBroker,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import type { KafkaError } from '../errors.ts'
import { errorOf, groupedBy } from './answers.ts'
import {
  type AdminCallOptions,
  type ManyOptions,
  type Results,
  settleMany,
  settleOne,
} from './call.ts'
import type { TopicPartition } from './leaders.ts'

export interface BrokerDescription {
  readonly brokerId: number
  readonly host: string
  readonly port: number
  /** Its zone; undefined when it has none. */
  readonly rack: string | undefined
  /** It is registered and does not serve. */
  readonly isFenced: boolean
}

export interface ClusterDescription {
  readonly clusterId: string
  /** Some broker: any forwards to the controller. Undefined when there is none. */
  readonly controllerId: number | undefined
  /** By id. */
  readonly brokers: readonly BrokerDescription[]
}

export interface DescribeClusterOptions extends AdminCallOptions {
  /** Whether brokers that do not serve are listed; false when left out, and before Kafka 4.0. */
  readonly includeFenced?: boolean | undefined
}

export function describeCluster(
  core: ClientCore,
  options: DescribeClusterOptions = {},
): Promise<ClusterDescription> {
  const name = 'describing the cluster'
  return settleOne(core, name, options, async ({ signal, remainingMs }) => {
    const body = {
      includeClusterAuthorizedOperations: false,
      endpointType: 1,
      includeFencedBrokers: options.includeFenced ?? false,
    }
    const sent = { signal, timeoutMs: remainingMs() }
    const response = await core.brokers.request('any', DescribeCluster, body, sent)
    const error = errorOf(response.errorCode, response.errorMessage, name)
    if (error !== undefined) throw error
    const { clusterId, controllerId } = response
    const brokers = response.brokers
      .map(({ rack, ...broker }) => ({ ...broker, rack: rack ?? undefined }))
      .sort((a, b) => a.brokerId - b.brokerId)
    return { clusterId, controllerId: controllerId === -1 ? undefined : controllerId, brokers }
  })
}

export interface QuorumReplica {
  readonly replicaId: number
  readonly logEndOffset: number
  /** In ms since 1970; -1 when unknown. */
  readonly lastFetchTimestamp: number
  /** In ms since 1970; -1 when unknown. */
  readonly lastCaughtUpTimestamp: number
}

export interface QuorumDescription {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
}

type QuorumPartition = ItemOf<ItemOf<DescribeQuorumResponse['topics']>['partitions']>

/** The controller quorum. Rejects with ERR_UNSUPPORTED_VERSION where it is not served. */
export function describeQuorum(
  core: ClientCore,
  options?: AdminCallOptions,
): Promise<QuorumDescription> {
  const name = 'describing the quorum'
  return settleOne(core, name, options, async ({ signal, remainingMs }) => {
    const partitions = [{ partitionIndex: 0 }]
    const body = { topics: [{ topicName: '__cluster_metadata', partitions }] }
    const sent = { signal, timeoutMs: remainingMs() }
    const response = await core.brokers.request('any', DescribeQuorum, body, sent)
    const partition: QuorumPartition | undefined = response.topics[0]?.partitions[0]
    const error =
      errorOf(response.errorCode, response.errorMessage, name) ??
      errorOf(partition?.errorCode ?? 0, partition?.errorMessage ?? null, name)
    if (error !== undefined) throw error
    return {
      leaderId: partition?.leaderId ?? -1,
      leaderEpoch: partition?.leaderEpoch ?? -1,
      highWatermark: partition?.highWatermark ?? -1,
      voters: partition?.currentVoters ?? [],
      observers: partition?.observers ?? [],
    }
  })
}

export interface ElectLeadersRequest {
  readonly partitions: readonly TopicPartition[]
  /** `unclean` may lose records; `preferred` when left out. */
  readonly electionType?: 'preferred' | 'unclean' | undefined
}

/** Resolves with the partitions; one that was led by the right broker already counts as elected. */
export function electLeaders<O extends ManyOptions>(
  core: ClientCore,
  { partitions, electionType = 'preferred' }: ElectLeadersRequest,
  options?: O,
): Promise<Results<O, TopicPartition, TopicPartition>> {
  const nameOf = ({ topic, partition }: TopicPartition): string =>
    `electing a leader of ${topic}-${partition}`
  return settleMany(core, partitions, options, { name: nameOf }, async (pending, deadline) => {
    const timeoutMs = deadline.remainingMs()
    const byTopic = groupedBy(pending, ({ topic }) => topic)
    const body = {
      electionType: electionType === 'preferred' ? 0 : 1,
      topicPartitions: [...byTopic].map(([topic, ofTopic]) => ({
        topic,
        partitions: ofTopic.map(({ partition }) => partition),
      })),
      timeoutMs: Math.floor(timeoutMs),
    }
    const sent = { signal: deadline.signal, timeoutMs }
    const response = await core.brokers.request('any', ElectLeaders, body, sent)
    const whole = errorOf(response.errorCode, null, 'electing leaders')
    if (whole !== undefined) throw whole
    const results = new Map<TopicPartition, TopicPartition | KafkaError>()
    for (const key of pending) {
      const topic = response.replicaElectionResults.find(each => each.topic === key.topic)
      const answer = topic?.partitionResult.find(each => each.partitionId === key.partition)
      if (answer === undefined) continue
      const error = errorOf(answer.errorCode, answer.errorMessage, nameOf(key), key)
      results.set(key, error === undefined || error.code === 'ELECTION_NOT_NEEDED' ? key : error)
    }
    return results
  })
}

/** Forgets a broker that will not come back. */
export async function unregisterBroker(
  core: ClientCore,
  brokerId: number,
  options?: AdminCallOptions,
): Promise<void> {
  const name = `unregistering broker ${brokerId}`
  await settleOne(core, name, options, async ({ signal, remainingMs }) => {
    const sent = { signal, timeoutMs: remainingMs() }
    const response = await core.brokers.request('any', UnregisterBroker, { brokerId }, sent)
    const { errorCode, errorMessage } = response
    const error = errorOf(errorCode, errorMessage, name, { brokerId })
    if (error !== undefined) throw error
  })
}
