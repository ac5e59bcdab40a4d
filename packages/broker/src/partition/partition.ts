// One replica on this broker: the log and what is derived from it, and the machine of the role it
// has at the moment. Performs what the machines decide; decides nothing itself.

import { assert } from '@klamm/base'
import { type Clock, type Logger, StorageError } from '@klamm/base/env'
import type { ErrorName } from '@klamm/protocol/errors'
import type { TopicConfig } from '../config/topic-config.ts'
import type { PartitionImage } from '../metadata/index.ts'
import {
  type EpochEnd,
  epochEndOnLeader,
  type IsrProposal,
  type LogOffsets,
  PartitionFollower,
  PartitionLeader,
  type ReadableLog,
} from '../replica/index.ts'
import type { ReadResult } from '../storage/segment-store.ts'
import { OffsetWaiters } from './offset-waiters.ts'
import type { ReplicaLog } from './replica-log.ts'

export interface PartitionOptions {
  readonly topicId: string
  readonly topicName: string
  readonly partitionIndex: number
  readonly brokerId: number
  readonly log: ReplicaLog
  readonly config: TopicConfig
  readonly clock: Clock
  readonly logger: Logger
  readonly replicaLagTimeMaxMs: number
  /** Whether too much of this broker waits for the disk to take more from clients. */
  readonly isDiskBehind: () => boolean
  /** Sends an AlterPartition; its answer comes back through `isrAnswered`. */
  readonly propose: (partition: Partition, leader: PartitionLeader, proposal: IsrProposal) => void
  /** The log gave something else than was appended to it: nothing of it may be served any more. */
  readonly onDamage: (partition: Partition, error: StorageError) => void
}

/** What the metadata say of the brokers, as leaders need it. */
export interface BrokersView {
  /** Epoch of this incarnation of this broker. */
  readonly brokerEpoch: number
  readonly eligible: ReadonlyMap<number, number>
}

/** Where the durable end of the log stands for an answer: see `whenCommitted`, `whenDurable`. */
export type Answer = (error: ErrorName) => void

export class Partition {
  readonly topicId: string
  readonly topicName: string
  readonly partitionIndex: number
  readonly log: ReplicaLog
  readonly #options: PartitionOptions
  #config: TopicConfig
  #leader: PartitionLeader | undefined
  #follower: PartitionFollower | undefined
  /** Survives changes of role. */
  #highWatermark: number
  readonly #committed = new OffsetWaiters()
  readonly #durable = new OffsetWaiters()
  /** Parked fetches of followers: woken by every append. */
  readonly #followersWaiting = new Set<() => void>()
  /** Parked fetches of consumers: woken when the high watermark rises. */
  readonly #consumersWaiting = new Set<() => void>()

