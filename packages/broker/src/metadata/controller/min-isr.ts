// What a change of min.insync.replicas does to the eligible leader replicas. With a lower one a
// leader may commit records at once that the ELR lacks, so the ELR must end with the same entry.

import { imageAfter } from '../image/delta.ts'
import type { ConfigRecord, PartitionChangeRecord } from '../records/records.ts'
import { changePartition } from './partition-change.ts'
import { type ControllerState, ElectionConfigs } from './state.ts'

/** The changes that go along with `records`, in one raft entry with them. */
export function recordsAfterMinIsrChange(
  state: ControllerState,
  records: readonly ConfigRecord[],
): PartitionChangeRecord[] {
  const isConcerned = records.some(record => record.name === 'min.insync.replicas')
  if (!isConcerned) return []
  const image = imageAfter(state.image, records, state.image.position)
  const configs = new ElectionConfigs({ ...state, image })
  const changes: PartitionChangeRecord[] = []
  for (const topic of image.topics.values()) {
    topic.partitions.forEach((partition, index) => {
      if (partition.elr.length === 0) return
      const config = configs.of(topic.name)
      const mayLead = (id: number) => image.cluster.isActive(id)
      const context = { election: 'online', config, mayLead } as const
      const record = changePartition(topic.id, index, partition, {}, context)
      if (record !== undefined) changes.push(record)
    })
  }
  return changes
}
