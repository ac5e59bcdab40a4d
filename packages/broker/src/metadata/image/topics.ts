// The topics and partitions of an image, and the delta that replays records about them.

import { assert, present } from '@klamm/base'
import type {
  MetadataRecord,
  PartitionChangeRecord,
  PartitionRecord,
  RemoveTopicRecord,
  TopicId,
  TopicRecord,
} from '../records/records.ts'
import {
  type PartitionImage,
  partitionAfter,
  partitionFromRecord,
  partitionToRecord,
} from './partition.ts'
import { type MapDifference, PersistentMap } from './persistent-map.ts'

export interface TopicImage {
  readonly id: TopicId
  readonly name: string
  /** By partition index, without gaps. */
  readonly partitions: readonly PartitionImage[]
}

export class TopicsImage {
  static readonly empty = new TopicsImage(PersistentMap.empty(), PersistentMap.empty(), 0)

  readonly #byId: PersistentMap<TopicImage>
  readonly #idByName: PersistentMap<TopicId>
  /** Of all topics together. */
  readonly partitionCount: number

  constructor(
    byId: PersistentMap<TopicImage>,
    idByName: PersistentMap<TopicId>,
    partitionCount: number,
  ) {
    this.#byId = byId
    this.#idByName = idByName
    this.partitionCount = partitionCount
  }

  get size(): number {
    return this.#byId.size
  }

  byId(topicId: TopicId): TopicImage | undefined {
    return this.#byId.get(topicId)
  }

  byName(name: string): TopicImage | undefined {
    const topicId = this.#idByName.get(name)
    return topicId === undefined ? undefined : this.#byId.get(topicId)
  }

  partition(topicId: TopicId, partitionIndex: number): PartitionImage | undefined {
    return this.#byId.get(topicId)?.partitions[partitionIndex]
  }

  /** In no particular order. */
  values(): Iterable<TopicImage> {
    return this.#byId.values()
  }

  sortedNames(): string[] {
    return this.#idByName.sortedKeys()
  }

  /** Topics that are not the same object in `after`, by id. */
  differences(after: TopicsImage): MapDifference<TopicImage>[] {
    return this.#byId.differences(after.#byId)
  }

  /** This image after `topics`, by id, where undefined removes. */
  with(topics: ReadonlyMap<TopicId, TopicImage | undefined>): TopicsImage {
    if (topics.size === 0) return this
    const ids = new Map<string, TopicId | undefined>()
    let partitionCount = this.partitionCount
    for (const [topicId, topic] of topics) {
      const before = this.#byId.get(topicId)
      partitionCount += (topic?.partitions.length ?? 0) - (before?.partitions.length ?? 0)
      if (before === undefined && topic !== undefined) ids.set(topic.name, topicId)
      if (before === undefined || topic !== undefined) continue
      // The name may have been taken again in the same delta.
      if (!ids.has(before.name)) ids.set(before.name, undefined)
    }
    return new TopicsImage(this.#byId.with(topics), this.#idByName.with(ids), partitionCount)
  }

  /** Sorted by name. */
  toRecords(): MetadataRecord[] {
    const records: MetadataRecord[] = []
    for (const name of this.sortedNames()) {
      const topic = present(this.byName(name), 'every name has a topic')
      records.push({ kind: 'topic', topicId: topic.id, name })
      topic.partitions.forEach((partition, index) => {
        records.push(partitionToRecord(topic.id, index, partition))
      })
    }
    return records
  }
}

/** A topic being changed; its list of partitions is the delta's own. */
interface ChangedTopic {
  readonly id: TopicId
  readonly name: string
  readonly partitions: PartitionImage[]
}

export class TopicsDelta {
  readonly #image: TopicsImage
  readonly #changed = new Map<TopicId, ChangedTopic | undefined>()
  /** Names of topics created in this delta. */
  readonly #created = new Map<string, TopicId>()

  constructor(image: TopicsImage) {
    this.#image = image
  }

  replayTopic({ topicId, name }: TopicRecord): void {
    assert(this.#find(topicId) === undefined, 'a topic id is used once', () => topicId)
    assert(!this.#isNameTaken(name), 'a topic name is used once at a time', () => name)
    this.#changed.set(topicId, { id: topicId, name, partitions: [] })
    this.#created.set(name, topicId)
  }

  replayRemoveTopic({ topicId }: RemoveTopicRecord): string {
    const topic = present(this.#find(topicId), 'only topics that exist are removed')
    this.#changed.set(topicId, undefined)
    this.#created.delete(topic.name)
    return topic.name
  }

  replayPartition(record: PartitionRecord): void {
    const { partitions } = this.#own(record.topicId)
    const isNext = record.partitionIndex === partitions.length
    assert(isNext, 'partitions are added one after the other', () => `${record.partitionIndex}`)
    partitions.push(partitionFromRecord(record))
  }

  replayPartitionChange(record: PartitionChangeRecord): void {
    const { partitions } = this.#own(record.topicId)
    const before = present(partitions[record.partitionIndex], 'a changed partition exists')
    partitions[record.partitionIndex] = partitionAfter(before, record)
  }

  apply(): TopicsImage {
    return this.#image.with(this.#changed)
  }

  #find(topicId: TopicId): { readonly name: string } | undefined {
    return this.#changed.has(topicId) ? this.#changed.get(topicId) : this.#image.byId(topicId)
  }

  #isNameTaken(name: string): boolean {
    if (this.#created.has(name)) return true
    const topicId = this.#image.byName(name)?.id
    return topicId !== undefined && this.#find(topicId) !== undefined
  }

  /** The topic with a list of partitions that may be written. */
  #own(topicId: TopicId): ChangedTopic {
    const changed = this.#changed.get(topicId)
    if (changed !== undefined) return changed
    assert(!this.#changed.has(topicId), 'a removed topic does not change')
    const topic = present(this.#image.byId(topicId), 'a changed topic exists')
    const own = { id: topicId, name: topic.name, partitions: topic.partitions.slice() }
    this.#changed.set(topicId, own)
    return own
  }
}
