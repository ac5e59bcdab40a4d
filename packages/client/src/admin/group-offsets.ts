// What groups have committed: read, set, reset and deleted. Groups with members own their offsets:
// they can be read then, and nothing else.

import {
  type ItemOf,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
  type OffsetFetchResponse,
} from '@klamm/protocol'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { errorOf, groupedBy } from './answers.ts'
import {
  type AdminCallOptions,
  type ManyOptions,
  type Results,
  settleMany,
  settleOne,
} from './call.ts'
import { askCoordinator } from './coordinated.ts'
import type { TopicPartition } from './leaders.ts'
import { listOffsets, type OffsetSpec } from './topic-offsets.ts'

/** Versions after it name topics by id, which a group may have outlived. */
const lastVersionByName = 9

/** No member: offsets by hand. */
const byHand = { generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null }

export interface GroupTopic {
  readonly topic: string
  /** All partitions when left out. */
  readonly partitions?: readonly number[] | undefined
}

export interface FetchOffsetsQuery {
  readonly groupId: string
  /** Names, or names with partitions; everything the group has committed when left out. */
  readonly topics?: readonly (string | GroupTopic)[] | undefined
  /** Waits out offsets of transactions that are still open; false when left out. */
  readonly requireStable?: boolean | undefined
}

export interface CommittedOffset {
  readonly partition: number
  /** The next offset to read; -1 when nothing was committed. */
  readonly offset: number
  /** -1 when unknown. */
  readonly leaderEpoch: number
  readonly metadata: string | undefined
}

export interface GroupTopicOffsets {
  readonly topic: string
  readonly partitions: readonly CommittedOffset[]
}

export async function fetchOffsets(
  core: ClientCore,
  { groupId, topics, requireStable = false }: FetchOffsetsQuery,
  options?: AdminCallOptions,
): Promise<GroupTopicOffsets[]> {
  const asked = topics === undefined ? null : await withPartitions(core, topics, options)
  const name = `offsets of group ${groupId}`
  return settleOne(core, name, options, async deadline => {
    const wanted = asked?.map(({ topic, partitions }) => ({
      name: topic,
      topicId: '',
      partitionIndexes: partitions,
    }))
    const response = await askCoordinator(core, groupId, deadline, {
      schema: OffsetFetch,
      body: {
        groupId,
        topics: wanted ?? null,
        groups: [{ groupId, memberId: null, memberEpoch: -1, topics: wanted ?? null }],
        requireStable,
      },
      maxVersion: lastVersionByName,
      errorOf: answer => errorOf(answer.groups[0]?.errorCode ?? answer.errorCode, null, name),
    })
    return offsetsOf(response, name)
  })
}

function offsetsOf(response: OffsetFetchResponse, name: string): GroupTopicOffsets[] {
  const found: readonly TopicOffsets[] = response.groups[0]?.topics ?? response.topics
  return found.map(({ name: topic, partitions }) => ({
    topic,
    partitions: partitions.map(each => {
      const { partitionIndex: partition, errorCode } = each
      const error = errorOf(errorCode, null, `${name}: ${topic}-${partition}`, { topic, partition })
      if (error !== undefined) throw error
      return {
        partition,
        offset: each.committedOffset,
        leaderEpoch: each.committedLeaderEpoch,
        metadata: each.metadata ?? undefined,
      }
    }),
  }))
}

type TopicOffsets = Pick<ItemOf<OffsetFetchResponse['topics']>, 'name' | 'partitions'>

export interface OffsetToSet {
  readonly partition: number
  /** The next offset to read. */
  readonly offset: number
  readonly metadata?: string | undefined
}

export interface SetOffsetsRequest {
  readonly groupId: string
  readonly topic: string
  readonly partitions: readonly OffsetToSet[]
}

/** Resolves with what was set. Rejects with UNKNOWN_MEMBER_ID while the group has members. */
export async function setOffsets<O extends ManyOptions>(
  core: ClientCore,
  { groupId, topic, partitions }: SetOffsetsRequest,
  options?: O,
): Promise<Results<O, OffsetToSet, OffsetToSet>> {
  const nameOf = (partition: number): string =>
    `offset of group ${groupId} in ${topic}-${partition}`
  for (const { partition, offset } of partitions) {
    if (Number.isSafeInteger(offset) && offset >= 0) continue
    const message = `${nameOf(partition)}: ${offset} is no offset`
    throw new KafkaError('ERR_INVALID_ARGUMENT', message)
  }
  const settings = { name: ({ partition }: OffsetToSet) => nameOf(partition) }
  return settleMany(core, partitions, options, settings, async (pending, deadline) => {
    const response = await askCoordinator(core, groupId, deadline, {
      schema: OffsetCommit,
      body: {
        groupId,
        ...byHand,
        retentionTimeMs: -1,
        topics: [
          {
            name: topic,
            topicId: '',
            partitions: pending.map(({ partition, offset, metadata }) => ({
              partitionIndex: partition,
              committedOffset: offset,
              committedLeaderEpoch: -1,
              committedMetadata: metadata ?? null,
            })),
          },
        ],
      },
      maxVersion: lastVersionByName,
      // The error is told of each partition, and is the same when it is about the group.
      errorOf: answer =>
        movedError(
          answer.topics.flatMap(each => each.partitions),
          groupId,
        ),
    })
    const answers = response.topics.flatMap(each => each.partitions)
    const results = new Map<OffsetToSet, OffsetToSet | KafkaError>()
    for (const each of pending) {
      const { partition } = each
      const answer = answers.find(({ partitionIndex }) => partitionIndex === partition)
      if (answer === undefined) continue
      const error = errorOf(answer.errorCode, hintFor(answer.errorCode), nameOf(partition), {
        topic,
        partition,
      })
      results.set(each, error ?? each)
    }
    return results
  })
}

