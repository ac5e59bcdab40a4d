// The leader of a partition proposes an ISR (KIP-497, KIP-841, KIP-903).
//
// A proposal may come late, twice and after its own retry: brokers send it again over a new
// connection, or to another controller, when one breaks. It is harmless because the partition epoch
// is compared and set: a copy of an accepted proposal is of a past epoch. A refusal of a member
// ends the epoch too. The leader then forgets whom it wanted to let in, and commits records that
// those lack; if a copy were accepted afterwards, because the member is eligible again, it could be
// elected without them.

import type { ErrorName } from '@klamm/protocol/errors'
import type { ElectionConfig } from '../image/effective-config.ts'
import { type PartitionImage, partitionAfter } from '../image/partition.ts'
import type { TopicImage } from '../image/topics.ts'
import type { MetadataRecord, PartitionChangeRecord, TopicId } from '../records/records.ts'
import { changePartition } from './partition-change.ts'
import { type ControllerState, ElectionConfigs } from './state.ts'
import type {
  AlteredPartition,
  AlterPartitionReply,
  AlterPartitionRequest,
  Outcome,
  ProposedPartition,
} from './types.ts'

export function alterPartition(
  state: ControllerState,
  request: AlterPartitionRequest,
): Outcome<AlterPartitionReply> {
  const { brokerId, brokerEpoch } = request
  if (state.image.cluster.broker(brokerId)?.epoch !== brokerEpoch) {
    return { records: [], reply: { error: 'STALE_BROKER_EPOCH', topics: [] } }
  }
  const configs = new ElectionConfigs(state)
  const records: MetadataRecord[] = []
  const seen = new Set<string>()
  const topics = request.topics.map(({ topicId, partitions }) => {
    const topic = state.image.topics.byId(topicId)
    return {
      topicId,
      partitions: partitions.map(proposed => {
        if (topic === undefined) return failed(proposed, 'UNKNOWN_TOPIC_ID')
        // The second of two proposals was made without knowing of the first.
        const key = `${topicId}/${proposed.partitionIndex}`
        if (seen.has(key)) return failed(proposed, 'INVALID_REQUEST')
        seen.add(key)
        return alterOne(state, brokerId, topic, proposed, configs.of(topic.name), records)
      }),
    }
  })
  return { records, reply: { error: 'NONE', topics } }
}

function alterOne(
  state: ControllerState,
  brokerId: number,
  topic: TopicImage,
  proposed: ProposedPartition,
  config: ElectionConfig,
  records: MetadataRecord[],
): AlteredPartition {
  const before = topic.partitions[proposed.partitionIndex]
  if (before === undefined) return failed(proposed, 'UNKNOWN_TOPIC_OR_PARTITION')
  const error =
    problemWithEpochs(brokerId, before, proposed) ??
    problemWithIsr(before, proposed) ??
    problemWithMembers(state, before, proposed)
  if (error === 'INELIGIBLE_REPLICA') records.push(endOfEpoch(topic.id, proposed.partitionIndex))
  if (error !== undefined) return failed(proposed, error)
  const record = changePartition(
    topic.id,
    proposed.partitionIndex,
    before,
    {
      isr: proposed.newIsr.map(member => member.brokerId),
      leaderRecoveryState: proposed.leaderRecoveryState,
    },
    {
      election: config.uncleanLeaderElection ? 'unclean' : 'online',
      config,
      mayLead: id => state.image.cluster.isActive(id),
    },
  )
  // A retry that asks for what is there already changes nothing, and is told so.
  if (record === undefined) return altered(proposed, before)
  records.push(record)
  const after = partitionAfter(before, record)
  // The ISR completes a reassignment that takes the leader itself away.
  if (after.leader !== brokerId) return failed(proposed, 'NEW_LEADER_ELECTED')
  return altered(proposed, after)
}

/** A change of nothing but the partition epoch. */
function endOfEpoch(topicId: TopicId, partitionIndex: number): PartitionChangeRecord {
  return {
    kind: 'partitionChange',
    topicId,
    partitionIndex,
    isr: undefined,
    leader: undefined,
    replicas: undefined,
    addingReplicas: undefined,
    removingReplicas: undefined,
    leaderRecoveryState: undefined,
    elr: undefined,
    lastKnownElr: undefined,
  }
}

/** Epochs from the future: this controller is not the active one any more, whatever it thinks. */
function problemWithEpochs(
  brokerId: number,
  partition: PartitionImage,
  { leaderEpoch, partitionEpoch }: ProposedPartition,
): ErrorName | undefined {
  if (leaderEpoch > partition.leaderEpoch) return 'NOT_CONTROLLER'
  if (partitionEpoch > partition.partitionEpoch) return 'NOT_CONTROLLER'
  if (leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH'
  if (brokerId !== partition.leader) return 'INVALID_REQUEST'
  if (partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION'
  return undefined
}

function problemWithIsr(
  partition: PartitionImage,
  { newIsr, leaderRecoveryState }: ProposedPartition,
): ErrorName | undefined {
  const ids = new Set(newIsr.map(member => member.brokerId))
  if (ids.size < newIsr.length) return 'INVALID_REQUEST'
  if (!ids.has(partition.leader)) return 'INVALID_REQUEST'
  for (const id of ids) if (!partition.replicas.includes(id)) return 'INVALID_REQUEST'
  if (leaderRecoveryState === 'recovered') return undefined
  const isAllowed = ids.size === 1 && partition.leaderRecoveryState === 'recovering'
  return isAllowed ? undefined : 'INVALID_REQUEST'
}

/**
 * Each member is there, stays, and is still the incarnation that was seen to have caught up: who
 * joins must be named with its epoch.
 */
function problemWithMembers(
  state: ControllerState,
  before: PartitionImage,
  { newIsr }: ProposedPartition,
): ErrorName | undefined {
  const { cluster } = state.image
  for (const { brokerId, brokerEpoch } of newIsr) {
    const isSame =
      cluster.broker(brokerId)?.epoch === brokerEpoch ||
      (brokerEpoch === -1 && before.isr.includes(brokerId))
    if (!cluster.isActive(brokerId) || !isSame) return 'INELIGIBLE_REPLICA'
  }
  return undefined
}

function failed({ partitionIndex }: ProposedPartition, error: ErrorName): AlteredPartition {
  return {
    partitionIndex,
    error,
    leaderId: -1,
    leaderEpoch: 0,
    isr: [],
    leaderRecoveryState: 'recovered',
    partitionEpoch: 0,
  }
}

function altered(
  { partitionIndex }: ProposedPartition,
  partition: PartitionImage,
): AlteredPartition {
  return {
    partitionIndex,
    error: 'NONE',
    leaderId: partition.leader,
    leaderEpoch: partition.leaderEpoch,
    isr: partition.isr,
    leaderRecoveryState: partition.leaderRecoveryState,
    partitionEpoch: partition.partitionEpoch,
  }
}
