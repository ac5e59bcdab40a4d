// What a consumer is made with, and what is true when something is left out.

import type { Buffer } from 'node:buffer'
import type { Assignor } from '../assignors/assignor.ts'
import type { TopicPartition } from '../assignors/partitions.ts'
import { type AssignorName, assignorNamed } from '../assignors/registry.ts'
import { KafkaError } from '../errors.ts'
import type { ResetPolicy } from '../fetching/effects.ts'
import type { Deserializer } from '../serde/serde.ts'
import type { RecordErrorAction, RecordFailure } from './record-failure.ts'

type Decide = (failure: RecordFailure) => RecordErrorAction | Promise<RecordErrorAction>

export interface ConsumerOptions<K = Buffer, V = Buffer> {
  /** The group whose members share the topics. Needed unless `partitions` are given. */
  readonly groupId?: string | undefined
  /** Names, or patterns that are matched against all topics, those of later included. */
  readonly topics?: readonly (string | RegExp)[] | undefined
  /**
   * Reads just these partitions, without being a member of a group. With a `groupId` offsets are
   * kept under it all the same.
   */
  readonly partitions?: readonly TopicPartition[] | undefined
  /**
   * Where to begin without a committed offset, and when the offset is not in the log any more:
   * true at the beginning, false at the end, `none`: fail with ERR_NO_OFFSET or
   * OFFSET_OUT_OF_RANGE. False when left out, as in KafkaJS.
   */
  readonly fromBeginning?: boolean | 'none' | undefined
  /**
   * Makes it a static member (KIP-345): its partitions stay its own when it goes away, until its
   * session ends. No two members may have the same one.
   */
  readonly groupInstanceId?: string | undefined
  /**
   * In order of preference; all members need one in common. `['cooperative-sticky']` when left out.
   * To move a group from one to another, first let all members have both, then only the new one;
   * for a group of KafkaJS the old one is `RoundRobinAssigner`.
   */
  readonly assignors?: readonly (AssignorName | Assignor)[] | undefined
  /** Its partitions are given to others after this long without a heartbeat; 45 s. */
  readonly sessionTimeoutMs?: number | undefined
  /** 3 s. Heartbeats go on while handlers work, as long as those let the event loop run. */
  readonly heartbeatIntervalMs?: number | undefined
  /**
   * How long a rebalance waits for handlers at work on partitions that are to be given up; 60 s.
   * Then it goes on without them: what they still do may be done twice, and their commits are
   * refused.
   */
  readonly rebalanceTimeoutMs?: number | undefined
  /** Commits what was done, every `autoCommitIntervalMs`, on revoke and on close; true. */
  readonly autoCommit?: boolean | undefined
  /** 5 s. */
  readonly autoCommitIntervalMs?: number | undefined
  /** Bytes that are fetched ahead, for all partitions together; 32 MiB. */
  readonly maxBufferedBytes?: number | undefined
  /** Bytes that are fetched at a time of one partition; up to twice that are buffered; 1 MiB. */
  readonly maxBytesPerPartition?: number | undefined
  /** What a broker waits for before it answers, for at most `maxWaitMs`; 1 byte. */
  readonly minBytes?: number | undefined
  /** 500 ms. */
  readonly maxWaitMs?: number | undefined
  /** `read_committed` sees nothing of open and aborted transactions; `read_uncommitted`. */
  readonly isolationLevel?: 'read_uncommitted' | 'read_committed' | undefined
  /** Where this consumer is: a leader may name a replica in the same place to read from. */
  readonly rackId?: string | undefined
  /** Buffers when left out. */
  readonly key?: Deserializer<K> | undefined
  readonly value?: Deserializer<V> | undefined
  /** What to do about a record or batch that cannot be read; `fail`. */
  readonly onRecordError?: RecordErrorAction | Decide | undefined
  /** Where `deadLetter` sends such records, with what was wrong in headers. */
  readonly deadLetterTopic?: string | undefined
  /**
   * How often handlers may throw within the window before `run` rejects; each time the message is
   * handed out again after a wait. 5 within 60 s.
   */
  readonly restart?: { readonly maxRestarts?: number; readonly windowMs?: number } | undefined
  /** Whether the broker may create topics that are subscribed to by name; false. */
  readonly allowAutoTopicCreation?: boolean | undefined
}

