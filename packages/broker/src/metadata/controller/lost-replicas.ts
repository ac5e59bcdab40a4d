// A broker says that it cannot vouch for its logs of some partitions: they are damaged, or lack
// what was acknowledged. From here on those replicas hold nothing, until they have caught up anew.

import type { MetadataRecord } from '../records/records.ts'
import { changePartition } from './partition-change.ts'
import { type ControllerState, ElectionConfigs } from './state.ts'
import type { LostReplicasReply, LostReplicasRequest, Outcome } from './types.ts'

/**
 * Takes the replicas out of ISR and ELR and elects others where they led. When nobody else is known
 * to hold everything, the partition stays without a leader: nothing is served rather than less than
 * was acknowledged. STALE_BROKER_EPOCH for another incarnation of the broker.
 */
export function lostReplicas(
  state: ControllerState,
  { brokerId, brokerEpoch, topics }: LostReplicasRequest,
): Outcome<LostReplicasReply> {
  const { cluster } = state.image
  if (cluster.broker(brokerId)?.epoch !== brokerEpoch) {
    return { records: [], reply: { error: 'STALE_BROKER_EPOCH', topics: [] } }
  }
  const configs = new ElectionConfigs(state)
  const mayLead = (id: number) => id !== brokerId && cluster.isActive(id)
  const records: MetadataRecord[] = []
  const replies = topics.map(({ topicId, partitionIndexes }) => {
    const topic = state.image.topics.byId(topicId)
    const partitions = [...new Set(partitionIndexes)].map(partitionIndex => {
      const before = topic?.partitions[partitionIndex]
      if (topic === undefined) return { partitionIndex, error: 'UNKNOWN_TOPIC_ID' } as const
      if (before === undefined || !before.replicas.includes(brokerId)) {
        return { partitionIndex, error: 'UNKNOWN_TOPIC_OR_PARTITION' } as const
      }
      const config = configs.of(topic.name)
      const election = config.uncleanLeaderElection ? 'unclean' : 'online'
      const target = { isr: before.isr.filter(id => id !== brokerId), damaged: brokerId }
      const context = { election, config, mayLead } as const
      const record = changePartition(topicId, partitionIndex, before, target, context)
      if (record !== undefined) records.push(record)
      return { partitionIndex, error: 'NONE' } as const
    })
    return { topicId, partitions }
  })
  return { records, reply: { error: 'NONE', topics: replies } }
}
