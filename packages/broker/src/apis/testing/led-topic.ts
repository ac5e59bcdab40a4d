// A topic whose first partition this broker leads alone, on a store in memory, for handlers that
// read and write it; its second one is led by broker 2.

import { seededRandom } from '@klamm/base'
import { AnswerMemory } from '../../network/answer-memory.ts'
import { PartitionLookup } from '../../partition/lookup.ts'
import { ParkedFetches } from '../../partition/parked-fetches.ts'
import { brokers, openReplica, partitionImage, topicId } from '../../partition/testing/replica.ts'
import { FetchSessionCache } from '../../replica/index.ts'
import type { BrokerServices } from '../../services.ts'
import { metadataOf } from './metadata.ts'

export { topicId }

export const internalTopicId = 'aW50ZXJuYWwtdG9waWMtMA'

type Services = Pick<
  BrokerServices,
  'clock' | 'partitions' | 'metadata' | 'fetchSessions' | 'parkedFetches' | 'answerMemory'
>

export async function ledTopic(configs: Readonly<Record<string, string>> = {}) {
  const replica = await openReplica(configs)
  const { partition, clock } = replica
  partition.lead(partitionImage({ replicas: [1], isr: [1] }), brokers)
  const metadata = metadataOf([
    { name: 'orders', id: topicId, leaders: [1, 2] },
    { name: '__consumer_offsets', id: internalTopicId, leaders: [1] },
  ])
  const services: Services = {
    clock,
    metadata,
    partitions: new PartitionLookup({
      image: () => metadata.image,
      partition: (id, index) => (index === 0 && id !== undefined ? partition : undefined),
    }),
    fetchSessions: new FetchSessionCache({
      maxSlots: 10,
      evictionMs: 120_000,
      random: seededRandom(1),
    }),
    parkedFetches: new ParkedFetches(),
    answerMemory: new AnswerMemory(1_000_000, clock),
  }
  return { ...replica, services }
}