/** The same with nothing left out and everything checked. */
export interface ResolvedConsumerOptions<K, V> {
  readonly groupId: string | undefined
  readonly topics: readonly (string | RegExp)[]
  readonly partitions: readonly TopicPartition[] | undefined
  readonly resetPolicy: ResetPolicy
  readonly groupInstanceId: string | undefined
  readonly assignors: readonly Assignor[]
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly rebalanceTimeoutMs: number
  readonly autoCommit: boolean
  readonly autoCommitIntervalMs: number
  readonly maxBufferedBytes: number
  readonly maxBytesPerPartition: number
  readonly minBytes: number
  readonly maxWaitMs: number
  readonly isReadCommitted: boolean
  readonly rackId: string | undefined
  readonly key: Deserializer<K> | undefined
  readonly value: Deserializer<V> | undefined
  readonly onRecordError: RecordErrorAction | Decide
  readonly deadLetterTopic: string | undefined
  readonly maxRestarts: number
  readonly restartWindowMs: number
  readonly allowAutoTopicCreation: boolean
}

/** Throws ERR_INVALID_ARGUMENT. */
export function resolveConsumerOptions<K, V>(
  options: ConsumerOptions<K, V>,
): ResolvedConsumerOptions<K, V> {
  const { groupId, partitions, topics = [], fromBeginning = false } = options
  if (groupId === undefined && partitions === undefined) {
    throw invalid('a consumer needs a groupId, or partitions to read')
  }
  if (groupId === '') throw invalid('groupId is empty')
  if (partitions !== undefined && topics.length > 0) {
    throw invalid('either topics are subscribed to or partitions are given, not both')
  }
  const sessionTimeoutMs = positive(options, 'sessionTimeoutMs', 45_000)
  const heartbeatIntervalMs = positive(options, 'heartbeatIntervalMs', 3_000)
  if (heartbeatIntervalMs >= sessionTimeoutMs) {
    throw invalid('heartbeatIntervalMs must be less than sessionTimeoutMs; a third is usual')
  }
  const { onRecordError = 'fail', deadLetterTopic } = options
  if (onRecordError === 'deadLetter' && deadLetterTopic === undefined) {
    throw invalid('onRecordError deadLetter needs a deadLetterTopic')
  }
  return {
    groupId,
    topics,
    partitions,
    resetPolicy: fromBeginning === 'none' ? 'none' : fromBeginning ? 'earliest' : 'latest',
    groupInstanceId: options.groupInstanceId,
    assignors: resolveAssignors(options.assignors ?? ['cooperative-sticky']),
    sessionTimeoutMs,
    heartbeatIntervalMs,
    rebalanceTimeoutMs: positive(options, 'rebalanceTimeoutMs', 60_000),
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMs: positive(options, 'autoCommitIntervalMs', 5_000),
    maxBufferedBytes: positive(options, 'maxBufferedBytes', 32 * 1024 * 1024),
    maxBytesPerPartition: positive(options, 'maxBytesPerPartition', 1024 * 1024),
    minBytes: positive(options, 'minBytes', 1),
    maxWaitMs: positive(options, 'maxWaitMs', 500),
    isReadCommitted: options.isolationLevel === 'read_committed',
    rackId: options.rackId,
    key: options.key,
    value: options.value,
    onRecordError,
    deadLetterTopic,
    maxRestarts: options.restart?.maxRestarts ?? 5,
    restartWindowMs: options.restart?.windowMs ?? 60_000,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
  }
}

type NumberName =
  | 'sessionTimeoutMs'
  | 'heartbeatIntervalMs'
  | 'rebalanceTimeoutMs'
  | 'autoCommitIntervalMs'
  | 'maxBufferedBytes'
  | 'maxBytesPerPartition'
  | 'minBytes'
  | 'maxWaitMs'

function positive(
  options: { readonly [N in NumberName]?: number | undefined },
  name: NumberName,
  otherwise: number,
): number {
  const value = options[name] ?? otherwise
  if (Number.isSafeInteger(value) && value > 0 && value < 2 ** 31) return value
  throw invalid(`${name} is a whole number between 1 and 2^31 - 1, not ${value}`)
}

function resolveAssignors(given: readonly (AssignorName | Assignor)[]): readonly Assignor[] {
  if (given.length === 0) throw invalid('a consumer needs at least one assignor')
  return given.map(each => {
    const assignor = typeof each === 'string' ? assignorNamed(each) : each
    if (assignor === undefined) throw invalid(`nobody knows the assignor ${String(each)}`)
    return assignor
  })
}

export function invalid(message: string): KafkaError {
  return new KafkaError('ERR_INVALID_ARGUMENT', message)
}
