// Elections on demand, and leadership given back to preferred leaders.

import type { PartitionImage } from '../image/partition.ts'
import type { TopicImage } from '../image/topics.ts'
import { noLeader, type PartitionChangeRecord } from '../records/records.ts'
import { changePartition, type Election } from './partition-change.ts'
import { type ControllerState, ElectionConfigs, noError, refused } from './state.ts'
import type { ElectedPartition, ElectLeadersRequest, ItemResult, Outcome } from './types.ts'

/** Without a list of partitions, those that need no election are left out of the reply. */
export function electLeaders(
  state: ControllerState,
  request: ElectLeadersRequest,
): Outcome<readonly ElectedPartition[]> {
  const configs = new ElectionConfigs(state)
  const records: PartitionChangeRecord[] = []
  const { topics } = state.image
  const elect = (topicName: string, partitionIndex: number): ElectedPartition => {
    const topic = topics.byName(topicName)
    const result = electOne(state, topic, partitionIndex, request, configs, records)
    return { topicName, partitionIndex, ...result }
  }
  const seen = new Set<string>()
  if (request.partitions !== undefined) {
    const reply = request.partitions.map(({ topicName, partitionIndex }) => {
      const key = `${topicName}/${partitionIndex}`
      if (seen.has(key)) {
        const result = refused('INVALID_REQUEST', 'The partition was named twice.')
        return { topicName, partitionIndex, ...result }
      }
      seen.add(key)
      return elect(topicName, partitionIndex)
    })
    return { records, reply }
  }
  const reply: ElectedPartition[] = []
  for (const name of topics.sortedNames()) {
    topics.byName(name)?.partitions.forEach((_, index) => {
      const elected = elect(name, index)
      if (elected.error !== 'ELECTION_NOT_NEEDED') reply.push(elected)
    })
  }
  return { records, reply }
}

/** Gives partitions back to their preferred leaders, where those are in the ISR. */
export function balanceLeaders(state: ControllerState, limit: number): Outcome<number> {
  const wants = ({ leader, replicas, isr }: PartitionImage) => {
    const preferred = replicas[0] ?? noLeader
    return leader !== preferred && isr.includes(preferred)
  }
  return electWhere(state, limit, 'preferred', wants, () => true)
}

/** Unclean elections for leaderless partitions whose topic allows them. */
export function recoverLeaderless(state: ControllerState, limit: number): Outcome<number> {
  const configs = new ElectionConfigs(state)
  const allows = (topic: TopicImage) => configs.of(topic.name).uncleanLeaderElection
  return electWhere(state, limit, 'unclean', ({ leader }) => leader === noLeader, allows)
}

function electWhere(
  state: ControllerState,
  limit: number,
  election: Election,
  wants: (partition: PartitionImage) => boolean,
  allows: (topic: TopicImage) => boolean,
): Outcome<number> {
  const configs = new ElectionConfigs(state)
  const records: PartitionChangeRecord[] = []
  for (const topic of state.image.topics.values()) {
    for (let index = 0; index < topic.partitions.length; index++) {
      if (records.length >= limit) return { records, reply: records.length }
      const partition = topic.partitions[index]
      if (partition === undefined || !wants(partition) || !allows(topic)) continue
      const record = changed(state, topic, index, partition, election, configs)
      if (record !== undefined) records.push(record)
    }
  }
  return { records, reply: records.length }
}

function electOne(
  state: ControllerState,
  topic: TopicImage | undefined,
  index: number,
  { electionType }: ElectLeadersRequest,
  configs: ElectionConfigs,
  records: PartitionChangeRecord[],
): ItemResult {
  const partition = topic?.partitions[index]
  if (topic === undefined || partition === undefined) {
    return refused('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.')
  }
  const isNeeded =
    electionType === 'preferred'
      ? partition.leader !== partition.replicas[0]
      : partition.leader === noLeader
  if (!isNeeded) {
    const message = 'Leader election not needed for topic partition.'
    return refused('ELECTION_NOT_NEEDED', message)
  }
  const record = changed(state, topic, index, partition, electionType, configs)
  if (record?.leader === undefined) {
    return electionType === 'preferred'
      ? refused('PREFERRED_LEADER_NOT_AVAILABLE', 'The preferred leader was not available.')
      : refused(
          'ELIGIBLE_LEADERS_NOT_AVAILABLE',
          'Eligible topic partition leaders are not available.',
        )
  }
  records.push(record)
  return noError
}

function changed(
  { image }: ControllerState,
  topic: TopicImage,
  index: number,
  partition: PartitionImage,
  election: Election,
  configs: ElectionConfigs,
): PartitionChangeRecord | undefined {
  const mayLead = (id: number) => image.cluster.isActive(id)
  const context = { election, config: configs.of(topic.name), mayLead }
  return changePartition(topic.id, index, partition, {}, context)
}
