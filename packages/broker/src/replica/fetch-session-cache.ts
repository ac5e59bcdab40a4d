// The fetch sessions of one broker: which one a request belongs to, which partitions it is about,
// what its response tells, and who makes room when the slots are used up (KIP-227).

import { assert, type Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import {
  type FetchPartition,
  FetchSession,
  finalEpoch,
  initialEpoch,
  noSession,
  type PartitionAnswer,
  type SessionPartition,
} from './fetch-session.ts'

export interface SessionRequest {
  /** 0: none. */
  readonly sessionId: number
  /** 0: full, opens a session; -1: full, closes it; else the one that the session expects. */
  readonly sessionEpoch: number
  /** Fetch v13 and later. */
  readonly usesTopicIds: boolean
  /** Sessions of followers push out those of consumers when slots are rare. */
  readonly isFollower: boolean
  /** Principal: nobody uses the session of another one, whatever id is guessed. */
  readonly owner: string
  readonly partitions: readonly FetchPartition[]
  readonly forgotten: readonly SessionPartition[]
}

export interface FetchSessionCacheOptions {
  /** max.incremental.fetch.session.cache.slots; 0 switches sessions off. */
  readonly maxSlots: number
  /** A session not used for so long makes room for any other. Kafka: 120,000. */
  readonly evictionMs: number
  readonly random: Random
}

/** How a response begins, and which partitions it tells of. */
export interface FetchAnswer {
  /** Of the response as a whole; then it has no partitions. */
  readonly error: ErrorName
  /** 0: no session. */
  readonly sessionId: number
  /** Indexes into the context's partitions, in order. */
  readonly included: readonly number[]
}

/** One fetch in progress. */
export interface FetchContext {
  /** Why the request as a whole fails; then there are no partitions. */
  readonly error: ErrorName
  /** What to read, in this order. */
  readonly partitions: readonly FetchPartition[]
  /** For `FetchSessionCache.answer`. */
  readonly session: FetchSession | undefined
  readonly request: SessionRequest
  /** Epoch of the session after this request; another one then means that it was sent twice. */
  readonly epochAfter: number
}

/**
 * Always true: at most `maxSlots` sessions; ids are unpredictable and positive.
 */
export class FetchSessionCache {
  readonly #options: FetchSessionCacheOptions
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()
  #evictions = 0

  constructor(options: FetchSessionCacheOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Sessions that were pushed out so far. */
  get evictions(): number {
    return this.#evictions
  }

  get(sessionId: number): FetchSession | undefined {
    return this.#sessions.get(sessionId)
  }

  /** A Fetch request has arrived. */
  begin(request: SessionRequest, nowMs: number): FetchContext {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === initialEpoch || sessionEpoch === finalEpoch) {
      // A full request ends the session that it names.
      if (this.#owned(request) !== undefined) this.#sessions.delete(sessionId)
      return context(request, request.partitions, undefined)
    }
    const session = this.#owned(request)
    if (session === undefined) return failed(request, 'FETCH_SESSION_ID_NOT_FOUND')
    if (session.epoch !== sessionEpoch) return failed(request, 'INVALID_FETCH_SESSION_EPOCH')
    if (session.usesTopicIds !== request.usesTopicIds) {
      return failed(request, 'FETCH_SESSION_TOPIC_ID_ERROR')
    }
    session.update(request.partitions, request.forgotten)
    if (session.size === 0) {
      this.#sessions.delete(session.id)
      return context(request, [], undefined)
    }
    session.advanceEpoch()
    this.#touch(session, nowMs)
    return context(request, session.requests(), session)
  }

  /**
   * Decides what the response tells, right before it is sent and once: `answers[i]` is for
   * `context.partitions[i]`.
   */
  answer(fetch: FetchContext, answers: readonly PartitionAnswer[], nowMs: number): FetchAnswer {
    const { error, partitions, session, request } = fetch
    if (error !== 'NONE') return { error, sessionId: noSession, included: [] }
    assert(answers.length === partitions.length, 'every partition of a fetch is answered')
    if (session === undefined) {
      const opened = request.sessionEpoch === initialEpoch ? this.#open(request, nowMs) : undefined
      const included: number[] = []
      for (let i = 0; i < partitions.length; i++) {
        opened?.tell(partitions[i] as FetchPartition, answers[i] as PartitionAnswer)
        included.push(i)
      }
      return { error: 'NONE', sessionId: opened?.id ?? noSession, included }
    }
    if (session.epoch !== fetch.epochAfter) {
      return { error: 'INVALID_FETCH_SESSION_EPOCH', sessionId: session.id, included: [] }
    }
    const included: number[] = []
    for (let i = 0; i < partitions.length; i++) {
      if (session.tell(partitions[i] as FetchPartition, answers[i] as PartitionAnswer)) {
        included.push(i)
      }
    }
    return { error: 'NONE', sessionId: session.id, included }
  }

  #owned({ sessionId, owner }: SessionRequest): FetchSession | undefined {
    const session = this.#sessions.get(sessionId)
    return session?.owner === owner ? session : undefined
  }

  #touch(session: FetchSession, nowMs: number): void {
    session.lastUsedMs = nowMs
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }

  #open(request: SessionRequest, nowMs: number): FetchSession | undefined {
    const { owner, isFollower, usesTopicIds, partitions } = request
    if (partitions.length === 0) return undefined
    if (this.#sessions.size >= this.#options.maxSlots && !this.#evictFor(request, nowMs)) {
      return undefined
    }
    const id = this.#newId()
    const session = new FetchSession({ id, owner, isFollower, usesTopicIds, createdMs: nowMs })
    session.update(partitions, [])
    this.#sessions.set(id, session)
    return session
  }

  /**
   * Makes room for a new session: the least recently used one goes if it is stale. Else the least
   * valuable one that is old enough to have been of use, or that is a consumer's when a follower
   * asks, if it is not worth more than the new one. Followers are worth more than consumers, many
   * partitions more than few.
   */
  #evictFor(request: SessionRequest, nowMs: number): boolean {
    const { evictionMs } = this.#options
    let least: FetchSession | undefined
    for (const session of this.#sessions.values()) {
      if (nowMs - session.lastUsedMs > evictionMs) return this.#evict(session)
      const isOld = nowMs - session.createdMs > evictionMs
      if (!isOld && !(request.isFollower && !session.isFollower)) continue
      if (least === undefined || isWorthLess(session, least)) least = session
    }
    if (least === undefined) return false
    const newcomer = { isFollower: request.isFollower, size: request.partitions.length }
    return isWorthLess(newcomer, least) ? false : this.#evict(least)
  }

  #evict(session: FetchSession): true {
    this.#sessions.delete(session.id)
    this.#evictions += 1
    return true
  }

  #newId(): number {
    for (;;) {
      const id = 1 + this.#options.random.below(0x7fffffff - 1)
      if (!this.#sessions.has(id)) return id
    }
  }
}

type Worth = Pick<FetchSession, 'isFollower' | 'size'>

function isWorthLess(a: Worth, b: Worth): boolean {
  return a.isFollower === b.isFollower ? a.size < b.size : b.isFollower
}

function context(
  request: SessionRequest,
  partitions: readonly FetchPartition[],
  session: FetchSession | undefined,
): FetchContext {
  return { error: 'NONE', partitions, session, request, epochAfter: session?.epoch ?? 0 }
}

function failed(request: SessionRequest, error: ErrorName): FetchContext {
  return { error, partitions: [], session: undefined, request, epochAfter: 0 }
}