  constructor(options: PartitionOptions) {
    this.topicId = options.topicId
    this.topicName = options.topicName
    this.partitionIndex = options.partitionIndex
    this.log = options.log
    this.#options = options
    this.#config = options.config
    // Nothing is known to be committed until a leader says so.
    this.#highWatermark = options.log.logStartOffset
    this.log.onDurable(end => this.#becameDurable(end))
  }

  get config(): TopicConfig {
    return this.#config
  }

  /** The machine while this broker leads the partition. */
  get leader(): PartitionLeader | undefined {
    return this.#leader
  }

  get follower(): PartitionFollower | undefined {
    return this.#follower
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Clients are to come back later: what they append now would wait in memory for too long. */
  get isDiskBehind(): boolean {
    return this.#options.isDiskBehind()
  }

  /** The partition as a reader sees it. */
  readable(): ReadableLog | undefined {
    const leaderEpoch = this.#leader?.leaderEpoch ?? this.#follower?.leaderEpoch
    if (leaderEpoch === undefined) return undefined
    return {
      isLeader: this.#leader !== undefined,
      leaderEpoch,
      logStartOffset: this.log.logStartOffset,
      lastStableOffset: this.#highWatermark,
      highWatermark: this.#highWatermark,
      logEndOffset: this.log.logEndOffset,
    }
  }

  /** This broker leads from now on, or leads on with a changed ISR. */
  lead(partition: PartitionImage, brokers: BrokersView): void {
    const { leader: current } = this
    if (current !== undefined && current.leaderEpoch === partition.leaderEpoch) {
      current.controllerUpdate(partition)
      this.#perform(current)
      return
    }
    if (current !== undefined && current.leaderEpoch > partition.leaderEpoch) return
    this.#leave('NOT_LEADER_OR_FOLLOWER')
    // After a restart less may be known: with an ISR that is too small nothing could be read.
    this.#highWatermark = Math.max(this.#highWatermark, this.log.checkpointedHighWatermark)
    const { clock, brokerId, replicaLagTimeMaxMs, logger } = this.#options
    const leader = new PartitionLeader({
      brokerId,
      brokerEpoch: brokers.brokerEpoch,
      partition,
      eligibleBrokers: brokers.eligible,
      minInsyncReplicas: this.#config.minInsyncReplicas,
      replicaLagTimeMaxMs,
      offsets: this.#offsets(),
      epochs: this.log.epochs,
      nowMs: clock.monotonicMs(),
    })
    this.#leader = leader
    logger.info('leads', { ...this.#name(), epoch: leader.leaderEpoch })
    this.#perform(leader)
  }

  /** Somebody else leads. True when that is a new leader epoch. */
  follow(partition: PartitionImage): boolean {
    const { leaderEpoch } = partition
    if (this.#follower !== undefined && this.#follower.leaderEpoch >= leaderEpoch) return false
    if (this.#leader !== undefined && this.#leader.leaderEpoch >= leaderEpoch) return false
    this.#leave('NOT_LEADER_OR_FOLLOWER')
    this.#follower = new PartitionFollower({
      leaderEpoch,
      offsets: this.#offsets(),
      epochs: this.log.epochs,
      lossIsAccepted: partition.leaderRecoveryState === 'recovering',
    })
    return true
  }

  /** Nobody leads, or this replica is about to go. */
  stop(error: ErrorName): void {
    this.#leave(error)
  }

  configChanged(config: TopicConfig): void {
    this.#config = config
    const leader = this.#leader
    if (leader === undefined) return
    leader.minInsyncReplicasChanged(config.minInsyncReplicas)
    this.#perform(leader)
  }

  brokersChanged({ eligible }: BrokersView): void {
    const leader = this.#leader
    if (leader === undefined) return
    leader.brokersChanged(eligible)
    this.#perform(leader)
  }

  tick(nowMs: number): void {
    const leader = this.#leader
    if (leader === undefined) return
    leader.tick(nowMs)
    this.#perform(leader)
  }

  /** Notes in the store how far the log is committed. */
  checkpoint(): void {
    const { durableEndOffset, checkpointedHighWatermark } = this.log
    const known = Math.max(this.#highWatermark, checkpointedHighWatermark)
    this.log.checkpointHighWatermark(Math.min(known, durableEndOffset))
  }

  /**
   * Whole batches, see PartitionLog. Undefined when the log turns out to be damaged: the replica is
   * out of service then, and KAFKA_STORAGE_ERROR is what to answer.
   */
  read(
    fromOffset: number,
    maxBytes: number,
    endOffset: number,
    minOneBatch: boolean,
  ): ReadResult | undefined {
    try {
      return this.log.read(fromOffset, maxBytes, endOffset, minOneBatch)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'corrupt') throw error
      this.#options.onDamage(this, error)
      return undefined
    }
  }

  /** Does what the leader machine asks for. Call it after every input. */
  performLeader(leader: PartitionLeader): void {
    if (leader === this.#leader) this.#perform(leader)
  }

  /** Batches have been appended by this leader: followers may have them. */
  leaderAppended(leader: PartitionLeader): void {
    leader.appended(this.log.logEndOffset)
    wake(this.#followersWaiting)
  }

  /** Does what the follower machine asks for. Call it after every input. */
  performFollower(follower: PartitionFollower): void {
    if (follower !== this.#follower) return
    for (const effect of follower.takeEffects()) {
      if (effect.kind === 'highWatermarkAdvanced') this.#highWatermarkIs(effect.highWatermark)
      else this.log.advanceStart(effect.logStartOffset)
    }
    // A truncation may have lowered it, where loss was accepted.
    this.#highWatermark = follower.highWatermark
  }

  /** Where `epoch` ends in this log (OffsetForLeaderEpoch); undefined: unknown here. */
  endOfEpoch(epoch: number): EpochEnd | undefined {
    const leaderEpoch = this.#leader?.leaderEpoch ?? -1
    const { epochs, logEndOffset } = this.log
    return epochEndOnLeader({ epochs, leaderEpoch, logEndOffset }, epoch)
  }

  /**
   * Answers when everything before `endOffset` is committed and may be acknowledged, or with the
   * error when that will not happen here. The function returned gives up waiting.
   */
  whenCommitted(endOffset: number, answer: Answer): () => void {
    const leader = this.#leader
    const settle = (error: ErrorName): void => {
      if (error !== 'NONE' || leader === undefined) {
        answer(error)
        return
      }
      const result = leader.commitResult(endOffset)
      assert(result !== 'waiting', 'who was woken is committed')
      answer(result)
    }
    if (leader === undefined) settle('NOT_LEADER_OR_FOLLOWER')
    else if (this.#highWatermark >= endOffset) settle('NONE')
    else return this.#committed.add(endOffset, settle)
    return () => undefined
  }

  /** Answers when everything before `endOffset` is durable on this broker. */
  whenDurable(endOffset: number, answer: Answer): () => void {
    if (this.log.durableEndOffset < endOffset) return this.#durable.add(endOffset, answer)
    answer('NONE')
    return () => undefined
  }

  /** Calls `run` at every event that may give a parked fetch more to answer. */
  subscribe(who: 'follower' | 'consumer', run: () => void): () => void {
    const waiting = who === 'follower' ? this.#followersWaiting : this.#consumersWaiting
    waiting.add(run)
    return () => waiting.delete(run)
  }

  #becameDurable(durableEndOffset: number): void {
    const leader = this.#leader
    const follower = this.#follower
    if (leader !== undefined) {
      leader.durable(durableEndOffset)
      this.#perform(leader)
    } else if (follower !== undefined && durableEndOffset <= follower.logEndOffset) {
      follower.durable(durableEndOffset)
      this.performFollower(follower)
    }
    this.#durable.reached(durableEndOffset)
  }

  #perform(leader: PartitionLeader): void {
    for (const effect of leader.takeEffects()) {
      if (effect.kind === 'highWatermarkAdvanced') this.#highWatermarkIs(effect.highWatermark)
      else this.#options.propose(this, leader, effect)
    }
  }

  #highWatermarkIs(highWatermark: number): void {
    this.#highWatermark = highWatermark
    this.#committed.reached(highWatermark)
    wake(this.#consumersWaiting)
  }

  #leave(error: ErrorName): void {
    this.#leader = undefined
    this.#follower = undefined
    this.#committed.fail(error)
    this.#durable.fail(error)
    wake(this.#followersWaiting)
    wake(this.#consumersWaiting)
  }

  #offsets(): LogOffsets {
    const { logStartOffset, durableEndOffset, logEndOffset } = this.log
    const highWatermark = Math.max(this.#highWatermark, logStartOffset)
    return { logStartOffset, highWatermark, durableEndOffset, logEndOffset }
  }

  #name() {
    return { topic: this.topicName, partition: this.partitionIndex }
  }
}

/** Whoever is woken may subscribe again or leave meanwhile. */
function wake(waiting: ReadonlySet<() => void>): void {
  if (waiting.size === 0) return
  for (const run of [...waiting]) run()
}
