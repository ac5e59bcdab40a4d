// Follows the leaders that one other broker has for us: asks for their records by the same Fetch
// that consumers use, appends, truncates, and asks again once everything is durable (that next
// fetch is the acknowledgement).

import { zeroUuid } from '@klamm/base'
import type { Clock, Logger, Timer } from '@klamm/base/env'
import { Deadline, NetworkError, TaskScope, TimeoutError } from '@klamm/base/env'
import {
  DecodeError,
  errorNameOf,
  Fetch,
  type FetchResponse,
  RecordsError,
  readBatches,
  verifyCrc,
} from '@klamm/protocol'
import { replicaFetchMaxBytes, replicaFetchMaxBytesPerPartition } from '../limits.ts'
import type { PeerChannel } from '../network/peer-channel.ts'
import type { Partition } from '../partition/partition.ts'
import {
  type FetchedPartition,
  type FetchPlan,
  FetchPlanner,
  FetchSessionClient,
  type PartitionFollower,
  type PlannedFetch,
  type SessionFetchRequest,
} from '../replica/index.ts'
import { applyFetched } from './apply-fetched.ts'

export interface FetcherOptions {
  readonly brokerId: number
  readonly channel: PeerChannel
  readonly clock: Clock
  readonly log: Logger
  readonly brokerEpoch: () => number
  readonly onFailure: (error: unknown) => void
}

/** How long a leader may park a fetch without news, in ms; also how late a dead one is noticed. */
const maxWaitMs = 500
/** Beyond the parking: then the leader is taken for dead and asked again. */
const answerTimeoutMs = 2_000
/** After an error, of one partition or of all. */
const backoffMs = 100
const maxPartitionsPerRequest = 2_000
const limits = {
  maxBytes: replicaFetchMaxBytes,
  partitionMaxBytes: replicaFetchMaxBytesPerPartition,
}

const fetchVersion = 17

export class Fetcher implements AsyncDisposable {
  readonly #options: FetcherOptions
  readonly #planner: FetchPlanner
  /** So that partitions in which nothing happens cost nothing. */
  readonly #session = new FetchSessionClient()
  readonly #partitions = new Map<string, Partition>()
  readonly #scope: TaskScope
  #wake: (() => void) | undefined
  /** What the request asks for that is under way; undefined: none is, or it was called back. */
  #underWay: ReadonlyMap<string, PlannedFetch> | undefined
  readonly #recalls = new Set<Timer>()
  #lastRecallMs = -1

