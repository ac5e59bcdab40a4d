// What topics are like, page by page: a cluster may have more partitions than fit into one answer.

import type { Uuid } from '@klamm/base'
import {
  DescribeTopicPartitions,
  type DescribeTopicPartitionsResponse,
  errorNameOf,
  type ItemOf,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { PartitionInfo, TopicInfo } from '../metadata/topic-info.ts'
import { unique } from './answers.ts'
import {
  type AdminCallOptions,
  type Deadline,
  type ManyOptions,
  type Results,
  settleMany,
  settleOne,
} from './call.ts'

export interface PartitionDescription extends PartitionInfo {
  /** May lead though not in sync (KIP-966); undefined when the broker does not say. */
  readonly eligibleLeaders: readonly number[] | undefined
  readonly lastKnownEligibleLeaders: readonly number[] | undefined
}

export interface TopicDescription {
  readonly topic: string
  readonly topicId: Uuid
  readonly isInternal: boolean
  /** Partition `n` at index `n`. */
  readonly partitions: readonly PartitionDescription[]
}

export interface ListTopicsOptions extends AdminCallOptions {
  /** Whether `__consumer_offsets` and the like are listed; false when left out. */
  readonly includeInternal?: boolean | undefined
}

export interface PagesOptions extends ListTopicsOptions {
  /** Partitions per page; 2,000 when left out, which is also the most that brokers give. */
  readonly pageSize?: number | undefined
}

type TopicResponse = ItemOf<DescribeTopicPartitionsResponse['topics']>
type Cursor = DescribeTopicPartitionsResponse['nextCursor']

interface Page {
  readonly topics: readonly TopicResponse[]
  readonly nextCursor: Cursor
}

const defaultPageSize = 2_000

/** Names, sorted. */
export async function listTopics(
  core: ClientCore,
  options: ListTopicsOptions = {},
): Promise<string[]> {
  const topics = await core.metadata.topics('all', options)
  const { includeInternal = false } = options
  return topics
    .filter(({ isInternal }) => includeInternal || !isInternal)
    .map(({ name }) => name)
    .sort()
}

/** All topics in the order of their names, a page of partitions at a time. */
export async function* eachTopic(
  core: ClientCore,
  options: PagesOptions = {},
): AsyncGenerator<TopicDescription, void, undefined> {
  const { includeInternal = false, pageSize = defaultPageSize } = options
  for await (const topic of described(core, [], pageSize, options)) {
    if (KafkaError.is(topic)) throw topic
    if (includeInternal || !topic.isInternal) yield topic
  }
}

export function describeTopics<O extends ManyOptions>(
  core: ClientCore,
  topics: readonly string[],
  options?: O,
): Promise<Results<O, string, TopicDescription>> {
  const settings = { name: (name: string) => `describing ${name}` }
  return settleMany(core, unique(topics), options, settings, async (pending, deadline) => {
    const results = new Map<string, TopicDescription | KafkaError>()
    const timeoutMs = deadline.remainingMs()
    const { signal } = deadline
    for await (const topic of described(core, pending, defaultPageSize, { signal, timeoutMs })) {
      const name = KafkaError.is(topic) ? topic.topic : topic.topic
      if (name !== undefined) results.set(name, topic)
    }
    return results
  })
}

/** Topics, put together from their pages. An empty list of names means all. */
async function* described(
  core: ClientCore,
  names: readonly string[],
  pageSize: number,
  options: AdminCallOptions,
): AsyncGenerator<TopicDescription | KafkaError, void, undefined> {
  const hasPages = await speaksPages(core, options)
  if (!hasPages) {
    yield* fromMetadata(core, names, options)
    return
  }
  let cursor: Cursor = null
  let open: { topic: TopicResponse; partitions: PartitionDescription[] } | undefined
  do {
    const page: Page = await settleOne(core, 'describing topics', options, deadline =>
      askPage(core, names, pageSize, cursor, deadline),
    )
    for (const topic of page.topics) {
      // A topic goes on where the page before ended.
      if (open?.topic.name !== topic.name) {
        if (open !== undefined) yield finished(open)
        open = { topic, partitions: [] }
      }
      for (const partition of topic.partitions) open.partitions.push(partitionOf(partition))
    }
    cursor = page.nextCursor
  } while (cursor !== null)
  if (open !== undefined) yield finished(open)
}

async function speaksPages(core: ClientCore, options: AdminCallOptions): Promise<boolean> {
  try {
    await settleOne(core, 'versions', options, ({ signal, remainingMs }) =>
      core.brokers.versionFor('any', DescribeTopicPartitions, { signal, timeoutMs: remainingMs() }),
    )
    return true
  } catch (error) {
    if (KafkaError.is(error) && error.code === 'ERR_UNSUPPORTED_VERSION') return false
    throw error
  }
}

function askPage(
  core: ClientCore,
  names: readonly string[],
  pageSize: number,
  cursor: Cursor,
  { signal, remainingMs }: Deadline,
): Promise<Page> {
  const topics = names.map(name => ({ name }))
  const body = { topics, responsePartitionLimit: pageSize, cursor }
  const options = { signal, timeoutMs: remainingMs() }
  return core.brokers.request('any', DescribeTopicPartitions, body, options)
}

function finished({
  topic,
  partitions,
}: {
  readonly topic: TopicResponse
  readonly partitions: readonly PartitionDescription[]
}): TopicDescription | KafkaError {
  const name = topic.name ?? ''
  if (topic.errorCode !== 0) {
    const code = errorNameOf(topic.errorCode)
    return new KafkaError(code, `describing ${name}: ${code}`, { topic: name })
  }
  const { topicId, isInternal } = topic
  return { topic: name, topicId, isInternal, partitions }
}

function partitionOf(response: ItemOf<TopicResponse['partitions']>): PartitionDescription {
  return {
    partition: response.partitionIndex,
    leaderId: response.leaderId,
    leaderEpoch: response.leaderEpoch,
    replicas: response.replicaNodes,
    isr: response.isrNodes,
    offline: response.offlineReplicas,
    eligibleLeaders: response.eligibleLeaderReplicas ?? undefined,
    lastKnownEligibleLeaders: response.lastKnownElr ?? undefined,
  }
}

/** For brokers older than pages (before Kafka 3.8). */
async function* fromMetadata(
  core: ClientCore,
  names: readonly string[],
  options: AdminCallOptions,
): AsyncGenerator<TopicDescription | KafkaError, void, undefined> {
  const topics = await core.metadata.topics(names.length === 0 ? 'all' : names, options)
  const found = new Map(topics.map(topic => [topic.name, topic]))
  for (const name of names.length === 0 ? [...found.keys()].sort() : names) {
    const topic = found.get(name)
    yield topic === undefined ? unknown(name) : descriptionOf(topic)
  }
}

function descriptionOf({ name, topicId, isInternal, partitions }: TopicInfo): TopicDescription {
  const more = { eligibleLeaders: undefined, lastKnownEligibleLeaders: undefined }
  return {
    topic: name,
    topicId,
    isInternal,
    partitions: partitions.map(partition => ({ ...partition, ...more })),
  }
}

function unknown(name: string): KafkaError {
  const code = 'UNKNOWN_TOPIC_OR_PARTITION'
  return new KafkaError(code, `describing ${name}: ${code}`, { topic: name })
}
