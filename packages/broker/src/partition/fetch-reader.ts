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
import type { ParkedFetches } from './parked-fetches.ts'
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

/** Memory that many answers share, as AnswerMemory has it. */
export interface ReadMemory {
  /** Bytes that one more answer may have; 0: one batch; undefined: none at the moment. */
  readonly room: number | undefined
  /** So many were read for an answer that leaves at once. */
  read(bytes: number): void
  /** Calls `run` once when there may be room again. Returns what stops it from that. */
  whenRoom(run: () => void): () => void
}

export interface FetchReaderOptions {
  readonly clock: Clock
  readonly lookup: PartitionLookup
  readonly partitions: readonly FetchPartition[]
  readonly limits: ReadPlanOptions
  readonly maxWaitMs: number
  /** Undefined: a consumer. */
  readonly follower: FollowerId | undefined
  /** Where a follower's fetch waits. */
  readonly parkedFetches: ParkedFetches
  /** A consumer that does not know of reading from followers (KIP-392) must find the leader. */
  readonly leaderOnly: boolean
  /** Undefined: as much as the limits say. */
  readonly memory: ReadMemory | undefined
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
  /** The follower does not want to wait any more. */
  #isReleased = false

  /** Takes note of a follower's progress at once. */
  constructor(options: FetchReaderOptions) {
    this.#options = options
    this.#readings = options.partitions.map(request => this.#begin(request))
  }

  /** One answer per partition asked for, in order. */
  async answer(): Promise<readonly FetchedData[]> {
    const { maxWaitMs, clock } = this.#options
    const deadlineMs = clock.monotonicMs() + maxWaitMs
    for (;;) {
      const remainingMs = deadlineMs - clock.monotonicMs()
      // While it waits nothing is held of what was read and was too little.
      const data = this.#dataUnlessTooLittle(remainingMs > 0)
      if (data !== undefined) return data
      await this.#news(remainingMs)
    }
  }

  #dataUnlessTooLittle(mayWait: boolean): readonly FetchedData[] | undefined {
    const { signal, memory } = this.#options
    const { isSatisfied, data, readBytes } = this.#attempt()
    if (!isSatisfied && mayWait && !this.#isReleased && !signal.aborted) return undefined
    memory?.read(readBytes)
    return data
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

  #attempt() {
    const { limits, memory } = this.#options
    const room = memory === undefined ? limits.maxBytes : memory.room
    const isShort = room !== undefined && room < limits.maxBytes
    const plan = new ReadPlan(isShort ? smaller(limits, room) : limits)
    let mustTell = false
    const data = this.#readings.map(reading => {
      const fetched = this.#read(plan, reading, room !== undefined)
      if (fetched.error !== 'NONE' || fetched.divergingEpoch !== undefined) mustTell = true
      return fetched
    })
    return { isSatisfied: mustTell || plan.isSatisfied, data, readBytes: plan.readBytes }
  }

  #read(plan: ReadPlan, { request, located, verdict }: Reading, hasRoom: boolean): FetchedData {
    const { partition } = located
    if (partition === undefined) return nothing(located, located.error)
    if (verdict !== undefined) return nothing(located, verdict.error, verdict.end)
    const log = partition.readable()
    if (log === undefined || (this.#options.leaderOnly && !log.isLeader)) {
      return nothing(located, 'NOT_LEADER_OR_FOLLOWER')
    }
    const step = plan.next(request, log)
    if (step.kind === 'error') return nothing(located, step.error)
    if (step.kind === 'nothing' || !hasRoom) return found(located, partition, noChunks, 0)
    const { fromOffset, maxBytes, endOffset, atLeastOne } = step
    const result = partition.read(fromOffset, maxBytes, endOffset, atLeastOne)
    if (result === undefined) return nothing(located, 'KAFKA_STORAGE_ERROR')
    const { chunks, sizeBytes } = result
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
    const { clock, signal, follower, parkedFetches, memory } = this.#options
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
      if (follower !== undefined) {
        const release = (): void => {
          this.#isReleased = true
          done()
        }
        leave.push(parkedFetches.park(follower.replicaId, release))
      }
      if (memory !== undefined && memory.room === undefined) leave.push(memory.whenRoom(done))
      for (const { located } of this.#readings) {
        const unsubscribe = located.partition?.subscribe(who, done)
        if (unsubscribe !== undefined) leave.push(unsubscribe)
      }
    })
  }
}

/** Whoever waits for more than there is room for would wait in vain. */
function smaller(limits: ReadPlanOptions, room: number): ReadPlanOptions {
  return { ...limits, maxBytes: room, minBytes: Math.min(limits.minBytes, Math.max(1, room)) }
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