  constructor(options: FetcherOptions) {
    this.#options = options
    this.#planner = new FetchPlanner({
      ...limits,
      backoffMs,
      maxPartitions: maxPartitionsPerRequest,
    })
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
    this.#scope.spawn('replica fetcher', signal => this.#run(signal))
  }

  get size(): number {
    return this.#planner.size
  }

  add(partition: Partition, leaderEpoch: number): void {
    this.#partitions.set(keyOf(partition), partition)
    this.#planner.add(partition, leaderEpoch)
    // Who led until now may have a tail that is still being flushed: it asks when that is done.
    partition.whenDurable(partition.log.logEndOffset, () => this.#ready(partition))
  }

  remove(partition: Partition): void {
    this.#partitions.delete(keyOf(partition))
    this.#planner.remove(partition)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const disposed = this.#scope[Symbol.asyncDispose]()
    this.#wake?.()
    for (const timer of this.#recalls) timer.cancel()
    await disposed
  }

  /** The partition may be asked for again. */
  #ready(partition: Partition): void {
    const fetch = partition.follower?.nextFetch()
    if (fetch === undefined || this.#partitions.get(keyOf(partition)) !== partition) return
    this.#planner.ready(partition, fetch)
    this.#wake?.()
    if (this.#underWay?.has(keyOf(partition)) === false) this.#callBack()
  }

  /**
   * A partition can be asked for that the request under way does not ask for. The leader may have
   * parked that one for want of news: it is told to answer it now, so that the next asks for all.
   */
  #callBack(): void {
    if (this.#underWay === undefined) return
    this.#underWay = undefined
    this.#scope.spawn('calling a fetch back', signal => this.#release(signal))
  }

  /** A fetch of nothing, outside of the session: see ParkedFetches. */
  async #release(signal: AbortSignal): Promise<void> {
    const { clock, channel } = this.#options
    const { maxBytes, partitionMaxBytes } = limits
    const nothing = { sessionId: 0, sessionEpoch: -1, partitions: [], forgotten: [] }
    try {
      using deadline = new Deadline(clock, answerTimeoutMs, 'calling a fetch back', signal)
      const body = { ...this.#request({ maxBytes, partitionMaxBytes }, nothing), maxWaitMs: 0 }
      await channel.request(Fetch, fetchVersion, body, deadline.signal)
    } catch (error) {
      // Then the fetch itself has failed too, or will by its own deadline.
      if (!signal.aborted && !isPeersFault(error)) throw error
    }
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options
    while (!signal.aborted) {
      const plan = this.#planner.next(clock.monotonicMs())
      if (plan.partitions.length === 0) await this.#sleep(plan.wakeAtMs)
      else await this.#fetch(plan, signal)
    }
  }

  async #fetch(plan: FetchPlan, signal: AbortSignal): Promise<void> {
    const { clock, channel, log } = this.#options
    const request = this.#session.request(
      plan.partitions.map(planned => ({ partition: planned, fetch: planned.fetch })),
    )
    const planned = new Map(plan.partitions.map(each => [keyOf(each), each]))
    let response: FetchResponse
    try {
      using deadline = new Deadline(
        clock,
        maxWaitMs + answerTimeoutMs,
        `a fetch from broker ${channel.brokerId}`,
        signal,
      )
      const body = this.#request(plan, request)
      this.#underWay = planned
      response = await channel.request(Fetch, fetchVersion, body, deadline.signal)
      this.#session.answered(errorNameOf(response.errorCode), response.sessionId)
      if (response.errorCode !== 0)
        throw new NetworkError('refused', errorNameOf(response.errorCode))
    } catch (error) {
      if (signal.aborted) return
      // The leader being away is normal. Anything but that is for the owner of the scope.
      if (!isPeersFault(error)) throw error
      log.debug('fetch from a leader failed', { leader: channel.brokerId, error })
      this.#session.failed()
      this.#planner.failed(plan, clock.monotonicMs())
      return
    } finally {
      this.#underWay = undefined
    }
    this.#planner.completed(plan)
    this.#answered(planned, response, request.sessionEpoch > 0)
  }

  #request(
    { maxBytes, partitionMaxBytes }: Pick<FetchPlan, 'maxBytes' | 'partitionMaxBytes'>,
    request: SessionFetchRequest,
  ) {
    const asked = byTopic(request.partitions, ({ partition }) => partition.topicId)
    const forgotten = byTopic(request.forgotten, ({ topicId }) => topicId)
    const { brokerId, brokerEpoch } = this.#options
    return {
      clusterId: null,
      replicaId: -1,
      replicaState: { replicaId: brokerId, replicaEpoch: brokerEpoch() },
      maxWaitMs,
      minBytes: 1,
      maxBytes,
      isolationLevel: 0,
      sessionId: request.sessionId,
      sessionEpoch: request.sessionEpoch,
      topics: [...asked].map(([topicId, list]) => ({
        topic: '',
        topicId,
        partitions: list.map(({ partition, fetch }) => ({
          partition: partition.partitionIndex,
          currentLeaderEpoch: fetch.currentLeaderEpoch,
          fetchOffset: fetch.fetchOffset,
          lastFetchedEpoch: fetch.lastFetchedEpoch,
          logStartOffset: fetch.logStartOffset,
          partitionMaxBytes,
          replicaDirectoryId: zeroUuid,
          highWatermark: 0,
        })),
      })),
      forgottenTopicsData: [...forgotten].map(([topicId, list]) => ({
        topic: '',
        topicId,
        partitions: list.map(({ partitionIndex }) => partitionIndex),
      })),
      rackId: '',
    }
  }

  #answered(
    planned: Map<string, PlannedFetch>,
    response: FetchResponse,
    isIncremental: boolean,
  ): void {
    for (const { topicId, partitions } of response.responses) {
      for (const answer of partitions) {
        const key = keyOf({ topicId, partitionIndex: answer.partitionIndex })
        const partition = this.#partitions.get(key)
        const asked = planned.get(key)
        if (partition?.follower === undefined || asked === undefined) continue
        planned.delete(key)
        this.#apply(partition, partition.follower, asked, answer)
      }
    }
    // An incremental answer leaves out what has no news. Else the leader owes an answer for each:
    // ask again after the back-off.
    for (const [key, asked] of planned) {
      const partition = this.#partitions.get(key)
      if (partition === undefined) continue
      if (isIncremental) this.#ready(partition)
      else this.#delay(asked)
    }
  }

  #apply(
    partition: Partition,
    follower: PartitionFollower,
    { fetch }: PlannedFetch,
    answer: FetchResponse['responses'][number]['partitions'][number],
  ): void {
    const bytes = answer.records?.[0] ?? noBytes
    const fetched = checkedAnswer(answer, bytes)
    if (fetched === undefined) {
      this.#options.log.warn('a leader sent damaged batches', {
        topic: partition.topicName,
        partition: partition.partitionIndex,
        leader: this.#options.channel.brokerId,
      })
      this.#delay(partition)
      return
    }
    const action = follower.fetched(fetch, fetched)
    if (action.kind === 'retry') this.#delay(partition)
    else if (action.kind === 'fail') this.#failed(partition, action.reason)
    else {
      const done = applyFetched(partition, follower, action, bytes)
      if (done === undefined) this.#ready(partition)
      else void this.#whenApplied(partition, done)
    }
  }

  async #whenApplied(partition: Partition, done: Promise<void>): Promise<void> {
    try {
      await done
      this.#ready(partition)
    } catch (error) {
      if (!this.#scope.signal.aborted) this.#options.onFailure(error)
    }
  }

  #failed(partition: Partition, reason: string): void {
    this.#options.log.error('a replica cannot follow its leader', {
      topic: partition.topicName,
      partition: partition.partitionIndex,
      reason,
    })
    this.remove(partition)
  }

  #delay(partition: { readonly topicId: string; readonly partitionIndex: number }): void {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    this.#planner.delayed(partition, nowMs)
    // When its time has come, a request for the others is under way. One timer per answer.
    if (nowMs === this.#lastRecallMs) return
    this.#lastRecallMs = nowMs
    const timer = clock.setTimer(backoffMs, () => {
      this.#recalls.delete(timer)
      this.#callBack()
    })
    this.#recalls.add(timer)
  }

  /** Until then, or until a partition becomes ready. */
  #sleep(wakeAtMs: number | undefined): Promise<void> {
    const { clock } = this.#options
    return new Promise(resolve => {
      const delayMs = wakeAtMs === undefined ? undefined : wakeAtMs - clock.monotonicMs()
      const timer = delayMs === undefined ? undefined : clock.setTimer(Math.max(1, delayMs), done)
      const self = this
      function done(): void {
        timer?.cancel()
        self.#wake = undefined
        resolve()
      }
      this.#wake = done
    })
  }
}

