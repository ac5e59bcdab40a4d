// The leader of one partition during one leader epoch: who has what, what is committed, who is in
// sync. It decides; the driver in `partition/` appends, flushes, asks the controller.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { EpochCache, EpochEnd } from './epoch-cache.ts'
import { FollowerProgress } from './follower-progress.ts'
import {
  type CommittedIsr,
  type IsrProposal,
  IsrState,
  type PartitionState,
  type ProposalError,
  sameMembers,
} from './isr-state.ts'
import type {
  CommitResult,
  LeaderEffect,
  LeaderOptions,
  ReplicaFetch,
  ReplicaFetchResult,
} from './leader-types.ts'
import { divergence, epochEndOnLeader } from './truncation.ts'
import { checkLogOffsets } from './watermarks.ts'

const read: ReplicaFetchResult = { kind: 'read' }

/**
 * Always true: logStartOffset <= highWatermark <= durableEndOffset <= logEndOffset; the high
 * watermark never falls; it never passes what a member of the maximal ISR durably holds, nor rises
 * while the ISR is smaller than min.insync.replicas (KIP-966); one proposal at a time.
 *
 * A broker leads in an epoch in one incarnation only: after a restart the driver must not build a
 * leader for an epoch that the broker held before, since unflushed records may have been lost that
 * followers have got, and others would take their offsets in the same epoch.
 */
export class PartitionLeader {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly leaderEpoch: number
  readonly #leaderEpochStartOffset: number
  readonly #epochs: EpochCache
  readonly #replicaLagTimeMaxMs: number
  readonly #isr: IsrState
  #followers = new Map<number, FollowerProgress>()
  #eligibleBrokers: ReadonlyMap<number, number>
  #minInsyncReplicas: number
  #logStartOffset: number
  #highWatermark: number
  #durableEndOffset: number
  #logEndOffset: number
  #nowMs: number
  #effects: LeaderEffect[] = []

  constructor(options: LeaderOptions) {
    const { partition, offsets, epochs } = options
    checkLogOffsets(offsets)
    const latestEpoch = epochs.latestEpoch
    assert(
      latestEpoch === undefined || latestEpoch < partition.leaderEpoch,
      'nothing was written in the epoch before its leader begins',
      () => `${latestEpoch} ${partition.leaderEpoch}`,
    )
    this.brokerId = options.brokerId
    this.brokerEpoch = options.brokerEpoch
    this.leaderEpoch = partition.leaderEpoch
    this.#leaderEpochStartOffset = offsets.logEndOffset
    this.#epochs = epochs
    this.#replicaLagTimeMaxMs = options.replicaLagTimeMaxMs
    this.#isr = new IsrState(partition)
    this.#eligibleBrokers = options.eligibleBrokers
    this.#minInsyncReplicas = options.minInsyncReplicas
    this.#logStartOffset = offsets.logStartOffset
    this.#highWatermark = offsets.highWatermark
    this.#durableEndOffset = offsets.durableEndOffset
    this.#logEndOffset = offsets.logEndOffset
    this.#nowMs = options.nowMs
    this.#assignFollowers()
    this.#advanceHighWatermark()
  }

  /** Where the first record of this leader goes; those before it come from earlier leaders. */
  get leaderEpochStartOffset(): number {
    return this.#leaderEpochStartOffset
  }

  get partition(): PartitionState {
    return this.#isr.committed
  }

  /** Members that hold the high watermark back: committed and proposed, this broker included. */
  get maximalIsr(): readonly number[] {
    return this.#isr.maximal
  }

  get followers(): ReadonlyMap<number, FollowerProgress> {
    return this.#followers
  }

  get logStartOffset(): number {
    return this.#logStartOffset
  }

  /** End of what is committed, as far as this replica knows. Never falls. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  get durableEndOffset(): number {
    return this.#durableEndOffset
  }

  get logEndOffset(): number {
    return this.#logEndOffset
  }

  /** Hands over the effects since the last call. */
  takeEffects(): readonly LeaderEffect[] {
    const effects = this.#effects
    this.#effects = []
    return effects
  }

