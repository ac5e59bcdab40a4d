// A consumer while it runs: its partitions and what becomes of them. Joins the group or takes the
// partitions it was given, has them fetched, commits what is done, gives them up when told to.

import { TaskScope, type Timer } from '@klamm/base/env'
import {
  listOf,
  type Partitions,
  partitionsOf,
  type TopicPartition,
} from '../assignors/partitions.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import type { FetchPartition } from '../fetching/fetch-partition.ts'
import type { MetadataChange } from '../metadata/watch.ts'
import { retrying } from '../network/retry.ts'
import { within } from '../network/within.ts'
import { Commits, type OffsetToCommit } from './commits.ts'
import type { ResolvedConsumerOptions } from './consumer-options.ts'
import { Delivery } from './delivery.ts'
import type { EventHub } from './events.ts'
import { FetchDriver } from './fetch-driver.ts'
import { Group, type GroupHost } from './group.ts'
import { OwnedPartition, type Owner } from './owned-partition.ts'
import { Reports } from './reports.ts'
import { applySeek, type SeekTarget, StartOffsets } from './start-offsets.ts'
import { TopicSubscription } from './subscription.ts'

/** Outlives engines: a consumer that stops and runs again keeps them. */
export interface Wishes {
  readonly pausedTopics: Set<string>
  readonly pausedPartitions: Set<string>
  /** By `topic-partition`, for partitions that are not assigned yet. */
  readonly seeks: Map<string, SeekTarget>
}

/** Of the rebalance timeout: what is left is for committing and for joining in time. */
const handlerShare = 0.9

export class Engine<K, V> implements GroupHost, Owner<K, V> {
  readonly core: ClientCore
  readonly options: ResolvedConsumerOptions<K, V>
  readonly events: EventHub
  readonly delivery: Delivery<K, V>
  readonly owned = new Map<string, OwnedPartition<K, V>>()
  readonly driver: FetchDriver
  readonly group: Group | undefined
  readonly commits: Commits | undefined
  /** Aborts when consumption ends, for whatever reason. */
  readonly stopping = new AbortController()
  /** Told of partitions as they come. */
  onOwned: ((partition: OwnedPartition<K, V>) => void) | undefined
  /** Told when it cannot go on. */
  onFailed: (() => void) | undefined
  failure: KafkaError | undefined
  rebalances = 0
  lastHeartbeatAtMs: number | undefined
  lastProgressAtMs: number | undefined
  readonly #wishes: Wishes
  readonly #reports: Reports
  readonly #startOffsets: StartOffsets
  readonly #scope: TaskScope
  readonly #subscription: TopicSubscription
  /** Handlers that went on after their partition was taken away. */
  readonly #stragglers = new Map<string, Promise<void>>()
  readonly #joinWaiters = new Set<PromiseWithResolvers<void>>()
  #commitTimer: Timer | undefined

