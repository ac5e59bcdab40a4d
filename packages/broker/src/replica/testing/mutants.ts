// Known bugs of re-implementations, each in one part of a simulated broker. A simulation that does
// not find all of them proves nothing about the machines it passes.

import { EpochCache, type EpochEnd } from '../epoch-cache.ts'
import type { ReplicaFetch, ReplicaFetchResult } from '../leader-types.ts'
import {
  type FetchedPartition,
  type FollowerFetch,
  PartitionFollower,
} from '../partition-follower.ts'
import { PartitionLeader } from '../partition-leader.ts'
import { type ProducedBatch, ProducerStates, type SequenceVerdict } from '../producer-state.ts'
import { honest, type Parts } from './parts.ts'

export interface Mutant {
  readonly name: string
  readonly parts: Parts
}

const never = { producerIdExpirationMs: Number.MAX_SAFE_INTEGER }

/** KIP-101: a restarted replica cuts its log at the high watermark that it had noted. */
const truncatesToHighWatermark: Partial<Parts> = {
  opened: (log, highWatermark) => log.truncate(highWatermark),
}

/** KIP-101: what the follower holds beyond the leader's epoch is never compared. */
class TrustingLeader extends PartitionLeader {
  override followerFetched(fetch: ReplicaFetch): ReplicaFetchResult {
    return super.followerFetched({ ...fetch, lastFetchedEpoch: -1 })
  }
}

/** KIP-279: an epoch that the leader does not know is taken for one that goes on to its end. */
class ForgetfulEpochs extends EpochCache {
  override endOffsetFor(epoch: number, logEndOffset: number): EpochEnd | undefined {
    const isKnown = this.entries.some(entry => entry.epoch === epoch)
    if (isKnown) return super.endOffsetFor(epoch, logEndOffset)
    return { leaderEpoch: epoch, endOffset: logEndOffset }
  }
}

/** KAFKA-14704: the leader's high watermark is adopted before the diverging tail is cut. */
class EagerFollower extends PartitionFollower {
  #eager = 0

  override get highWatermark(): number {
    return Math.max(super.highWatermark, this.#eager)
  }

  override fetched(fetch: FollowerFetch, answer: FetchedPartition) {
    this.#eager = Math.max(this.#eager, Math.min(answer.highWatermark, this.logEndOffset))
    return super.fetched(fetch, answer)
  }
}

/** KIP-207: a new leader tells clients its own high watermark, which lags behind. */
class HastyLeader extends PartitionLeader {
  override clientHighWatermark(): number {
    return this.highWatermark
  }
}

/** KIP-966: members that are to be dropped do not count any more before the controller agrees. */
const shrinksTooEarly: Partial<Parts> = {
  proposing(leader, proposal) {
    const { isr, partitionEpoch } = leader.partition
    if (proposal.isr.length >= isr.length) return
    const { leaderEpoch } = leader
    const smaller = proposal.isr.map(({ brokerId }) => brokerId)
    leader.isrCommitted({ leaderEpoch, partitionEpoch, isr: smaller }, proposal)
  },
}

/** KIP-497: members that were proposed do not count until the answer is there. */
const growsTooLate: Partial<Parts> = {
  proposing(leader, proposal) {
    if (proposal.isr.length > leader.partition.isr.length) {
      leader.isrProposalFailed('INELIGIBLE_REPLICA', proposal)
    }
  },
}

/** Who has everything below the new leader's lagging mark may join, whatever was committed. */
class CarelessLeader extends PartitionLeader {
  override get leaderEpochStartOffset(): number {
    return 0
  }
}

/** KIP-966: the high watermark rises, and acks=all is answered, with too small an ISR. */
const ignoresMinIsr: Partial<Parts> = {
  newLeader: options => new PartitionLeader({ ...options, minInsyncReplicas: 1 }),
}

/** KAFKA-9144: a new leader does not know what the producers have sent to the one before. */
const forgetsProducers: Partial<Parts> = {
  leading(log) {
    log.producers = new ProducerStates(never)
  },
}

/** KAFKA-14920: a producer that is not known here may begin with any sequence. */
class WelcomingProducers extends ProducerStates {
  override check(batch: ProducedBatch): SequenceVerdict {
    if (this.producer(batch.producerId) === undefined) return { kind: 'accept' }
    return super.check(batch)
  }
}

const bugs: Readonly<Record<string, Partial<Parts>>> = {
  'rep-truncate-to-hw-loses-acked': truncatesToHighWatermark,
  'rep-truncate-to-hw-diverges': { newLeader: options => new TrustingLeader(options) },
  'rep-fast-failover-unknown-epoch': { newEpochs: () => new ForgetfulEpochs() },
  'rep-hw-before-truncate': { newFollower: options => new EagerFollower(options) },
  'rep-hw-regress-new-leader': { newLeader: options => new HastyLeader(options) },
  'isr-shrink-applied-too-early': shrinksTooEarly,
  'isr-growth-counted-too-late': growsTooLate,
  'isr-rejoin-stale-broker-epoch': { controllerChecksBrokerEpochs: false },
  'isr-growth-below-epoch-start': { newLeader: options => new CarelessLeader(options) },
  'rep-commits-below-min-isr': ignoresMinIsr,
  'idem-state-lost-on-failover': forgetsProducers,
  'idem-second-inflight-first': { newProducers: () => new WelcomingProducers(never) },
  'rep-visible-not-durable': { isVisibleDurable: true },
  'rep-leads-again-in-same-epoch': { leadsAgain: true },
}

export const mutants: readonly Mutant[] = Object.entries(bugs).map(([name, bug]) => ({
  name,
  parts: { ...honest, ...bug },
}))