/** The first partition's error, if it says that another broker coordinates the group. */
function movedError(
  partitions: readonly { readonly errorCode: number }[],
  groupId: string,
): KafkaError | undefined {
  const error = errorOf(partitions[0]?.errorCode ?? 0, null, `offsets of group ${groupId}`)
  const isMoved = error?.code === 'NOT_COORDINATOR' || error?.code === 'COORDINATOR_NOT_AVAILABLE'
  return isMoved ? error : undefined
}

/** The protocol's words for "this group has members" do not say so. */
function hintFor(errorCode: number): string | null {
  const code = errorOf(errorCode, null, '')?.code
  const isOwned = code === 'UNKNOWN_MEMBER_ID' || code === 'ILLEGAL_GENERATION'
  return isOwned ? 'the group has members; its offsets can be set when they have left' : null
}

export interface ResetOffsetsRequest {
  readonly groupId: string
  readonly topic: string
  /** All when left out. */
  readonly partitions?: readonly number[] | undefined
  /** Where to: the first record at or after a time in ms, or an end of the log. */
  readonly to: 'earliest' | 'latest' | number
  /** Finds the offsets and sets nothing; false when left out. */
  readonly dryRun?: boolean | undefined
}

/** Resolves with the new offsets. Rejects with UNKNOWN_MEMBER_ID while the group has members. */
export async function resetOffsets(
  core: ClientCore,
  { groupId, topic, partitions, to, dryRun = false }: ResetOffsetsRequest,
  options?: AdminCallOptions,
): Promise<OffsetToSet[]> {
  const [asked] = await withPartitions(core, [{ topic, partitions }], options)
  const find = async (at: OffsetSpec, of: readonly number[]) => {
    const queries = of.map(partition => ({ topic, partition, at }))
    return listOffsets(core, queries, { ...options, failures: 'throw' as const })
  }
  const found = await find(to, asked?.partitions ?? [])
  const beyond = found.filter(({ offset }) => offset === -1).map(({ partition }) => partition)
  const ends = beyond.length === 0 ? [] : await find('latest', beyond)
  const endOf = new Map(ends.map(({ partition, offset }) => [partition, offset]))
  const offsets = found.map(({ partition, offset }) => {
    return { partition, offset: endOf.get(partition) ?? offset }
  })
  if (!dryRun) await setOffsets(core, { groupId, topic, partitions: offsets }, options)
  return offsets
}

export interface DeleteOffsetsRequest {
  readonly groupId: string
  readonly topics: readonly (string | GroupTopic)[]
}

/** Resolves with the partitions whose offsets are gone. */
export async function deleteOffsets<O extends ManyOptions>(
  core: ClientCore,
  { groupId, topics }: DeleteOffsetsRequest,
  options?: O,
): Promise<Results<O, TopicPartition, TopicPartition>> {
  const asked = await withPartitions(core, topics, options)
  const keys = asked.flatMap(({ topic, partitions }) =>
    partitions.map(partition => ({ topic, partition })),
  )
  const nameOf = ({ topic, partition }: TopicPartition): string =>
    `deleting the offset of group ${groupId} in ${topic}-${partition}`
  const settings = { name: nameOf }
  return settleMany(core, keys, options, settings, async (pending, deadline) => {
    const byTopic = groupedBy(pending, ({ topic }) => topic)
    const response = await askCoordinator(core, groupId, deadline, {
      schema: OffsetDelete,
      body: {
        groupId,
        topics: [...byTopic].map(([name, ofTopic]) => ({
          name,
          partitions: ofTopic.map(({ partition }) => ({ partitionIndex: partition })),
        })),
      },
      errorOf: ({ errorCode }) => errorOf(errorCode, null, `deleting offsets of group ${groupId}`),
    })
    const results = new Map<TopicPartition, TopicPartition | KafkaError>()
    for (const key of pending) {
      const topic = response.topics.find(({ name }) => name === key.topic)
      const answer = topic?.partitions.find(
        ({ partitionIndex }) => partitionIndex === key.partition,
      )
      if (answer === undefined) continue
      results.set(key, errorOf(answer.errorCode, null, nameOf(key), key) ?? key)
    }
    return results
  })
}

async function withPartitions(
  core: ClientCore,
  topics: readonly (string | GroupTopic)[],
  options: AdminCallOptions | undefined,
): Promise<{ readonly topic: string; readonly partitions: readonly number[] }[]> {
  return Promise.all(
    topics.map(async each => {
      const { topic, partitions } = typeof each === 'string' ? { topic: each } : each
      if (partitions !== undefined) return { topic, partitions }
      const info = await core.metadata.topic(topic, options)
      return { topic, partitions: info.partitions.map(({ partition }) => partition) }
    }),
  )
}