const noBytes = new Uint8Array(0)

function keyOf(partition: { readonly topicId: string; readonly partitionIndex: number }): string {
  return `${partition.topicId}-${partition.partitionIndex}`
}

function byTopic<T>(items: readonly T[], topicIdOf: (item: T) => string): Map<string, T[]> {
  const lists = new Map<string, T[]>()
  for (const item of items) {
    const topicId = topicIdOf(item)
    const list = lists.get(topicId)
    if (list === undefined) lists.set(topicId, [item])
    else list.push(item)
  }
  return lists
}

function isPeersFault(error: unknown): boolean {
  return (
    error instanceof NetworkError || error instanceof TimeoutError || error instanceof DecodeError
  )
}

/** Undefined when the batches are not what a leader may send: their checksums do not match. */
function checkedAnswer(
  answer: FetchResponse['responses'][number]['partitions'][number],
  bytes: Uint8Array,
): FetchedPartition | undefined {
  try {
    const batches = readBatches(bytes)
    let at = 0
    for (const { sizeInBytes } of batches) {
      if (!verifyCrc(bytes, at)) return undefined
      at += sizeInBytes
    }
    const { epoch, endOffset } = answer.divergingEpoch
    return {
      error: errorNameOf(answer.errorCode),
      highWatermark: answer.highWatermark,
      logStartOffset: answer.logStartOffset,
      divergingEpoch: epoch < 0 ? undefined : { leaderEpoch: epoch, endOffset },
      batches,
    }
  } catch (error) {
    if (error instanceof RecordsError) return undefined
    throw error
  }
}
