// All partitions of this broker. A metadata publisher: opens, leads, follows and deletes
// replicas as the metadata say, and sets aside those whose log cannot be vouched for.

import type { Clock, Logger, StorageError, Timer } from '@klamm/base/env'
import type { ErrorName } from '@klamm/protocol/errors'
import { brokerValue } from '../config/effective.ts'
import { numberOf, topicConfig } from '../config/topic-config.ts'
import { maxBytesWaitingForDisk } from '../limits.ts'
import {
  brokerLayers,
  type LocalPartition,
  localChanges,
  type MetadataChanges,
  type MetadataImage,
  noLeader,
} from '../metadata/index.ts'
import type { MetadataPublisher } from '../quorum/metadata-loader.ts'
import type { SegmentStore } from '../storage/segment-store.ts'
import { HeldReplicas, type HeldReplicasOptions, logIdOf, type ReplicaId } from './held-replicas.ts'
import { type BrokersView, Partition, type PartitionOptions } from './partition.ts'
import { ReplicaLog } from './replica-log.ts'

export interface PartitionManagerOptions {
  readonly brokerId: number
  readonly incarnationId: string
  readonly clock: Clock
  readonly log: Logger
  readonly store: SegmentStore
  readonly staticConfigs: ReadonlyMap<string, string>
  readonly propose: PartitionOptions['propose']
  readonly reportLosses: HeldReplicasOptions['report']
  /** Follow these from now on; a partition in a new leader epoch is another. */
  readonly follow: (partition: Partition, leaderId: number, leaderEpoch: number) => void
  readonly unfollow: (partition: Partition) => void
  /** Leadership of an internal partition begins or ends. */
  readonly onLeadership: (partition: Partition, leads: boolean) => void
  readonly onFailure: (error: unknown) => void
}

/** How often leaders look for followers that have fallen behind, as a share of the time allowed. */
const ticksPerLagTime = 2

export class PartitionManager implements MetadataPublisher, AsyncDisposable {
  readonly name = 'partitions'
  readonly #options: PartitionManagerOptions
  /** By topic id, then by index. */
  readonly #partitions = new Map<string, Map<number, Partition>>()
  readonly #held: HeldReplicas
  #image: MetadataImage | undefined
  #brokers: BrokersView = { brokerEpoch: -1, eligible: new Map() }
  #isRegistered = false
  #isSettled = false
  #timer: Timer | undefined
  #checkpointTimer: Timer | undefined

