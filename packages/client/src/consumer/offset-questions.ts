// Questions about offsets: by time (ListOffsets), where an epoch ended (OffsetForLeaderEpoch), what
// was committed (OffsetFetch).

import {
  type ErrorName,
  errorCodes,
  errorNameOf,
  ListOffsets,
  OffsetFetch,
  type OffsetFetchResponse,
  OffsetForLeaderEpoch,
} from '@klamm/protocol'
import type { TopicPartition } from '../assignors/partitions.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { OffsetQuestion, QuestionEntry } from '../fetching/effects.ts'
import type { Positions } from '../fetching/positions.ts'
import { actionFor } from '../membership/actions.ts'

interface AskOptions {
  readonly isReadCommitted: boolean
  readonly signal: AbortSignal
}

/** Asks one leader and tells the positions. */
export async function askOffsets(
  core: ClientCore,
  question: OffsetQuestion,
  positions: Positions,
  options: AskOptions,
): Promise<void> {
  const entries = new Map(question.entries.map(entry => [entry.partition.key, entry]))
  try {
    if (question.kind === 'listOffsets') await list(core, question, entries, positions, options)
    else await validate(core, question, entries, positions, options)
  } catch (error) {
    if (options.signal.aborted) return
    if (!KafkaError.is(error)) throw error
    const nowMs = core.env.clock.monotonicMs()
    if (error.code === 'ERR_UNSUPPORTED_VERSION' && question.kind === 'validate') {
      for (const entry of entries.values()) {
        positions.validated(entry, 'UNSUPPORTED_VERSION', -1, -1, nowMs)
      }
      return
    }
    positions.unanswered([...entries.values()], nowMs)
  }
}

async function list(
  core: ClientCore,
  question: OffsetQuestion,
  entries: ReadonlyMap<string, QuestionEntry>,
  positions: Positions,
  { isReadCommitted, signal }: AskOptions,
): Promise<void> {
  const topics = grouped([...entries.values()].map(({ partition }) => partition))
  const body = {
    replicaId: -1,
    isolationLevel: isReadCommitted ? 1 : 0,
    timeoutMs: core.options.requestTimeoutMs,
    topics: topics.map(({ topic, partitions }) => ({
      name: topic,
      partitions: partitions.map(partition => {
        const entry = entries.get(`${topic}-${partition}`)
        return {
          partitionIndex: partition,
          currentLeaderEpoch: entry?.currentLeaderEpoch ?? -1,
          timestamp: entry?.timestamp ?? -1,
        }
      }),
    })),
  }
  const response = await core.brokers.request(question.brokerId, ListOffsets, body, { signal })
  const nowMs = core.env.clock.monotonicMs()
  const answered = new Set<string>()
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode, offset, leaderEpoch } of partitions) {
      const entry = entries.get(`${name}-${partitionIndex}`)
      if (entry === undefined) continue
      answered.add(entry.partition.key)
      positions.listed(entry, errorNameOf(errorCode), offset, leaderEpoch, nowMs)
    }
  }
  positions.unanswered(left(entries, answered), nowMs)
}

async function validate(
  core: ClientCore,
  question: OffsetQuestion,
  entries: ReadonlyMap<string, QuestionEntry>,
  positions: Positions,
  { signal }: AskOptions,
): Promise<void> {
  const topics = grouped([...entries.values()].map(({ partition }) => partition))
  const body = {
    replicaId: -1,
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(partition => {
        const entry = entries.get(`${topic}-${partition}`)
        return {
          partition,
          currentLeaderEpoch: entry?.currentLeaderEpoch ?? -1,
          leaderEpoch: entry?.leaderEpoch ?? -1,
        }
      }),
    })),
  }
  const { brokerId } = question
  const response = await core.brokers.request(brokerId, OffsetForLeaderEpoch, body, { signal })
  const nowMs = core.env.clock.monotonicMs()
  const answered = new Set<string>()
  for (const { topic, partitions } of response.topics) {
    for (const { partition, errorCode, leaderEpoch, endOffset } of partitions) {
      const entry = entries.get(`${topic}-${partition}`)
      if (entry === undefined) continue
      answered.add(entry.partition.key)
      positions.validated(entry, errorNameOf(errorCode), leaderEpoch, endOffset, nowMs)
    }
  }
  positions.unanswered(left(entries, answered), nowMs)
}

function left(
  entries: ReadonlyMap<string, QuestionEntry>,
  answered: ReadonlySet<string>,
): QuestionEntry[] {
  return [...entries.values()].filter(({ partition }) => !answered.has(partition.key))
}

export interface CommittedOffset {
  readonly error: ErrorName
  /** The next one to read; -1 when nothing was committed. */
  readonly offset: number
  readonly leaderEpoch: number
}

/** Until OffsetFetch v10 topics are told by name. */
const maxFetchVersion = 9

/**
 * What a group committed for these partitions, by `topic-partition`. Rejects with KafkaError: with
 * the error of the whole answer when there is one, after which the coordinator is another or not.
 */
export async function committedOffsets(
  core: ClientCore,
  groupId: string,
  wanted: readonly TopicPartition[],
  { isReadCommitted, signal }: AskOptions,
): Promise<Map<string, CommittedOffset>> {
  const topics = grouped(wanted).map(({ topic, partitions }) => {
    return { name: topic, topicId: noTopicId, partitionIndexes: partitions }
  })
  const body = {
    groupId,
    topics,
    groups: [{ groupId, memberId: null, memberEpoch: -1, topics }],
    // An open transaction may yet commit an offset of the group.
    requireStable: isReadCommitted,
  }
  const brokerId = await core.coordinators.find('group', groupId, { signal })
  let response: OffsetFetchResponse
  try {
    response = await core.brokers.request(brokerId, OffsetFetch, body, {
      signal,
      maxVersion: maxFetchVersion,
    })
  } catch (error) {
    core.coordinators.forget('group', groupId)
    throw error
  }
  const answer = response.groups[0] ?? response
  const error = errorNameOf(answer.errorCode)
  if (answer.errorCode !== errorCodes.NONE) {
    const action = actionFor('fetchOffsets', error)
    if (action === 'findCoordinator') core.coordinators.forget('group', groupId)
    throw new KafkaError(error, `the committed offsets of ${groupId} were refused: ${error}`)
  }
  const found = new Map<string, CommittedOffset>()
  for (const { name, partitions } of answer.topics) {
    for (const each of partitions) {
      found.set(`${name}-${each.partitionIndex}`, {
        error: errorNameOf(each.errorCode),
        offset: each.committedOffset,
        leaderEpoch: each.committedLeaderEpoch,
      })
    }
  }
  return found
}

const noTopicId = 'AAAAAAAAAAAAAAAAAAAAAA'

function grouped(list: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of list) {
    const partitions = byTopic.get(topic)
    if (partitions === undefined) byTopic.set(topic, [partition])
    else partitions.push(partition)
  }
  return [...byTopic].map(([topic, partitions]) => ({ topic, partitions }))
}
