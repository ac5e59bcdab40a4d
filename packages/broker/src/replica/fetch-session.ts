// Incremental fetch sessions (KIP-227): what a client has asked for and been told, so that requests
// and responses carry only what has changed. The cache of them is in `fetch-session-cache.ts`.

import type { ErrorName } from '@klamm/protocol/errors'

/**
 * A partition as a fetch names it: by topic id (v13 on) or by topic name (before), one or the other
 * throughout a session.
 */
export interface SessionPartition {
  /** Undefined below v13. */
  readonly topicId: string | undefined
  /** Undefined from v13 on. */
  readonly topicName: string | undefined
  readonly partitionIndex: number
}

/** What is asked of one partition. */
export interface FetchPartition extends SessionPartition {
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
  /** -1: not told. */
  readonly currentLeaderEpoch: number
  /** -1: not told. */
  readonly lastFetchedEpoch: number
  /** Of a follower's log; -1 from consumers. */
  readonly logStartOffset: number
}

/** What a response would say of one partition, as far as sessions care. */
export interface PartitionAnswer {
  readonly error: ErrorName
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly sizeInBytes: number
  readonly hasDivergingEpoch: boolean
  /** -1: none. */
  readonly preferredReadReplica: number
}

export const noSession = 0
/** Epoch of a request that opens a session. */
export const initialEpoch = 0
/** Epoch of a request that closes its session, if any, and opens none. */
export const finalEpoch = -1

/** 1, 2, …, 2^31 - 1, 1, …: 0 opens a session and -1 closes it. */
export function nextSessionEpoch(epoch: number): number {
  if (epoch < 0) return finalEpoch
  return epoch === 0x7fffffff ? 1 : epoch + 1
}

export function sessionKey(partition: SessionPartition): string {
  return `${partition.partitionIndex} ${partition.topicId ?? partition.topicName}`
}

/** One partition of a session: what was asked last, what was answered last. */
class CachedPartition {
  request: FetchPartition
  #highWatermark = -1
  #lastStableOffset = -1
  #logStartOffset = -1

  constructor(request: FetchPartition) {
    this.request = request
  }

  /** Whether an incremental response has to tell this; remembers it as told. */
  tell(answer: PartitionAnswer): boolean {
    const hasNews =
      answer.sizeInBytes > 0 ||
      answer.highWatermark !== this.#highWatermark ||
      answer.lastStableOffset !== this.#lastStableOffset ||
      answer.logStartOffset !== this.#logStartOffset ||
      answer.preferredReadReplica >= 0 ||
      answer.hasDivergingEpoch ||
      answer.error !== 'NONE'
    // After an error the partition is told again as soon as it is well.
    this.#highWatermark = answer.error === 'NONE' ? answer.highWatermark : -1
    this.#lastStableOffset = answer.lastStableOffset
    this.#logStartOffset = answer.logStartOffset
    return hasNews
  }
}

export interface SessionOptions {
  readonly id: number
  readonly owner: string
  readonly isFollower: boolean
  readonly usesTopicIds: boolean
  readonly createdMs: number
}

/**
 * Always true: the order of partitions is the order in which they are read next; those that have
 * just had data are last, so that a few busy ones do not starve the others.
 */
export class FetchSession {
  readonly id: number
  readonly owner: string
  readonly isFollower: boolean
  readonly usesTopicIds: boolean
  readonly createdMs: number
  lastUsedMs: number
  /** Of the request that is expected next. */
  #epoch = nextSessionEpoch(initialEpoch)
  readonly #partitions = new Map<string, CachedPartition>()

  constructor(options: SessionOptions) {
    this.id = options.id
    this.owner = options.owner
    this.isFollower = options.isFollower
    this.usesTopicIds = options.usesTopicIds
    this.createdMs = options.createdMs
    this.lastUsedMs = options.createdMs
  }

  get epoch(): number {
    return this.#epoch
  }

  get size(): number {
    return this.#partitions.size
  }

  /** What a request with the expected epoch adds, changes and takes away. */
  update(partitions: readonly FetchPartition[], forgotten: readonly SessionPartition[]): void {
    for (const partition of partitions) {
      const key = sessionKey(partition)
      const cached = this.#partitions.get(key)
      if (cached === undefined) this.#partitions.set(key, new CachedPartition(partition))
      else cached.request = partition
    }
    for (const partition of forgotten) this.#partitions.delete(sessionKey(partition))
  }

  advanceEpoch(): void {
    this.#epoch = nextSessionEpoch(this.#epoch)
  }

  requests(): FetchPartition[] {
    const requests: FetchPartition[] = []
    for (const cached of this.#partitions.values()) requests.push(cached.request)
    return requests
  }

  /** Whether the response has to tell this; see `CachedPartition`. */
  tell(partition: FetchPartition, answer: PartitionAnswer): boolean {
    const key = sessionKey(partition)
    const cached = this.#partitions.get(key)
    // Forgotten by a later request while this one was waiting.
    if (cached === undefined) return true
    const hasNews = cached.tell(answer)
    if (answer.sizeInBytes > 0) {
      this.#partitions.delete(key)
      this.#partitions.set(key, cached)
    }
    return hasNews
  }
}
