// From what a request names (a topic by name or by id, and an index) to the partition on this
// broker, or to the right error.

import type { ErrorName } from '@klamm/protocol/errors'
import type { MetadataImage, PartitionImage, TopicImage } from '../metadata/index.ts'
import type { Partition } from './partition.ts'

/** `partition` is undefined when the broker has no replica that could answer. */
export interface Located {
  readonly topic: TopicImage | undefined
  readonly image: PartitionImage | undefined
  readonly partition: Partition | undefined
  /** NONE, or why there is no partition. */
  readonly error: ErrorName
}

export interface LookupOptions {
  readonly image: () => MetadataImage
  readonly partition: (topicId: string, partitionIndex: number) => Partition | undefined
}

export class PartitionLookup {
  readonly #options: LookupOptions

  constructor(options: LookupOptions) {
    this.#options = options
  }

  /** By id when there is one (the zero id is nobody's), else by name. */
  find(topicId: string | undefined, name: string | undefined, partitionIndex: number): Located {
    const { topics } = this.#options.image()
    const byId = topicId !== undefined
    const topic = byId ? topics.byId(topicId) : topics.byName(name ?? '')
    const image = topic?.partitions[partitionIndex]
    if (topic === undefined || image === undefined) {
      const error = byId && topic === undefined ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
      return { topic, image, partition: undefined, error }
    }
    const partition = this.#options.partition(topic.id, partitionIndex)
    const error = partition === undefined ? 'NOT_LEADER_OR_FOLLOWER' : 'NONE'
    return { topic, image, partition, error }
  }
}