  constructor(
    core: ClientCore,
    options: ResolvedConsumerOptions<K, V>,
    topics: readonly (string | RegExp)[],
    events: EventHub,
    wishes: Wishes,
  ) {
    this.#scope = new TaskScope((task, error) => this.#taskFailed(task, error))
    this.core = { ...core, scope: this.#scope }
    this.options = options
    this.events = events
    this.#wishes = wishes
    this.delivery = new Delivery(core.env.clock)
    this.#reports = new Reports(this.core, events, options.groupId)
    this.driver = new FetchDriver({
      core: this.core,
      options: options as ResolvedConsumerOptions<unknown, unknown>,
      position: partitions => this.#startOffsets.position(partitions),
      onProgress: partition => this.#progressed(partition),
      onFailed: error => this.failed(error),
    })
    const { groupId, groupInstanceId, partitions } = options
    this.#startOffsets = new StartOffsets({
      core: this.core,
      groupId,
      isReadCommitted: options.isReadCommitted,
      seeks: wishes.seeks,
      fetching: this.driver.fetching,
      onCommitted: (fetch, offset) => this.#committedKnown(fetch, offset),
      onProgress: fetch => this.#progressed(fetch),
      onDone: () => this.driver.pump(),
      onFailed: error => this.failed(error),
    })
    const isMember = groupId !== undefined && partitions === undefined
    const anyOptions = options as ResolvedConsumerOptions<unknown, unknown>
    this.group = isMember ? new Group(this.core, anyOptions, groupId, this) : undefined
    this.commits =
      groupId === undefined
        ? undefined
        : new Commits({
            core: this.core,
            events,
            groupId,
            groupInstanceId: isMember ? groupInstanceId : undefined,
            identity: () => this.#commitIdentity(),
            onRefused: (identity, error) => this.group?.commitRefused(identity, error),
          })
    const wanted = partitions === undefined ? topics : [...new Set(partitions.map(p => p.topic))]
    this.#subscription = new TopicSubscription(this.core, wanted, change => this.#learn(change))
  }

  start(): void {
    this.#scope.spawn('start', signal => this.#start(signal))
    if (this.options.autoCommit && this.commits !== undefined) this.#setCommitTimer()
  }

  /** Resolves when there is an assignment and it is known where each partition begins. */
  joined(): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure)
    if (this.#isJoined) return Promise.resolve()
    const waiter = Promise.withResolvers<void>()
    this.#joinWaiters.add(waiter)
    return waiter.promise
  }

  async subscribe(topics: readonly (string | RegExp)[]): Promise<void> {
    await this.#subscription.update(topics, this.options.allowAutoTopicCreation, this.#scope.signal)
    const change = { changed: [], gone: [] }
    this.group?.metadataChanged(change, this.#subscription.topics)
  }

  /** `undefined`: everything that was done. */
  commit(offsets: readonly OffsetToCommit[] | undefined): Promise<void> {
    if (this.commits === undefined) {
      const message = 'there is no groupId to commit under'
      return Promise.reject(new KafkaError('ERR_INVALID_ARGUMENT', message))
    }
    if (offsets === undefined) return this.#commitDone(this.owned.values())
    return this.commits.commit(
      offsets.map(offset => {
        const owner = this.owned.get(`${offset.topic}-${offset.partition}`)
        return { ...offset, owner: owner as OwnedPartition<never, never> | undefined }
      }),
    )
  }

  seek(partition: OwnedPartition<K, V>, target: SeekTarget): void {
    applySeek(partition.fetch, target)
    this.driver.pump()
  }

  applyPauses(): void {
    const { fetching } = this.driver
    for (const partition of this.owned.values()) {
      const isPaused = this.#isPaused(partition.fetch)
      if (isPaused === partition.fetch.isPaused) continue
      if (isPaused) fetching.pause(partition.fetch)
      else fetching.resume(partition.fetch)
      this.delivery.ready(partition)
    }
    this.driver.pump()
  }

  /**
   * Ends: handlers are waited for, what they did is committed, the group is left; all that for as
   * long as the signal does not abort. Then nothing is left running.
   */
  async stop(signal: AbortSignal): Promise<void> {
    this.stopping.abort(this.failure ?? new KafkaError('ERR_CLOSED', 'the consumer stops'))
    const partitions = [...this.owned.values()]
    for (const partition of partitions) {
      partition.state = 'revoking'
      partition.abort.abort(this.stopping.signal.reason)
    }
    const aborted = Promise.withResolvers<void>()
    const onAbort = (): void => aborted.resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    const idle = Promise.all(partitions.map(each => each.whenIdle()))
    // What is done already is committed even if a handler takes all the time there is.
    const early = this.#mayCommit ? this.#flush(partitions) : undefined
    await Promise.race([Promise.all([idle, early]), aborted.promise])
    if (this.#mayCommit) await Promise.race([this.#flush(partitions), aborted.promise])
    await this.group?.leave(signal)
    signal.removeEventListener('abort', onAbort)
    await this.#dispose()
  }

  // What the group says.

  async revoke(partitions: Partitions): Promise<void> {
    const revoked = this.#pick(partitions)
    for (const partition of revoked) {
      partition.state = 'revoking'
      partition.abort.abort(new KafkaError('REBALANCE_IN_PROGRESS', `${partition.key} is revoked`))
    }
    const { rebalanceTimeoutMs } = this.options
    const handlersMs = Math.floor(rebalanceTimeoutMs * handlerShare)
    const idle = Promise.all(revoked.map(each => each.whenIdle()))
    const isIdle = await this.#within(idle, handlersMs)
    if (!isIdle) this.core.env.log.warn('a rebalance goes on without handlers that still work')
    const flushMs = Math.max(1_000, rebalanceTimeoutMs - handlersMs)
    await this.#within(this.#flush(revoked), flushMs)
    if (this.#scope.signal.aborted) return
    // Some may have been lost while handlers were being waited for.
    const given = revoked.filter(({ state }) => state === 'revoking')
    this.#remove(given)
    this.#reports.rebalance([], given, [])
  }

  lose(partitions: Partitions): void {
    const lost = this.#pick(partitions)
    this.delivery.resume([])
    for (const partition of lost) {
      partition.abort.abort(new KafkaError('UNKNOWN_MEMBER_ID', `${partition.key} is lost`))
    }
    this.#remove(lost)
    this.#reports.rebalance([], [], lost)
  }

  own(partitions: Partitions, added: Partitions, generationId: number, isLeader: boolean): void {
    const fresh = listOf(added).map(each => this.#add(each))
    this.rebalances += 1
    this.#reports.rebalance(fresh, [], [])
    const memberId = this.group?.membership.memberId ?? ''
    this.#reports.join({ memberId, generationId, isLeader, assignment: listOf(partitions) })
    this.driver.pump()
    this.#checkJoined()
  }

  suspend(): void {
    this.core.env.log.warn('the session may be over: nothing is handed out until it is known')
    this.delivery.suspend()
  }

  resume(): void {
    this.delivery.resume(this.owned.values())
  }

  alive(generationId: number): void {
    this.lastHeartbeatAtMs = this.core.env.clock.wallMs()
    this.#reports.heartbeat(generationId)
  }

  stalled(lateMs: number): void {
    this.#reports.stalled(lateMs)
  }

  settled(): void {
    this.commits?.kick()
    this.#checkJoined()
  }

  failed(error: KafkaError): void {
    if (this.failure !== undefined || this.stopping.signal.aborted) return
    this.core.env.log.error('the consumer cannot go on', { error })
    this.failure = error
    for (const waiter of this.#joinWaiters) waiter.reject(error)
    this.#joinWaiters.clear()
    this.stopping.abort(error)
    this.onFailed?.()
  }

  // What partitions say.

  commitMessage(owner: OwnedPartition<K, V>, offset: number, leaderEpoch: number): Promise<void> {
    const { topic, partition } = owner
    if (owner.state === 'gone') {
      const message = `${owner.key} is not this consumer's any more`
      const error = new KafkaError('ILLEGAL_GENERATION', message, { topic, partition })
      return quiet(Promise.reject(error))
    }
    // A commit is never taken back by an older message.
    if (offset <= owner.committed) return Promise.resolve()
    const entry = {
      topic,
      partition,
      offset,
      leaderEpoch,
      owner: owner as OwnedPartition<never, never>,
    }
    return this.commits?.commit([entry]) ?? quiet(this.commit([]))
  }

  released(partition: OwnedPartition<K, V>): void {
    this.lastProgressAtMs = this.core.env.clock.wallMs()
    if (this.driver.fetching.wantsMore(partition.fetch)) this.driver.pump()
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { env, options } = this.core
    const isRetriable = (error: unknown) => KafkaError.is(error) && error.retriable
    try {
      await retrying(env, { retry: options.retry, signal, isRetriable }, async () => {
        await this.#subscription.open(this.options.allowAutoTopicCreation, signal)
      })
    } catch (error) {
      if (signal.aborted) return
      if (!KafkaError.is(error)) throw error
      this.failed(error)
      return
    }
    if (this.group !== undefined) {
      this.group.start(this.#subscription.topics)
      return
    }
    for (const each of listOf(partitionsOf(this.options.partitions ?? []))) this.#add(each)
    this.driver.pump()
    this.#checkJoined()
  }

  #learn(change: MetadataChange): void {
    for (const topic of change.changed) this.driver.topicKnown(topic.name, topic)
    for (const name of change.gone) this.driver.topicKnown(name, undefined)
    this.driver.pump()
    if (this.group?.membership.state !== 'idle') {
      this.group?.metadataChanged(change, this.#subscription.topics)
    }
  }

  #add({ topic, partition }: TopicPartition): OwnedPartition<K, V> {
    const { fetching } = this.driver
    const known = this.core.metadata.cached(topic)
    if (known !== undefined) fetching.topicKnown(topic, known)
    else this.core.metadata.invalidate(topic)
    const fetch = fetching.add(topic, partition)
    if (this.#isPaused(fetch)) fetching.pause(fetch)
    const owned = new OwnedPartition<K, V>(fetch, this.options, this)
    this.owned.set(owned.key, owned)
    // A handler that went on with it: what comes next waits for that, to keep the order.
    const straggler = this.#stragglers.get(owned.key)
    if (straggler !== undefined) {
      owned.begin()
      void straggler.then(() => this.delivery.release(owned))
    }
    this.onOwned?.(owned)
    return owned
  }

  #remove(partitions: readonly OwnedPartition<K, V>[]): void {
    for (const partition of partitions) {
      partition.state = 'gone'
      this.owned.delete(partition.key)
      this.driver.fetching.remove(partition.fetch)
      partition.onReady?.()
      if (!partition.isBusy) continue
      const { key } = partition
      const done = partition.whenIdle().then(() => {
        if (this.#stragglers.get(key) === done) this.#stragglers.delete(key)
      })
      this.#stragglers.set(key, done)
    }
    this.commits?.drop(partitions as readonly OwnedPartition<never, never>[])
  }

  #pick(partitions: Partitions): OwnedPartition<K, V>[] {
    return listOf(partitions).flatMap(({ topic, partition }) => {
      const owned = this.owned.get(`${topic}-${partition}`)
      return owned === undefined ? [] : [owned]
    })
  }

  #isPaused({ topic, key }: FetchPartition): boolean {
    return this.#wishes.pausedTopics.has(topic) || this.#wishes.pausedPartitions.has(key)
  }

  #progressed(fetch: FetchPartition): void {
    const partition = this.owned.get(fetch.key)
    if (partition?.fetch === fetch) this.delivery.ready(partition)
    if (this.#joinWaiters.size > 0) this.#checkJoined()
  }

  #committedKnown(fetch: FetchPartition, offset: number): void {
    const owned = this.owned.get(fetch.key)
    if (owned?.fetch === fetch) owned.committed = offset
  }

  #setCommitTimer(): void {
    this.#commitTimer = this.core.env.clock.setTimer(this.options.autoCommitIntervalMs, () => {
      // Whoever wants to know listens to `commit`.
      void quiet(this.#commitDone(this.owned.values()))
      this.#setCommitTimer()
    })
  }

  async #commitDone(partitions: Iterable<OwnedPartition<K, V>>): Promise<void> {
    const due = [...partitions].filter(({ isCommitDue }) => isCommitDue)
    await this.commits?.commit(
      due.map(owned => {
        const { position, positionEpoch } = owned.fetch
        return {
          topic: owned.topic,
          partition: owned.partition,
          offset: position,
          leaderEpoch: positionEpoch,
          owner: owned as OwnedPartition<never, never>,
        }
      }),
    )
  }

  /** Commits what was done, and waits for commits that are under way. Never rejects. */
  async #flush(partitions: readonly OwnedPartition<K, V>[]): Promise<void> {
    const { commits } = this
    if (commits === undefined) return
    try {
      if (this.options.autoCommit) await this.#commitDone(partitions)
      await commits.whenIdle()
    } catch (error) {
      if (!KafkaError.is(error)) throw error
      this.core.env.log.warn('what was done could not be committed: it will come again', { error })
    }
  }

  /** Also after a handler or a record failed; but who has failed as a member cannot. */
  get #mayCommit(): boolean {
    return this.failure === undefined || this.#commitIdentity() !== undefined
  }

  #commitIdentity() {
    if (this.group === undefined) return { memberId: '', generationId: -1 }
    return this.group.membership.commitIdentity
  }

  get #isJoined(): boolean {
    const { membership } = this.group ?? {}
    if (membership !== undefined && membership.state !== 'stable') return false
    if (membership === undefined && this.owned.size === 0) return false
    for (const { fetch } of this.owned.values()) {
      if (fetch.phase === 'positioning' || fetch.phase === 'resetting') return false
    }
    return true
  }

  #checkJoined(): void {
    if (this.#joinWaiters.size === 0 || !this.#isJoined) return
    for (const waiter of this.#joinWaiters) waiter.resolve()
    this.#joinWaiters.clear()
  }

  /** Whether it settled in time. */
  async #within(work: Promise<unknown>, ms: number): Promise<boolean> {
    const { signal } = this.#scope
    try {
      await within(work, this.core.env.clock, ms, 'giving up partitions', { signal })
      return true
    } catch (error) {
      if (!KafkaError.is(error)) throw error
      return false
    }
  }

  #taskFailed(task: string, error: unknown): void {
    const message = `the task ${task} of the consumer failed`
    this.failed(
      KafkaError.is(error) ? error : new KafkaError('ERR_PROTOCOL', message, { cause: error }),
    )
  }

  async #dispose(): Promise<void> {
    this.#commitTimer?.cancel()
    this.group?.stop()
    this.driver.stop()
    this.commits?.close()
    this.#subscription[Symbol.dispose]()
    for (const partition of this.owned.values()) partition.state = 'gone'
    for (const waiter of this.#joinWaiters) {
      waiter.reject(this.failure ?? new KafkaError('ERR_CLOSED', 'the consumer was closed'))
    }
    this.#joinWaiters.clear()
    await this.#scope[Symbol.asyncDispose]()
  }
}

/** Its rejection is for whoever awaits it; nobody has to. */
function quiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => {})
  return promise
}
