// What differs between two images: what the publishers of a broker react to. Works alike for the
// next entry of the log and for a snapshot that skips many, and costs as much as the difference.

import type { ConfigResourceType, TopicId } from '../records/records.ts'
import type { BrokerImage } from './cluster.ts'
import type { MetadataImage } from './image.ts'
import type { TopicImage } from './topics.ts'

/** Undefined before: created. Undefined after: gone. */
export interface Change<T> {
  readonly before: T | undefined
  readonly after: T | undefined
}

export interface MetadataChanges {
  readonly before: MetadataImage
  readonly after: MetadataImage
  /** By topic id: a topic that was deleted and created again is two of them. Sorted by id. */
  readonly topics: readonly (Change<TopicImage> & { readonly topicId: TopicId })[]
  /** Sorted by id. */
  readonly brokers: readonly (Change<BrokerImage> & { readonly brokerId: number })[]
  /** Resources whose dynamic configs differ. */
  readonly configs: readonly { readonly type: ConfigResourceType; readonly name: string }[]
  readonly featuresChanged: boolean
}

export function changesBetween(before: MetadataImage, after: MetadataImage): MetadataChanges {
  return {
    before,
    after,
    topics: before.topics
      .differences(after.topics)
      .map(difference => ({ topicId: difference.key, ...difference }))
      .sort((a, b) => (a.topicId < b.topicId ? -1 : 1)),
    brokers: brokerChanges(before, after),
    configs: before.configs.differences(after.configs).flatMap(difference => {
      const resource = difference.after ?? difference.before
      return resource === undefined ? [] : [{ type: resource.type, name: resource.name }]
    }),
    featuresChanged: before.features !== after.features,
  }
}

function brokerChanges(before: MetadataImage, after: MetadataImage): MetadataChanges['brokers'] {
  if (before.cluster === after.cluster) return []
  const ids = new Set([...before.cluster.sortedIds(), ...after.cluster.sortedIds()])
  return [...ids]
    .sort((a, b) => a - b)
    .map(brokerId => ({
      brokerId,
      before: before.cluster.broker(brokerId),
      after: after.cluster.broker(brokerId),
    }))
    .filter(change => change.before !== change.after)
}
