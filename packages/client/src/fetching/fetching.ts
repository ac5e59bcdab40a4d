// Decides for all partitions of a consumer what to ask which broker for, and takes in the answers:
// which bytes are buffered, from where to go on, what a strange answer means. Its driver sends.
//
// Buffers are bounded in bytes, and every partition has its share: one that nobody reads from holds
// up no other one.

import { assert, backoffMs, type Random, zeroUuid } from '@klamm/base'
import { type ErrorName, errorNameOf } from '@klamm/protocol/errors'
import { fetchActionFor } from './actions.ts'
import type {
  FetchedPartition,
  FetchingEffect,
  FetchingOptions,
  FetchPlan,
  PlannedPartition,
  TopicLeaders,
} from './effects.ts'
import { FetchPartition } from './fetch-partition.ts'
import { FetchSession, type PartitionAsk } from './fetch-session.ts'
import { fetchedRecords } from './fetched-batches.ts'
import { Positions } from './positions.ts'

/** What is asked of a partition at least, however many there are. */
const minShareBytes = 16_384

/** After so many answers in a row that are no batches the partition is given up. */
const maxGarbageAnswers = 5

interface Source {
  readonly session: FetchSession
  inFlight: FetchPlan | undefined
  express: FetchPlan | undefined
  retryAtMs: number
  failures: number
}

/**
 * Always true: `#bufferedBytes` is the sum over all partitions; `#askedBytes` that over all plans
 * that are not answered.
 */
export class Fetching {
  readonly positions: Positions
  readonly #options: FetchingOptions
  readonly #random: Random
  readonly #partitions = new Map<string, FetchPartition>()
  readonly #topics = new Map<string, TopicLeaders>()
  readonly #sources = new Map<number, Source>()
  #shareBytes = 0
  #askedBytes = 0
  #planCount = 0
  #effects: FetchingEffect[] = []

  constructor(options: FetchingOptions, random: Random) {
    this.#options = options
    this.#random = random
    this.positions = new Positions({
      resetPolicy: options.resetPolicy,
      partitions: () => this.#partitions.values(),
      onEffect: effect => this.#effects.push(effect),
      backOff: (partition, nowMs) => this.#backOff(partition, nowMs),
    })
    this.#reckonShares()
  }

  get partitions(): Iterable<FetchPartition> {
    return this.#partitions.values()
  }

