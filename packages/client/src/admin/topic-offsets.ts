// Where partitions begin and end, and which offset a time has: asked of the leaders.

import { ListOffsets, type ListOffsetsRequest } from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { errorOf, groupedBy } from './answers.ts'
import {
  type AdminCallOptions,
  type Deadline,
  type ManyOptions,
  type Results,
  settleMany,
} from './call.ts'
import { askLeaders, type TopicPartition } from './leaders.ts'

/**
 * `latest`: the end, exclusive, or the last stable offset for `readCommitted`. `maxTimestamp`: the
 * record with the greatest time. A number: the first record at or after that time, in ms since
 * 1970.
 */
export type OffsetSpec = 'earliest' | 'latest' | 'maxTimestamp' | number

export interface OffsetQuery extends TopicPartition {
  readonly at: OffsetSpec
}

export interface FoundOffset extends TopicPartition {
  /** -1 when no record is there. */
  readonly offset: number
  /** Of the record found, in ms since 1970; -1 when there is none or it was not asked for. */
  readonly timestamp: number
  /** -1 when unknown. */
  readonly leaderEpoch: number
}

export interface OffsetOptions {
  readonly isolationLevel?: 'readUncommitted' | 'readCommitted' | undefined
}

const timestamps = { earliest: -2, latest: -1, maxTimestamp: -3 } as const

export async function listOffsets<O extends ManyOptions & OffsetOptions>(
  core: ClientCore,
  queries: readonly OffsetQuery[],
  options?: O,
): Promise<Results<O, OffsetQuery, FoundOffset>> {
  for (const { at, topic, partition } of queries) {
    if (typeof at !== 'number' || (Number.isSafeInteger(at) && at >= 0)) continue
    const message = `offsets of ${topic}-${partition}: ${at} is no time in ms since 1970`
    throw new KafkaError('ERR_INVALID_ARGUMENT', message)
  }
  const isolationLevel = options?.isolationLevel === 'readCommitted' ? 1 : 0
  const nameOf = ({ topic, partition }: OffsetQuery): string => `offset of ${topic}-${partition}`
  return settleMany(core, queries, options, { name: nameOf }, (pending, deadline) =>
    askLeaders(core, pending, deadline, async (brokerId, share) => {
      const results = new Map<OffsetQuery, FoundOffset | KafkaError>()
      // Brokers refuse a partition that is named twice in one request.
      const asking = [...groupedBy(share, ({ at }) => at).values()].map(async same => {
        const body = requestFor(same, isolationLevel, deadline)
        const sent = { signal: deadline.signal, timeoutMs: deadline.remainingMs() }
        const response = await core.brokers.request(brokerId, ListOffsets, body, sent)
        for (const query of same) {
          const { topic, partition } = query
          const answer = response.topics
            .find(({ name }) => name === topic)
            ?.partitions.find(({ partitionIndex }) => partitionIndex === partition)
          if (answer === undefined) continue
          const { errorCode, offset, timestamp, leaderEpoch } = answer
          const error = errorOf(errorCode, null, nameOf(query), { topic, partition, brokerId })
          results.set(query, error ?? { topic, partition, offset, timestamp, leaderEpoch })
        }
      })
      await Promise.all(asking)
      return results
    }),
  )
}

function requestFor(
  queries: readonly OffsetQuery[],
  isolationLevel: number,
  { remainingMs }: Deadline,
): ListOffsetsRequest {
  const topics = groupedBy(queries, ({ topic }) => topic)
  return {
    replicaId: -1,
    isolationLevel,
    topics: [...topics].map(([name, ofTopic]) => ({
      name,
      partitions: ofTopic.map(({ partition, at }) => ({
        partitionIndex: partition,
        currentLeaderEpoch: -1,
        timestamp: typeof at === 'number' ? at : timestamps[at],
      })),
    })),
    timeoutMs: Math.floor(remainingMs()),
  }
}

export interface PartitionOffsets {
  readonly partition: number
  /** The first offset there is. */
  readonly low: number
  /** The end, exclusive: the offset of the next record. */
  readonly high: number
  /** The same as `high`, as KafkaJS has it. */
  readonly offset: number
}

/** Begin and end of every partition of a topic. */
export async function fetchTopicOffsets(
  core: ClientCore,
  topic: string,
  options: AdminCallOptions & OffsetOptions = {},
): Promise<PartitionOffsets[]> {
  const partitions = await partitionsOf(core, topic, options)
  const queries = (at: OffsetSpec) => partitions.map(partition => ({ topic, partition, at }))
  const [lows, highs] = await Promise.all([
    listOffsets(core, queries('earliest'), options),
    listOffsets(core, queries('latest'), options),
  ])
  return partitions.map((partition, i) => {
    const low = lows[i]?.offset ?? -1
    const high = highs[i]?.offset ?? -1
    return { partition, low, high, offset: high }
  })
}

export interface PartitionOffsetAtTime {
  readonly partition: number
  /** Of the first record at or after the time; the end when there is none. */
  readonly offset: number
  /** Of that record, in ms since 1970; -1 when there is none. */
  readonly timestamp: number
}

/** For every partition of a topic, where to begin to read everything since a time. */
export async function fetchTopicOffsetsByTimestamp(
  core: ClientCore,
  topic: string,
  timestamp: number,
  options: AdminCallOptions & OffsetOptions = {},
): Promise<PartitionOffsetAtTime[]> {
  const partitions = await partitionsOf(core, topic, options)
  const queries = partitions.map(partition => ({ topic, partition, at: timestamp }))
  const found = await listOffsets(core, queries, options)
  const empty = found.filter(({ offset }) => offset === -1)
  const ends = await listOffsets(
    core,
    empty.map(({ partition }) => ({ topic, partition, at: 'latest' as const })),
    options,
  )
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]))
  return found.map(({ partition, offset, timestamp: time }) =>
    offset === -1
      ? { partition, offset: endOf.get(partition) ?? -1, timestamp: -1 }
      : { partition, offset, timestamp: time },
  )
}

async function partitionsOf(
  core: ClientCore,
  topic: string,
  options: AdminCallOptions,
): Promise<number[]> {
  const { partitions } = await core.metadata.topic(topic, options)
  return partitions.map(({ partition }) => partition)
}
