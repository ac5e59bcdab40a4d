// The metadata of the cluster at one position of the metadata log. Never changes: a later position
// is another image, which shares everything that stayed the same.

import type { MetadataRecord } from '../records/records.ts'
import { ClusterImage } from './cluster.ts'
import { ConfigsImage } from './configs.ts'
import { TopicsImage } from './topics.ts'

/** A place in the metadata log. */
export interface LogPosition {
  /** Of the raft entry; inclusive: the entry at `offset` has been applied. -1 before the first. */
  readonly offset: number
  /** The term the entry was written in. */
  readonly epoch: number
}

/** Who was given the last block of producer ids, and where the next one starts. */
export interface ProducerIdsImage {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly nextProducerId: number
}

export interface MetadataAspects {
  readonly topics: TopicsImage
  readonly cluster: ClusterImage
  readonly configs: ConfigsImage
  readonly producerIds: ProducerIdsImage
  /** Finalized levels by feature name; what is not in here is at level 0. */
  readonly features: ReadonlyMap<string, number>
}

export class MetadataImage implements MetadataAspects {
  static readonly empty = new MetadataImage(
    { offset: -1, epoch: 0 },
    {
      topics: TopicsImage.empty,
      cluster: ClusterImage.empty,
      configs: ConfigsImage.empty,
      producerIds: { brokerId: -1, brokerEpoch: -1, nextProducerId: 0 },
      features: new Map(),
    },
  )

  readonly position: LogPosition
  readonly topics: TopicsImage
  readonly cluster: ClusterImage
  readonly configs: ConfigsImage
  readonly producerIds: ProducerIdsImage
  readonly features: ReadonlyMap<string, number>

  constructor(position: LogPosition, aspects: MetadataAspects) {
    this.position = position
    this.topics = aspects.topics
    this.cluster = aspects.cluster
    this.configs = aspects.configs
    this.producerIds = aspects.producerIds
    this.features = aspects.features
  }

  featureLevel(name: string): number {
    return this.features.get(name) ?? 0
  }

  /**
   * Records that make this image when replayed into an empty one, in an order that depends on the
   * content alone: a snapshot, and what the hash is taken of.
   */
  toRecords(): MetadataRecord[] {
    const records: MetadataRecord[] = []
    for (const name of [...this.features.keys()].sort()) {
      records.push({ kind: 'featureLevel', name, level: this.featureLevel(name) })
    }
    for (const record of this.cluster.toRecords()) records.push(record)
    for (const record of this.topics.toRecords()) records.push(record)
    for (const record of this.configs.toRecords()) records.push(record)
    if (this.producerIds.nextProducerId > 0) {
      records.push({ kind: 'producerIds', ...this.producerIds })
    }
    return records
  }
}
