// Applies records to an image. Cheap to make: costs nothing until something is replayed, and then
// as much as the change.

import { assert, unreachable } from '@klamm/base'
import type { FeatureLevelRecord, MetadataRecord, ProducerIdsRecord } from '../records/records.ts'
import { ClusterDelta } from './cluster.ts'
import { ConfigsDelta } from './configs.ts'
import { type LogPosition, MetadataImage, type ProducerIdsImage } from './image.ts'
import { TopicsDelta } from './topics.ts'

/**
 * Records on the way into an image. Records come from the controller that decided them, hence what
 * does not fit the image is a broken invariant: InvariantError, and the broker stops.
 */
export class MetadataDelta {
  readonly #image: MetadataImage
  readonly #topics: TopicsDelta
  readonly #cluster: ClusterDelta
  readonly #configs: ConfigsDelta
  #producerIds: ProducerIdsImage
  #features: Map<string, number> | undefined

  constructor(image: MetadataImage) {
    this.#image = image
    this.#topics = new TopicsDelta(image.topics)
    this.#cluster = new ClusterDelta(image.cluster)
    this.#configs = new ConfigsDelta(image.configs)
    this.#producerIds = image.producerIds
  }

  replay(record: MetadataRecord): void {
    switch (record.kind) {
      case 'registerBroker':
        this.#cluster.replayRegister(record)
        break
      case 'unregisterBroker':
        this.#cluster.replayUnregister(record)
        break
      case 'brokerChange':
        this.#cluster.replayChange(record)
        break
      case 'topic':
        this.#topics.replayTopic(record)
        break
      case 'removeTopic':
        this.#configs.forget('topic', this.#topics.replayRemoveTopic(record))
        break
      case 'partition':
        this.#topics.replayPartition(record)
        break
      case 'partitionChange':
        this.#topics.replayPartitionChange(record)
        break
      case 'config':
        this.#configs.replay(record)
        break
      case 'producerIds':
        this.#replayProducerIds(record)
        break
      case 'featureLevel':
        this.#replayFeature(record)
        break
      case 'noOp':
        break
      default:
        unreachable(record)
    }
  }

  /** The image with everything replayed so far; `position` is that of the last record. */
  apply(position: LogPosition): MetadataImage {
    assert(position.offset >= this.#image.position.offset, 'images go forward')
    return new MetadataImage(position, {
      topics: this.#topics.apply(),
      cluster: this.#cluster.apply(),
      configs: this.#configs.apply(),
      producerIds: this.#producerIds,
      features: this.#features ?? this.#image.features,
    })
  }

  #replayProducerIds({ brokerId, brokerEpoch, nextProducerId }: ProducerIdsRecord): void {
    const before = this.#producerIds.nextProducerId
    assert(nextProducerId >= before, 'producer ids are never handed out twice')
    this.#producerIds = { brokerId, brokerEpoch, nextProducerId }
  }

  #replayFeature({ name, level }: FeatureLevelRecord): void {
    this.#features ??= new Map(this.#image.features)
    if (level === 0) this.#features.delete(name)
    else this.#features.set(name, level)
  }
}

/** The image after the records of one raft entry. */
export function imageAfter(
  image: MetadataImage,
  records: readonly MetadataRecord[],
  position: LogPosition,
): MetadataImage {
  const delta = new MetadataDelta(image)
  for (const record of records) delta.replay(record)
  return delta.apply(position)
}

/** The image a snapshot holds; `records` is what `toRecords` gave. */
export function imageFromSnapshot(
  records: Iterable<MetadataRecord>,
  position: LogPosition,
): MetadataImage {
  const delta = new MetadataDelta(MetadataImage.empty)
  for (const record of records) delta.replay(record)
  return delta.apply(position)
}