  get bufferedBytes(): number {
    let sum = 0
    for (const { bufferedBytes } of this.#partitions.values()) sum += bufferedBytes
    return sum
  }

  get askedBytes(): number {
    return this.#askedBytes
  }

  partition(topic: string, partition: number): FetchPartition | undefined {
    return this.#partitions.get(`${topic}-${partition}`)
  }

  takeEffects(): readonly FetchingEffect[] {
    if (this.#effects.length === 0) return noEffects
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  add(topic: string, partition: number): FetchPartition {
    const added = new FetchPartition(topic, partition)
    assert(!this.#partitions.has(added.key), 'a partition is added once', () => added.key)
    this.#partitions.set(added.key, added)
    this.#reckonShares()
    this.positions.leaderKnown(added, this.#topics.get(topic)?.partitions[partition])
    return added
  }

  /** What is buffered is dropped; answers that are under way are ignored. */
  remove(partition: FetchPartition): void {
    if (this.#partitions.get(partition.key) !== partition) return
    partition.reposition()
    this.#partitions.delete(partition.key)
    this.#reckonShares()
  }

  pause(partition: FetchPartition): void {
    partition.isPaused = true
    this.#reckonShares()
  }

  resume(partition: FetchPartition): void {
    partition.isPaused = false
    this.#reckonShares()
  }

  /** What metadata says of a topic; undefined when it is gone. */
  topicKnown(topic: string, leaders: TopicLeaders | undefined): void {
    if (leaders === undefined) this.#topics.delete(topic)
    else this.#topics.set(topic, leaders)
    for (const partition of this.#partitions.values()) {
      if (partition.topic !== topic) continue
      this.positions.leaderKnown(partition, leaders?.partitions[partition.partition])
    }
  }

  /** Whether taking something from the partition has made room to ask for more. */
  wantsMore(partition: FetchPartition): boolean {
    if (partition.coveredBy !== undefined || partition.phase !== 'fetching') return false
    return this.#roomBytes(partition) > 0
  }

  /** The requests to send now; each is answered by `answered` or `lost`. */
  plans(nowMs: number): readonly FetchPlan[] {
    const bySource = new Map<number, FetchPartition[]>()
    for (const partition of this.#partitions.values()) {
      if (!this.#isFetchable(partition, nowMs)) continue
      const sourceId = partition.sourceId(nowMs)
      const known = bySource.get(sourceId)
      if (known === undefined) bySource.set(sourceId, [partition])
      else known.push(partition)
    }
    const plans: FetchPlan[] = []
    for (const [brokerId, partitions] of bySource) {
      const source = this.#source(brokerId)
      if (nowMs < source.retryAtMs) continue
      const plan = this.#plan(brokerId, source, partitions)
      if (plan !== undefined) plans.push(plan)
    }
    return plans
  }

  /** When `plans` or the questions of `positions` may say more without anything else happening. */
  nextDeadlineMs(nowMs: number): number | undefined {
    let atMs = Number.POSITIVE_INFINITY
    for (const partition of this.#partitions.values()) {
      if (partition.retryAtMs > nowMs && partition.retryAtMs < atMs) atMs = partition.retryAtMs
    }
    for (const { retryAtMs } of this.#sources.values()) {
      if (retryAtMs > nowMs && retryAtMs < atMs) atMs = retryAtMs
    }
    return atMs === Number.POSITIVE_INFINITY ? undefined : atMs
  }

  /** One partition of an answer; all of them come before `answered`. */
  partitionAnswered(plan: FetchPlan, key: string, data: FetchedPartition, nowMs: number): void {
    const planned = plan.partitions.get(key)
    if (planned === undefined || !this.#isCurrent(planned)) return
    const { partition } = planned
    const error = errorNameOf(data.errorCode)
    if (error === 'NONE') this.#take(plan, partition, data, nowMs)
    else this.#refused(plan, partition, error, data, nowMs)
  }

  /** The answer as a whole, after its partitions. */
  answered(plan: FetchPlan, error: ErrorName, sessionId: number, nowMs: number): void {
    const source = this.#source(plan.brokerId)
    this.#settle(plan, source)
    if (!plan.isExpress) source.session.answered(error, sessionId)
    if (error === 'NONE') {
      source.failures = 0
      return
    }
    this.#sourceFailed(source, nowMs)
    // A session that the broker forgot is begun anew at once, unless that happens again.
    if (sessionErrors.has(error) && source.failures === 1) source.retryAtMs = nowMs
    const action = fetchActionFor('fetch', error)
    for (const { partition } of plan.partitions.values()) {
      if (action === 'refresh') this.#effects.push({ kind: 'refresh', topic: partition.topic })
      if (action === 'fail') this.#fail(partition, error, `Fetch was refused: ${error}`)
    }
  }

  /** No answer came: the broker may be down, and others may lead its partitions. */
  lost(plan: FetchPlan, nowMs: number): void {
    const source = this.#source(plan.brokerId)
    this.#settle(plan, source)
    if (!plan.isExpress) source.session.restart()
    this.#sourceFailed(source, nowMs)
    const topics = new Set<string>()
    for (const { partition } of plan.partitions.values()) {
      if (partition.readReplicaId === plan.brokerId) partition.readReplicaId = -1
      topics.add(partition.topic)
    }
    for (const topic of topics) this.#effects.push({ kind: 'refresh', topic })
  }

  #isFetchable(partition: FetchPartition, nowMs: number): boolean {
    return (
      partition.phase === 'fetching' &&
      partition.coveredBy === undefined &&
      !partition.isPaused &&
      nowMs >= partition.retryAtMs &&
      partition.leaderId >= 0 &&
      this.#roomBytes(partition) > 0
    )
  }

  /** How much to ask for; 0 when what is buffered is enough for now. */
  #roomBytes({ bufferedBytes, nextBatchBytes }: FetchPartition): number {
    const limitBytes = Math.min(2 * this.#options.maxBytesPerPartition, this.#shareBytes)
    const roomBytes = Math.min(this.#options.maxBytesPerPartition, limitBytes - bufferedBytes)
    if (2 * roomBytes < limitBytes) return 0
    return Math.max(roomBytes, nextBatchBytes)
  }

  #reckonShares(): void {
    let active = 0
    for (const { isPaused } of this.#partitions.values()) if (!isPaused) active += 1
    const share = Math.floor(this.#options.maxBufferedBytes / Math.max(1, active))
    this.#shareBytes = Math.max(minShareBytes, share)
  }

  #plan(
    brokerId: number,
    source: Source,
    partitions: readonly FetchPartition[],
  ): FetchPlan | undefined {
    const isExpress = source.inFlight !== undefined
    let chosen = partitions
    if (isExpress) {
      if (source.express !== undefined) return undefined
      const parked = source.inFlight?.id
      chosen = partitions.filter(({ caughtUpDuring }) => caughtUpDuring !== parked)
    }
    const roomBytes = this.#makeRoom()
    if (chosen.length === 0 || roomBytes <= 0) return undefined
    this.#planCount += 1
    const id = this.#planCount
    const planned = new Map<string, PlannedPartition>()
    const asks: PartitionAsk[] = []
    let wantedBytes = 0
    // Another one is first each time: the first is sent one batch in any case.
    const first = id % chosen.length
    for (let i = 0; i < chosen.length; i++) {
      const partition = chosen[(first + i) % chosen.length]
      if (partition === undefined) continue
      const maxBytes = this.#roomBytes(partition)
      wantedBytes += maxBytes
      const { key, version, fetchOffset } = partition
      planned.set(key, { partition, version, fetchOffset })
      asks.push(this.#askOf(partition, maxBytes))
      partition.coveredBy = id
    }
    const usesTopicIds = asks.every(({ topicId }) => topicId !== zeroUuid)
    const request = isExpress
      ? { sessionId: 0, sessionEpoch: -1, asks, forgotten: [], usesTopicIds }
      : source.session.request(asks, usesTopicIds)
    const maxBytes = Math.min(roomBytes, wantedBytes)
    const plan = { id, brokerId, isExpress, request, partitions: planned, maxBytes }
    this.#askedBytes += maxBytes
    if (isExpress) source.express = plan
    else source.inFlight = plan
    return plan
  }

  #askOf(partition: FetchPartition, maxBytes: number): PartitionAsk {
    const { key, topic, fetchOffset, leaderEpoch } = partition
    return {
      key,
      topic,
      topicId: this.#topics.get(topic)?.topicId ?? zeroUuid,
      partition: partition.partition,
      fetchOffset,
      // A replica that only follows is asked by offset alone.
      leaderEpoch: partition.readReplicaId >= 0 ? -1 : leaderEpoch,
      maxBytes,
    }
  }

  /** Bytes that may be asked for. What paused partitions hold is dropped before anybody waits. */
  #makeRoom(): number {
    let roomBytes = this.#options.maxBufferedBytes - this.bufferedBytes - this.#askedBytes
    for (const partition of this.#partitions.values()) {
      if (roomBytes >= this.#shareBytes) break
      if (partition.isPaused && partition.hasBatches) roomBytes += partition.evict()
    }
    return roomBytes
  }

  #settle(plan: FetchPlan, source: Source): void {
    const parked = source.inFlight?.id
    if (plan.isExpress) source.express = undefined
    else source.inFlight = undefined
    this.#askedBytes -= plan.maxBytes
    for (const planned of plan.partitions.values()) {
      const { partition } = planned
      if (partition.coveredBy !== plan.id) continue
      partition.coveredBy = undefined
      // Nothing new came: whatever is produced next, the session fetch after this one will tell.
      const isCaughtUp = plan.isExpress && partition.fetchOffset === planned.fetchOffset
      partition.caughtUpDuring = isCaughtUp ? parked : undefined
    }
  }

  #isCurrent({ partition, version, fetchOffset }: PlannedPartition): boolean {
    if (this.#partitions.get(partition.key) !== partition) return false
    return partition.version === version && partition.fetchOffset === fetchOffset
  }

  #take(plan: FetchPlan, partition: FetchPartition, data: FetchedPartition, nowMs: number): void {
    partition.highWatermark = data.highWatermark
    partition.lastStableOffset = data.lastStableOffset
    partition.logStartOffset = data.logStartOffset
    const { preferredReadReplica, records } = data
    if (preferredReadReplica >= 0 && preferredReadReplica !== plan.brokerId) {
      partition.readReplicaId = preferredReadReplica
      partition.readReplicaUntilMs = nowMs + this.#options.readReplicaMs
    }
    if (records === null || records.length === 0) {
      partition.failures = 0
      return
    }
    const aborted = this.#options.isReadCommitted ? data.abortedTransactions : null
    const fetched = fetchedRecords(records, partition.fetchOffset, aborted)
    partition.nextBatchBytes = fetched.cutBatchBytes
    partition.fetched(fetched.batches, fetched.leaderEpoch)
    if (fetched.problem === undefined) partition.failures = 0
    else this.#garbage(partition, fetched.problem, nowMs)
  }

  /** Bytes that are no batches, perhaps damaged under way: asked for again, for a while. */
  #garbage(partition: FetchPartition, problem: string, nowMs: number): void {
    if (partition.hasBatches) return
    this.#backOff(partition, nowMs)
    const message = `${partition.key} at offset ${partition.fetchOffset}: ${problem}`
    if (partition.failures >= maxGarbageAnswers) this.#fail(partition, 'CORRUPT_MESSAGE', message)
    else this.#effects.push({ kind: 'note', isWarning: true, message })
  }

  #refused(
    plan: FetchPlan,
    partition: FetchPartition,
    error: ErrorName,
    data: FetchedPartition,
    nowMs: number,
  ): void {
    const { topic } = partition
    const isFromReplica = partition.readReplicaId === plan.brokerId
    partition.readReplicaId = -1
    const { leaderId, leaderEpoch } = data.currentLeader
    if (leaderId >= 0) {
      const at = partition.partition
      this.#effects.push({ kind: 'leaderHint', topic, partition: at, leaderId, leaderEpoch })
    }
    const action = fetchActionFor('fetch', error)
    // A follower may lag behind or have lost what its leader has: only the leader knows.
    if (isFromReplica && action !== 'fail') return
    switch (action) {
      case 'fail':
        this.#fail(partition, error, `Fetch of ${partition.key} was refused: ${error}`)
        return
      case 'reset':
        // What is buffered was fine when it was read: it is handed out first.
        if (partition.hasBatches || partition.bufferedBytes > 0) this.#backOff(partition, nowMs)
        else this.positions.outOfRange(partition)
        return
      case 'refresh':
        this.#effects.push({ kind: 'refresh', topic })
        break
      default:
    }
    this.#backOff(partition, nowMs)
  }

  #backOff(partition: FetchPartition, nowMs: number): void {
    partition.failures += 1
    const waitMs = backoffMs(this.#options.retry, partition.failures, this.#random)
    partition.retryAtMs = nowMs + waitMs
  }

  #sourceFailed(source: Source, nowMs: number): void {
    source.failures += 1
    source.retryAtMs = nowMs + backoffMs(this.#options.retry, source.failures, this.#random)
  }

  #fail(partition: FetchPartition, error: ErrorName, message: string): void {
    // Nothing more is asked of it until somebody seeks.
    partition.retryAtMs = Number.POSITIVE_INFINITY
    this.#effects.push({ kind: 'failed', partition, error, message })
  }

  #source(brokerId: number): Source {
    const known = this.#sources.get(brokerId)
    if (known !== undefined) return known
    const session = new FetchSession()
    const source = { session, inFlight: undefined, express: undefined, retryAtMs: 0, failures: 0 }
    this.#sources.set(brokerId, source)
    return source
  }
}

const sessionErrors: ReadonlySet<ErrorName> = new Set([
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'FETCH_SESSION_TOPIC_ID_ERROR',
])

const noEffects: readonly FetchingEffect[] = []
