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
  /**
   * Decides what the response tells, right before it is sent and once: `answers[i]` is for
   * `partitions[i]`.
   */
  respond(answers: readonly PartitionAnswer[], nowMs: number): FetchAnswer
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
      return new WholeFetch(request.partitions, answeredMs =>
        sessionEpoch === initialEpoch ? this.#open(request, answeredMs) : undefined,
      )
    }
    const session = this.#owned(request)
    if (session === undefined) return new FailedFetch('FETCH_SESSION_ID_NOT_FOUND')
    if (session.epoch !== sessionEpoch) return new FailedFetch('INVALID_FETCH_SESSION_EPOCH')
    if (session.usesTopicIds !== request.usesTopicIds) {
      return new FailedFetch('FETCH_SESSION_TOPIC_ID_ERROR')
    }
    session.update(request.partitions, request.forgotten)
    if (session.size === 0) {
      this.#sessions.delete(session.id)
      return new WholeFetch([], () => undefined)
    }
    session.advanceEpoch()
    this.#touch(session, nowMs)
    return new SessionFetch(session)
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

/** Not part of a session yet: tells of all its partitions, and may open one. */
class WholeFetch implements FetchContext {
  readonly error = 'NONE'
  readonly partitions: readonly FetchPartition[]
  readonly #open: (nowMs: number) => FetchSession | undefined

  constructor(
    partitions: readonly FetchPartition[],
    open: (nowMs: number) => FetchSession | undefined,
  ) {
    this.partitions = partitions
    this.#open = open
  }

  respond(answers: readonly PartitionAnswer[], nowMs: number): FetchAnswer {
    assert(answers.length === this.partitions.length, 'every partition of a fetch is answered')
    const session = this.#open(nowMs)
    const included: number[] = []
    for (let i = 0; i < answers.length; i++) {
      session?.tell(this.partitions[i] as FetchPartition, answers[i] as PartitionAnswer)
      included.push(i)
    }
    return { error: 'NONE', sessionId: session?.id ?? noSession, included }
  }
}

/** Tells what has changed since the last response of its session. */
class SessionFetch implements FetchContext {
  readonly error = 'NONE'
  readonly partitions: readonly FetchPartition[]
  readonly #session: FetchSession
  /** Another one when the response is due means that the request was sent twice. */
  readonly #epoch: number

  constructor(session: FetchSession) {
    this.#session = session
    this.#epoch = session.epoch
    this.partitions = session.requests()
  }

  respond(answers: readonly PartitionAnswer[]): FetchAnswer {
    assert(answers.length === this.partitions.length, 'every partition of a fetch is answered')
    const { id: sessionId, epoch } = this.#session
    if (epoch !== this.#epoch) {
      return { error: 'INVALID_FETCH_SESSION_EPOCH', sessionId, included: [] }
    }
    const included: number[] = []
    for (let i = 0; i < answers.length; i++) {
      const partition = this.partitions[i] as FetchPartition
      if (this.#session.tell(partition, answers[i] as PartitionAnswer)) included.push(i)
    }
    return { error: 'NONE', sessionId, included }
  }
}

class FailedFetch implements FetchContext {
  readonly error: ErrorName
  readonly partitions: readonly FetchPartition[] = []

  constructor(error: ErrorName) {
    this.error = error
  }

  respond(): FetchAnswer {
    return { error: this.error, sessionId: noSession, included: [] }
  }
}
