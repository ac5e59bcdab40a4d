// Tells the group coordinator which partitions of __consumer_offsets are led here, and which topics
// are gone.

import { offsetsTopic } from '../group-config.ts'
import type { MetadataChanges } from '../metadata/index.ts'
import type { Partition } from '../partition/partition.ts'
import type { MetadataPublisher } from '../quorum/metadata-loader.ts'
import type { GroupService } from './group-service.ts'
import { PartitionShardLog } from './partition-shard-log.ts'

export class GroupPublisher implements MetadataPublisher {
  readonly name = 'groups'
  readonly #groups: GroupService
  readonly #wallMs: () => number

  constructor(groups: GroupService, wallMs: () => number) {
    this.#groups = groups
    this.#wallMs = wallMs
  }

  leadershipChanged(partition: Partition, leads: boolean): void {
    if (partition.topicName !== offsetsTopic) return
    const { leader, partitionIndex } = partition
    if (!leads || leader === undefined) {
      this.#groups.resigned(partitionIndex)
      return
    }
    const log = new PartitionShardLog(partition, leader, this.#wallMs)
    this.#groups.elected(partitionIndex, log)
  }

  publish({ topics }: MetadataChanges): void {
    const deleted = topics.flatMap(({ before, after }) =>
      before !== undefined && after === undefined ? [{ name: before.name, id: before.id }] : [],
    )
    if (deleted.length > 0) this.#groups.topicsDeleted(deleted)
  }
}
