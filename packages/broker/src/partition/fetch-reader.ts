// Answers the partitions of one Fetch request: reads what the plan allows, and waits for more when
// there is too little. Consumers and followers alike.

import type { Clock, Timer } from '@klamm/base/env'
import type { ErrorName } from '@klamm/protocol/errors'
import {
  type EpochEnd,
  type FetchPartition,
  type Isolation,
  ReadPlan,
  type ReadPlanOptions,
} from '../replica/index.ts'
import type { Located, PartitionLookup } from './lookup.ts'
import type { Partition } from './partition.ts'

/** What the response says of one partition. */
export interface FetchedData {
  readonly located: Located
  readonly error: ErrorName
  /** -1 when unknown. */
  readonly highWatermark: number
  readonly lastStableOffset: number
  readonly logStartOffset: number
  readonly divergingEpoch: EpochEnd | undefined
  /** Whole batches as stored; empty: none. */
  readonly chunks: readonly Uint8Array[]
  readonly sizeInBytes: number
}

export interface FollowerId {
  readonly replicaId: number
  readonly brokerEpoch: number
}

export interface FetchReaderOptions {
  readonly clock: Clock
  readonly lookup: PartitionLookup
  readonly partitions: readonly FetchPartition[]
  readonly limits: ReadPlanOptions
  readonly maxWaitMs: number
  /** Undefined: a consumer. */
  readonly follower: FollowerId | undefined
  readonly signal: AbortSignal
}

interface Reading {
  readonly request: FetchPartition
  readonly located: Located
  /** Decided on arrival: what a follower's fetch is answered with instead of data. */
  readonly verdict: { readonly error: ErrorName; readonly end: EpochEnd | undefined } | undefined
}

export class FetchReader {
  readonly #options: FetchReaderOptions
  readonly #readings: readonly Reading[]

  /** Takes note of a follower's progress at once. */
  constructor(options: FetchReaderOptions) {
    this.#options = options
    this.#readings = options.partitions.map(request => this.#begin(request))
  }

  /** One answer per partition asked for, in order. */
  async answer(): Promise<readonly FetchedData[]> {
    let attempt = this.#attempt()
    const { maxWaitMs, clock, signal } = this.#options
    if (attempt.isSatisfied || maxWaitMs <= 0) return attempt.data
    const deadlineMs = clock.monotonicMs() + maxWaitMs
    while (!attempt.isSatisfied && !signal.aborted) {
      const remainingMs = deadlineMs - clock.monotonicMs()
      if (remainingMs <= 0) break
      await this.#news(remainingMs)
      attempt = this.#attempt()
    }
    return attempt.data
  }

  #begin(request: FetchPartition): Reading {
    const { topicId, topicName, partitionIndex } = request
    const located = this.#options.lookup.find(topicId, topicName, partitionIndex)
    const { follower } = this.#options
    const partition = located.partition
    if (partition === undefined || follower === undefined) {
      return { request, located, verdict: undefined }
    }
    return { request, located, verdict: this.#followerFetched(request, partition, follower) }
  }

  #followerFetched(
    request: FetchPartition,
    partition: Partition,
    { replicaId, brokerEpoch }: FollowerId,
  ): Reading['verdict'] {
    const { leader } = partition
    if (leader === undefined) return { error: 'NOT_LEADER_OR_FOLLOWER', end: undefined }
    const result = leader.followerFetched({
      replicaId,
      brokerEpoch,
      currentLeaderEpoch: request.currentLeaderEpoch,
      fetchOffset: request.fetchOffset,
      lastFetchedEpoch: request.lastFetchedEpoch,
      logStartOffset: request.logStartOffset,
      nowMs: this.#options.clock.monotonicMs(),
    })
    partition.performLeader(leader)
    if (result.kind === 'read') return undefined
    if (result.kind === 'diverging') return { error: 'NONE', end: result.end }
    return { error: result.error, end: undefined }
  }

  #attempt(): { readonly isSatisfied: boolean; readonly data: readonly FetchedData[] } {
    const plan = new ReadPlan(this.#options.limits)
    let mustTell = false
    const data = this.#readings.map(reading => {
      const fetched = this.#read(plan, reading)
      if (fetched.error !== 'NONE' || fetched.divergingEpoch !== undefined) mustTell = true
      return fetched
    })
    return { isSatisfied: mustTell || plan.isSatisfied, data }
  }

  #read(plan: ReadPlan, { request, located, verdict }: Reading): FetchedData {
    const { partition } = located
    if (partition === undefined) return nothing(located, located.error)
    if (verdict !== undefined) return nothing(located, verdict.error, verdict.end)
    const log = partition.readable()
    if (log === undefined) return nothing(located, 'NOT_LEADER_OR_FOLLOWER')
    const step = plan.next(request, log)
    if (step.kind === 'error') return nothing(located, step.error)
    if (step.kind === 'nothing') return found(located, partition, noChunks, 0)
    const { chunks, sizeBytes } = partition.log.read(
      step.fromOffset,
      step.maxBytes,
      step.endOffset,
      step.atLeastOne,
    )
    plan.read(sizeBytes)
    this.#notePropagation(partition)
    return found(located, partition, chunks, sizeBytes)
  }

  #notePropagation(partition: Partition): void {
    const { follower } = this.#options
    if (follower === undefined) return
    partition.leader?.highWatermarkSent(follower.replicaId, partition.highWatermark)
  }

  /** Resolves when one of the partitions has news, the time is up, or nobody waits any more. */
  #news(timeoutMs: number): Promise<void> {
    const { clock, signal, follower } = this.#options
    const who = follower === undefined ? 'consumer' : 'follower'
    return new Promise(resolve => {
      const leave: (() => void)[] = []
      let timer: Timer | undefined
      const done = (): void => {
        timer?.cancel()
        signal.removeEventListener('abort', done)
        for (const each of leave) each()
        resolve()
      }
      timer = clock.setTimer(timeoutMs, done)
      signal.addEventListener('abort', done)
      for (const { located } of this.#readings) {
        const unsubscribe = located.partition?.subscribe(who, done)
        if (unsubscribe !== undefined) leave.push(unsubscribe)
      }
    })
  }
}

export function isolationOf(follower: FollowerId | undefined, isolationLevel: number): Isolation {
  if (follower !== undefined) return 'replica'
  return isolationLevel === 1 ? 'readCommitted' : 'readUncommitted'
}

const noChunks: readonly Uint8Array[] = []

function nothing(located: Located, error: ErrorName, end?: EpochEnd): FetchedData {
  return {
    located,
    error,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: located.partition?.log.logStartOffset ?? -1,
    divergingEpoch: end,
    chunks: noChunks,
    sizeInBytes: 0,
  }
}

function found(
  located: Located,
  partition: Partition,
  chunks: readonly Uint8Array[],
  sizeInBytes: number,
): FetchedData {
  return {
    located,
    error: 'NONE',
    highWatermark: partition.highWatermark,
    lastStableOffset: partition.highWatermark,
    logStartOffset: partition.log.logStartOffset,
    divergingEpoch: undefined,
    chunks,
    sizeInBytes,
  }
}
