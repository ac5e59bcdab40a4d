// Incremental fetch sessions (KIP-227): what a client has asked for and been told, so that requests
// and responses carry only what has changed.

import type { Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'

/**
 * A partition as a fetch names it: by topic id (v13 on) or by topic name (before), never both in
 * one session.
 */
export interface SessionPartition {
  /** Undefined below v13. */
  readonly topicId: string | undefined
  /** As sent below v13, else as the driver knows it; undefined for an unknown id. */
  readonly topicName: string | undefined
  readonly partitionIndex: number
}

/** What is asked of one partition, as kept by the session. */
export interface FetchPartition extends SessionPartition {
  readonly fetchOffset: number
  readonly partitionMaxBytes: number
  readonly currentLeaderEpoch: number
  readonly lastFetchedEpoch: number
  /** Of a follower; -1 from consumers. */
  readonly logStartOffset: number
}

export interface SessionRequest {
  /** 0: none. */
  readonly sessionId: number
  /** 0: full, opens a session; -1: full, closes; else the next one of the session. */
  readonly sessionEpoch: number
  readonly usesTopicIds: boolean
  /** A follower: its sessions push out those of consumers when slots are rare. */
  readonly isFollower: boolean
  /** Principal and connection class: nobody uses another one's session. */
  readonly owner: string
  readonly partitions: readonly FetchPartition[]
  readonly forgotten: readonly SessionPartition[]
}

/** What a response says of one partition, as far as sessions care. */
export interface FetchedState {
  readonly error: ErrorName
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly sizeInBytes: number
  readonly hasDivergingEpoch: boolean
  readonly preferredReadReplica: number
}

export interface FetchSessionCacheOptions {
  /** max.incremental.fetch.session.cache.slots */
  readonly maxSlots: number
  /** Sessions not used for so long make room for any other. Kafka: 120,000. */
  readonly evictionMs: number
  readonly random: Random
}

/** One fetch in progress. `partitions` are to be read in this order. */
export interface FetchContext {
  /** NONE, or why the request as a whole fails; then there are no partitions. */
  readonly error: ErrorName
  readonly partitions: readonly FetchPartition[]
  /**
   * Decides which partitions the response has, before it is sent: `states[i]` is of
   * `partitions[i]`. Call it exactly once.
   */
  respond(states: readonly FetchedState[], nowMs: number): FetchAnswer
}

export interface FetchAnswer {
  /** 0: no session. */
  readonly sessionId: number
  /** Indexes into `partitions` of those that the response tells of, in order. */
  readonly included: readonly number[]
}

export declare class FetchSessionCache {
  constructor(options: FetchSessionCacheOptions)
  get size(): number
  begin(request: SessionRequest, nowMs: number): FetchContext
}