  /**
   * The high watermark that clients may be told. Undefined until everything that earlier leaders
   * may have committed is known to be committed: a new leader's own mark may lag behind what
   * clients were told before (KIP-207), then ListOffsets answers OFFSET_NOT_AVAILABLE.
   */
  clientHighWatermark(): number | undefined {
    return this.#highWatermark >= this.leaderEpochStartOffset ? this.#highWatermark : undefined
  }

  /** min.insync.replicas, or the number of replicas when that is smaller. */
  get effectiveMinIsr(): number {
    return Math.min(this.#minInsyncReplicas, this.#isr.committed.replicas.length)
  }

  /** Whether the ISR that the controller knows is large enough for acks=all. */
  get minIsrSatisfied(): boolean {
    return this.#isr.committed.isr.length >= this.effectiveMinIsr
  }

  /** Whether a batch may be appended; asked before anything is. */
  appendError(acks: number): 'NONE' | 'NOT_ENOUGH_REPLICAS' {
    return acks === -1 && !this.minIsrSatisfied ? 'NOT_ENOUGH_REPLICAS' : 'NONE'
  }

  /** Whether an acks=all append may be answered that ends at `endOffset` (exclusive). */
  commitResult(endOffset: number): CommitResult {
    if (this.#highWatermark < endOffset) return 'waiting'
    return this.minIsrSatisfied ? 'NONE' : 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'
  }

  /** Records up to `logEndOffset` are in the log, visible to followers, maybe not flushed. */
  appended(logEndOffset: number): void {
    assert(logEndOffset >= this.#logEndOffset, 'the log of a leader only grows')
    this.#logEndOffset = logEndOffset
  }

  /** Records up to `durableEndOffset` would survive a power cut. */
  durable(durableEndOffset: number): void {
    assert(durableEndOffset >= this.#durableEndOffset, 'what is durable stays durable')
    assert(durableEndOffset <= this.#logEndOffset, 'only what was appended becomes durable')
    this.#durableEndOffset = durableEndOffset
    this.#advanceHighWatermark()
  }

  /** Retention or DeleteRecords moved the start of the log. */
  logStartAdvanced(logStartOffset: number): void {
    assert(logStartOffset >= this.#logStartOffset, 'the start of a log never falls')
    assert(logStartOffset <= this.#highWatermark, 'only committed records are deleted')
    this.#logStartOffset = logStartOffset
  }

  /** Where `epoch` ends here, see `epochEndOnLeader`. */
  endOfEpoch(epoch: number): EpochEnd | undefined {
    return epochEndOnLeader(this.#leaderLog(), epoch)
  }

  /**
   * A follower fetches. If its log agrees with this one up to `fetchOffset`, it durably holds
   * everything before it, which may commit records and let it into the ISR.
   */
  followerFetched(fetch: ReplicaFetch): ReplicaFetchResult {
    this.#saw(fetch.nowMs)
    const error = this.#problemWithFetch(fetch)
    if (error !== undefined) return { kind: 'error', error }
    const end = divergence(this.#leaderLog(), fetch.lastFetchedEpoch, fetch.fetchOffset)
    if (end === 'unknown') return { kind: 'error', error: 'OFFSET_OUT_OF_RANGE' }
    // Must not count as progress: what it holds beyond the end of that epoch is not ours.
    if (end !== undefined) return { kind: 'diverging', end }
    if (fetch.fetchOffset > this.#logEndOffset)
      return { kind: 'error', error: 'OFFSET_OUT_OF_RANGE' }
    this.#followers.get(fetch.replicaId)?.fetched({
      brokerEpoch: fetch.brokerEpoch,
      fetchOffset: fetch.fetchOffset,
      logStartOffset: fetch.logStartOffset,
      leaderEndOffset: this.#logEndOffset,
      nowMs: fetch.nowMs,
    })
    // First the proposal: who is about to join counts from now on (KIP-497).
    this.#maybeExpandIsr()
    this.#advanceHighWatermark()
    return read
  }

  /** Whether a parked fetch of this follower should be answered so that it learns the new mark. */
  followerLacksHighWatermark(replicaId: number): boolean {
    const follower = this.#followers.get(replicaId)
    return follower !== undefined && follower.lastSentHighWatermark < this.#highWatermark
  }

  /** A response with this high watermark goes to the follower (KIP-392). */
  highWatermarkSent(replicaId: number, highWatermark: number): void {
    const follower = this.#followers.get(replicaId)
    if (follower !== undefined) follower.lastSentHighWatermark = highWatermark
  }

  /**
   * The lowest log start offset of the live replicas: where DeleteRecords has taken effect
   * everywhere (KIP-107). -1 while a live replica has not told.
   */
  lowWatermark(): number {
    let low = this.#logStartOffset
    for (const { brokerId, logStartOffset } of this.#followers.values()) {
      if (this.#eligibleBrokers.has(brokerId)) low = Math.min(low, logStartOffset)
    }
    return low
  }

  /** The controller committed `proposal`, or found nothing to change. */
  isrCommitted(answer: CommittedIsr, proposal: IsrProposal): void {
    if (this.#isr.answered(answer, proposal)) this.#changed()
  }

  /**
   * The controller refused, or nothing is known of what it did. An answer to a proposal that is not
   * pending any more changes nothing. Proposals may reach the controller late, twice and after
   * their retries: it accepts one per partition epoch at most, and none any more of an epoch in
   * which it refused a member. So a refusal says that no attempt has had an effect, nor will have.
   */
  isrProposalFailed(error: ProposalError, proposal: IsrProposal): void {
    const next = this.#isr.refused(error, proposal)
    if (next === 'waiting') return
    if (next === 'withdrawn') this.#advanceHighWatermark()
    else this.#effects.push(next)
  }

  /** The metadata tell of a newer state of the partition, in the same leader epoch. */
  controllerUpdate(partition: PartitionState): void {
    assert(partition.leaderEpoch === this.leaderEpoch, 'a new leader epoch is a new leader')
    if (!this.#isr.updated(partition)) return
    this.#changed()
  }

  /** The metadata tell of brokers that came, went, were fenced; see `LeaderOptions`. */
  brokersChanged(eligibleBrokers: ReadonlyMap<number, number>): void {
    this.#eligibleBrokers = eligibleBrokers
    this.#maybeExpandIsr()
    this.#advanceHighWatermark()
  }

  minInsyncReplicasChanged(minInsyncReplicas: number): void {
    this.#minInsyncReplicas = minInsyncReplicas
    this.#advanceHighWatermark()
  }

  /**
   * Time passes: proposes to drop members that have not caught up within replica.lag.time.max.ms.
   * Call it at least twice in that time.
   */
  tick(nowMs: number): void {
    this.#saw(nowMs)
    this.#maybeShrinkIsr()
    this.#advanceHighWatermark()
  }

  #saw(nowMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, nowMs)
  }

  #leaderLog() {
    return {
      epochs: this.#epochs,
      leaderEpoch: this.leaderEpoch,
      logEndOffset: this.#logEndOffset,
    }
  }

  #changed(): void {
    this.#assignFollowers()
    this.#maybeExpandIsr()
    this.#advanceHighWatermark()
  }

  /** Keeps what is known of replicas that stay. */
  #assignFollowers(): void {
    const { replicas, isr } = this.#isr.committed
    const followers = new Map<number, FollowerProgress>()
    for (const id of replicas) {
      if (id === this.brokerId) continue
      const caughtUpMs = isr.includes(id) ? this.#nowMs : undefined
      followers.set(id, this.#followers.get(id) ?? new FollowerProgress(id, caughtUpMs))
    }
    this.#followers = followers
  }

  #problemWithFetch(fetch: ReplicaFetch): ErrorName | undefined {
    const { currentLeaderEpoch } = fetch
    if (currentLeaderEpoch >= 0 && currentLeaderEpoch < this.leaderEpoch) {
      return 'FENCED_LEADER_EPOCH'
    }
    if (currentLeaderEpoch > this.leaderEpoch) return 'UNKNOWN_LEADER_EPOCH'
    const follower = this.#followers.get(fetch.replicaId)
    // Added by a reassignment that we have not heard of: it tries again.
    if (follower === undefined) {
      return currentLeaderEpoch < 0 ? 'NOT_LEADER_OR_FOLLOWER' : 'UNKNOWN_LEADER_EPOCH'
    }
    if (fetch.brokerEpoch < follower.brokerEpoch) return 'STALE_BROKER_EPOCH'
    if (fetch.fetchOffset < this.#logStartOffset) return 'OFFSET_OUT_OF_RANGE'
    return undefined
  }

  /** The registration under which the follower fetches may be in sync (KIP-903). */
  #isEligible(follower: FollowerProgress): boolean {
    const registered = this.#eligibleBrokers.get(follower.brokerId)
    return registered !== undefined && registered === follower.brokerEpoch
  }

  /**
   * A follower may join that has fetched in this epoch from the high watermark or later, and from
   * the start of this epoch or later: only then does it hold all that earlier leaders may have
   * committed, which this leader may not know to be committed yet.
   */
  #mayJoin(follower: FollowerProgress): boolean {
    return (
      follower.hasFetched &&
      follower.logEndOffset >= this.#highWatermark &&
      follower.logEndOffset >= this.leaderEpochStartOffset &&
      this.#nowMs - follower.lastFetchMs <= this.#replicaLagTimeMaxMs &&
      this.#isEligible(follower)
    )
  }

  #maybeExpandIsr(): void {
    if (this.#isr.pending !== undefined) return
    const { isr } = this.#isr.committed
    let joining: number[] | undefined
    for (const follower of this.#followers.values()) {
      if (isr.includes(follower.brokerId) || !this.#mayJoin(follower)) continue
      joining ??= []
      joining.push(follower.brokerId)
    }
    if (joining !== undefined) this.#propose([...isr, ...joining])
  }

  #maybeShrinkIsr(): void {
    if (this.#isr.pending !== undefined) return
    const { isr } = this.#isr.committed
    const kept = isr.filter(id => {
      const follower = this.#followers.get(id)
      if (follower === undefined) return true
      return follower.isCaughtUp(this.#logEndOffset, this.#nowMs, this.#replicaLagTimeMaxMs)
    })
    if (!sameMembers(kept, isr)) this.#propose(kept)
  }

  #propose(isr: readonly number[]): void {
    const proposal: IsrProposal = {
      kind: 'proposeIsr',
      isr: isr.map(id => ({ brokerId: id, brokerEpoch: this.#epochOf(id) })),
      leaderEpoch: this.leaderEpoch,
      partitionEpoch: this.#isr.committed.partitionEpoch,
      delayMs: 0,
    }
    this.#isr.proposed(proposal)
    this.#effects.push(proposal)
  }

  #epochOf(brokerId: number): number {
    if (brokerId === this.brokerId) return this.brokerEpoch
    return this.#followers.get(brokerId)?.brokerEpoch ?? -1
  }

  /**
   * A record is committed once every member of the *maximal* ISR durably has it: whoever of them
   * the controller elects next holds it. A replica that keeps up but is not in the ISR yet is
   * waited for too, else it could run after the high watermark for ever and never join.
   */
  #advanceHighWatermark(): void {
    if (!this.minIsrSatisfied) return
    let committed = this.#durableEndOffset
    for (const follower of this.#followers.values()) {
      if (follower.logEndOffset >= committed) continue
      if (this.#isr.maximal.includes(follower.brokerId) || this.#isAboutToJoin(follower)) {
        committed = follower.logEndOffset
      }
    }
    if (committed <= this.#highWatermark) return
    assert(committed <= this.#durableEndOffset, 'what is committed is durable here')
    this.#highWatermark = committed
    this.#effects.push({ kind: 'highWatermarkAdvanced', highWatermark: committed })
  }

  #isAboutToJoin(follower: FollowerProgress): boolean {
    return (
      this.#isEligible(follower) &&
      follower.isCaughtUp(this.#logEndOffset, this.#nowMs, this.#replicaLagTimeMaxMs)
    )
  }
}