  constructor(options: PartitionManagerOptions) {
    this.#options = options
    const { store, log, reportLosses, onFailure } = options
    this.#held = new HeldReplicas({
      store,
      log,
      report: reportLosses,
      onReported: replicas => this.#lossesReported(replicas),
      onFailure,
    })
  }

  /**
   * Whether the controller knows what this broker lost before it started. It must not lead anything
   * before.
   */
  get mayServe(): boolean {
    const { corruptLogs, lostTail } = this.#options.store
    return this.#isSettled || (corruptLogs.size === 0 && lostTail === undefined)
  }

  get(topicId: string, partitionIndex: number): Partition | undefined {
    return this.#partitions.get(topicId)?.get(partitionIndex)
  }

  *[Symbol.iterator](): Iterator<Partition> {
    for (const byIndex of this.#partitions.values()) yield* byIndex.values()
  }

  publish(changes: MetadataChanges): void {
    const { brokerId, incarnationId } = this.#options
    const me = changes.after.cluster.broker(brokerId)
    // What the metadata say of an earlier incarnation of this broker is not for this one: it may
    // have lost the tail that it led with.
    if (me === undefined || me.incarnationId !== incarnationId) return
    const before = this.#image
    this.#image = changes.after
    const isFirst = !this.#isRegistered
    this.#isRegistered = true
    if (isFirst) this.#holdLost(changes)
    if (isFirst || changes.brokers.length > 0) this.#updateBrokers(changes.after, me.epoch)
    if (changes.configs.length > 0 || isFirst) this.#updateConfigs()
    this.#apply(before === undefined ? everything(changes) : changes)
    if (!isFirst) return
    this.#settle()
    this.#held.report()
    this.#scheduleTick()
    this.#scheduleCheckpoint()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel()
    this.#checkpointTimer?.cancel()
    this.#checkpoint()
    for (const partition of this) {
      this.#options.unfollow(partition)
      partition.stop('NOT_LEADER_OR_FOLLOWER')
    }
  }

  #apply(changes: MetadataChanges): void {
    const local = localChanges(changes, this.#options.brokerId)
    for (const { topicId, partitionIndex } of local.deleted) this.#delete(topicId, partitionIndex)
    for (const change of local.leaderless) this.#assign(change)
    for (const change of local.following) this.#assign(change)
    for (const change of local.leading) this.#assign(change)
  }

  #assign(change: LocalPartition): void {
    if (this.#held.keeps(change)) return
    const { leader } = change.partition
    if (leader === noLeader) this.#demote(this.#open(change))
    else if (leader === this.#options.brokerId) this.#lead(change)
    else this.#follow(change)
  }

  /** What the store cannot vouch for, as the first metadata for this incarnation name it. */
  #holdLost(changes: MetadataChanges): void {
    const { store, brokerId } = this.#options
    const { corruptLogs, lostTail } = store
    if (corruptLogs.size === 0 && lostTail === undefined) return
    const { leaderless, following, leading } = localChanges(everything(changes), brokerId)
    for (const change of [...leaderless, ...following, ...leading]) {
      const error = corruptLogs.get(logIdOf(change)) ?? lostTail
      if (error !== undefined) this.#held.hold(change, change.partition.leaderEpoch, error)
    }
  }

  /** The log of a replica gave something else than was appended: it is out of service at once. */
  #damaged(partition: Partition, error: StorageError): void {
    const { store } = this.#options
    const { topicId, partitionIndex } = partition
    if (this.get(topicId, partitionIndex) !== partition) return
    const known = this.#image?.topics.partition(topicId, partitionIndex)
    store.markCorrupt(logIdOf(partition), error)
    this.#held.hold(partition, known?.leaderEpoch ?? 0, error)
    this.#remove(partition, 'KAFKA_STORAGE_ERROR')
    this.#held.report()
  }

  #lossesReported(replicas: readonly ReplicaId[]): void {
    for (const { topicId, partitionIndex } of replicas) {
      const topic = this.#image?.topics.byId(topicId)
      const partition = topic?.partitions[partitionIndex]
      if (topic === undefined || !partition?.replicas.includes(this.#options.brokerId)) continue
      const place = { topicId, topicName: topic.name, partitionIndex }
      this.#assign({ ...place, partition, previous: partition })
    }
    this.#settle()
  }

  /**
   * Once the controller knows of what was lost. A store that has lost its end must not be written
   * to before: the loss could not be found again.
   */
  #settle(): void {
    if (this.#isSettled || !this.#held.areReported) return
    this.#isSettled = true
    this.#deleteStrays()
  }

  #lead(change: LocalPartition): void {
    const partition = this.#open(change)
    const wasLeading = partition.leader?.leaderEpoch
    this.#options.unfollow(partition)
    partition.lead(change.partition, this.#brokers)
    if (partition.leader?.leaderEpoch !== wasLeading) {
      if (wasLeading !== undefined) this.#options.onLeadership(partition, false)
      this.#options.onLeadership(partition, true)
    }
  }

  #follow(change: LocalPartition): void {
    const partition = this.#open(change)
    const wasLeading = partition.leader !== undefined
    if (!partition.follow(change.partition)) return
    if (wasLeading) this.#options.onLeadership(partition, false)
    this.#options.follow(partition, change.partition.leader, change.partition.leaderEpoch)
  }

  #demote(partition: Partition): void {
    const wasLeading = partition.leader !== undefined
    this.#options.unfollow(partition)
    partition.stop('NOT_LEADER_OR_FOLLOWER')
    if (wasLeading) this.#options.onLeadership(partition, false)
  }

  #open({ topicId, topicName, partitionIndex }: LocalPartition): Partition {
    const existing = this.get(topicId, partitionIndex)
    if (existing !== undefined) return existing
    const { store, clock, log, brokerId, propose } = this.#options
    const partition = new Partition({
      topicId,
      topicName,
      partitionIndex,
      brokerId,
      log: new ReplicaLog(store.log(logIdOf({ topicId, partitionIndex })), clock),
      config: this.#configOf(topicName),
      clock,
      logger: log,
      replicaLagTimeMaxMs: this.#replicaLagTimeMaxMs(),
      isDiskBehind: () => store.queuedBytes >= maxBytesWaitingForDisk,
      propose,
      onDamage: (damaged, error) => this.#damaged(damaged, error),
    })
    let byIndex = this.#partitions.get(topicId)
    if (byIndex === undefined) {
      byIndex = new Map()
      this.#partitions.set(topicId, byIndex)
    }
    byIndex.set(partitionIndex, partition)
    return partition
  }

  #delete(topicId: string, partitionIndex: number): void {
    const { store, onFailure } = this.#options
    const partition = this.get(topicId, partitionIndex)
    if (partition !== undefined) this.#remove(partition, 'UNKNOWN_TOPIC_OR_PARTITION')
    this.#held.forget({ topicId, partitionIndex })
    store.deleteLog(logIdOf({ topicId, partitionIndex })).catch(onFailure)
  }

  /** It is not served any more. Whoever waits for it is told `error`. */
  #remove(partition: Partition, error: ErrorName): void {
    const { unfollow, onLeadership } = this.#options
    const { topicId, partitionIndex } = partition
    const wasLeading = partition.leader !== undefined
    const byIndex = this.#partitions.get(topicId)
    byIndex?.delete(partitionIndex)
    if (byIndex?.size === 0) this.#partitions.delete(topicId)
    unfollow(partition)
    partition.stop(error)
    if (wasLeading) onLeadership(partition, false)
  }

  /** Logs of partitions that were deleted, or given to others, while this broker was away. */
  #deleteStrays(): void {
    const { store, onFailure, log } = this.#options
    for (const id of store.logIds()) {
      const dash = id.lastIndexOf('-')
      const replica = { topicId: id.slice(0, dash), partitionIndex: Number(id.slice(dash + 1)) }
      if (this.get(replica.topicId, replica.partitionIndex) !== undefined) continue
      if (this.#held.has(replica)) continue
      log.info('deleting the log of a replica that is not here any more', { id })
      store.deleteLog(id).catch(onFailure)
    }
  }

  #updateBrokers(image: MetadataImage, brokerEpoch: number): void {
    const eligible = new Map<number, number>()
    for (const { id, epoch } of image.cluster.brokers.values()) {
      if (image.cluster.isActive(id)) eligible.set(id, epoch)
    }
    this.#brokers = { brokerEpoch, eligible }
    for (const partition of this) partition.brokersChanged(this.#brokers)
  }

  #updateConfigs(): void {
    for (const partition of this) partition.configChanged(this.#configOf(partition.topicName))
  }

  #configOf(topicName: string) {
    const image = this.#image
    const layers = this.#layers()
    return topicConfig(image?.configs.of('topic', topicName) ?? new Map(), layers)
  }

  #layers() {
    const { brokerId, staticConfigs } = this.#options
    const image = this.#image
    if (image !== undefined) return brokerLayers(image, brokerId, staticConfigs)
    return { broker: new Map(), brokerDefault: new Map(), static: staticConfigs }
  }

  #replicaLagTimeMaxMs(): number {
    return numberOf(brokerValue('replica.lag.time.max.ms', this.#layers()) ?? '30000')
  }

  /** So that what was committed is known again after a restart. */
  #checkpoint(): void {
    try {
      for (const partition of this) partition.checkpoint()
    } catch (error) {
      // The store has failed, and says so.
      this.#options.onFailure(error)
    }
  }

  #scheduleCheckpoint(): void {
    const { clock } = this.#options
    const interval = brokerValue('replica.high.watermark.checkpoint.interval.ms', this.#layers())
    this.#checkpointTimer = clock.setTimer(numberOf(interval ?? '5000'), () => {
      this.#checkpoint()
      this.#scheduleCheckpoint()
    })
  }

  #scheduleTick(): void {
    const { clock } = this.#options
    this.#timer = clock.setTimer(this.#replicaLagTimeMaxMs() / ticksPerLagTime, () => {
      const nowMs = clock.monotonicMs()
      for (const partition of this) partition.tick(nowMs)
      this.#scheduleTick()
    })
  }
}

/** As if everything had just appeared: the first metadata that are for this incarnation. */
function everything({ after }: MetadataChanges): MetadataChanges {
  const topics = [...after.topics.values()]
    .map(topic => ({ topicId: topic.id, before: undefined, after: topic }))
    .sort((a, b) => (a.topicId < b.topicId ? -1 : 1))
  return { before: after, after, topics, brokers: [], configs: [], featuresChanged: false }
}
