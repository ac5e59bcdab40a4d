// What a change of the metadata means for one broker: which partitions it must lead, follow, leave
// alone or delete from now on.

import { noLeader, type TopicId } from '../records/records.ts'
import type { MetadataChanges } from './changes.ts'
import type { PartitionImage } from './partition.ts'
import type { TopicImage } from './topics.ts'

export interface LocalPartition {
  readonly topicId: TopicId
  readonly topicName: string
  readonly partitionIndex: number
  readonly partition: PartitionImage
  /** Before the change; undefined: the partition is new, or new to this broker. */
  readonly previous: PartitionImage | undefined
}

export interface DeletedReplica {
  readonly topicId: TopicId
  readonly topicName: string
  readonly partitionIndex: number
  readonly reason: 'topicDeleted' | 'reassigned'
}

/** Every changed partition of this broker is in one of the lists, sorted by topic id and index. */
export interface LocalChanges {
  /** Replicas to delete. Comes first: a name may be in use again further down. */
  readonly deleted: readonly DeletedReplica[]
  /**
   * This broker leads. `previous` tells whether that is new (another leader epoch) or only the ISR
   * or the replicas changed.
   */
  readonly leading: readonly LocalPartition[]
  /** This broker follows `partition.leader`. */
  readonly following: readonly LocalPartition[]
  /** There is no leader: nothing is appended and nothing fetched. */
  readonly leaderless: readonly LocalPartition[]
}

export function localChanges({ topics }: MetadataChanges, brokerId: number): LocalChanges {
  const deleted: DeletedReplica[] = []
  const leading: LocalPartition[] = []
  const following: LocalPartition[] = []
  const leaderless: LocalPartition[] = []
  for (const { before, after } of topics) {
    const named = after ?? before
    if (named === undefined) continue
    const count = Math.max(before?.partitions.length ?? 0, after?.partitions.length ?? 0)
    for (let index = 0; index < count; index++) {
      const partition = mine(after, index, brokerId)
      const previous = mine(before, index, brokerId)
      if (partition === previous) continue
      const place = { topicId: named.id, topicName: named.name, partitionIndex: index }
      if (partition === undefined) {
        deleted.push({ ...place, reason: after === undefined ? 'topicDeleted' : 'reassigned' })
        continue
      }
      const list = listFor(partition.leader)
      list.push({ ...place, partition, previous })
    }
  }
  return { deleted, leading, following, leaderless }

  function listFor(leader: number): LocalPartition[] {
    if (leader === brokerId) return leading
    return leader === noLeader ? leaderless : following
  }
}

/** The partition, if the broker has a replica of it. */
function mine(
  topic: TopicImage | undefined,
  partitionIndex: number,
  brokerId: number,
): PartitionImage | undefined {
  const partition = topic?.partitions[partitionIndex]
  return partition?.replicas.includes(brokerId) ? partition : undefined
}
