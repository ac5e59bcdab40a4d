// What a change of the metadata means for one broker: which partitions it must lead, follow, leave
// alone or delete from now on.

import type { TopicId } from '../records/records.ts'
import type { MetadataChanges } from './changes.ts'
import type { PartitionImage } from './partition.ts'

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
  /** This broker leads; `previous` tells whether that is new (another leader epoch) or only the ISR
   * or the replicas changed. */
  readonly leading: readonly LocalPartition[]
  /** This broker follows `partition.leader`. */
  readonly following: readonly LocalPartition[]
  /** There is no leader: nothing is appended and nothing fetched. */
  readonly leaderless: readonly LocalPartition[]
}

export function localChanges(_changes: MetadataChanges, _brokerId: number): LocalChanges {
  throw new Error('not implemented')
}
