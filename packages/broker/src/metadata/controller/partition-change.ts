// Who is in sync, who is eligible and who leads a partition after something happened to it: the one
// place where elections are decided. KIP-497, KIP-841 and KIP-966; reassignment: KIP-455.

import type { ElectionConfig } from '../image/effective-config.ts'
import type { PartitionImage } from '../image/partition.ts'
import {
  type LeaderRecoveryState,
  noLeader,
  type PartitionChangeRecord,
  type TopicId,
} from '../records/records.ts'

/** Whom an election may pick besides keeping the leader there is. */
export type Election =
  /** Anybody who surely holds everything committed. */
  | 'online'
  /** The same, and the first replica rather than the present leader. */
  | 'preferred'
  /** Anybody who is there, when nobody else is: may lose records. */
  | 'unclean'

export interface ElectionContext {
  readonly election: Election
  readonly config: ElectionConfig
  /** The broker is there (or comes with this very change) and stays. */
  mayLead(brokerId: number): boolean
}

/** What is to become of a partition; absent members are kept. */
export interface PartitionTarget {
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly addingReplicas?: readonly number[]
  readonly removingReplicas?: readonly number[]
  readonly leaderRecoveryState?: LeaderRecoveryState
  /** A replica whose log may lack its tail: not in `isr`, and leaves the ELR. */
  readonly lost?: number
  /**
   * A replica whose log is gone altogether: nor is it the last known leader, lest the others cut
   * their logs to nothing. Of no meaning where it is the only replica.
   */
  readonly emptied?: number
  /**
   * A replica whose log is known to be damaged: as `emptied`, also where it is the only one. It is
   * the same incarnation of its broker that may yet be proposed for what it held before, so the
   * leader epoch rises, which makes the leader forget that.
   */
  readonly damaged?: number
}

/** The partition after the change. */
export function partitionTowards(
  before: PartitionImage,
  target: PartitionTarget,
  context: ElectionContext,
): PartitionImage {
  const { damaged, lost = damaged } = target
  const emptied = damaged ?? (before.replicas.length > 1 ? target.emptied : undefined)
  const assigned = withCompletedReassignment({
    ...before,
    replicas: target.replicas ?? before.replicas,
    addingReplicas: target.addingReplicas ?? before.addingReplicas,
    removingReplicas: target.removingReplicas ?? before.removingReplicas,
    leaderRecoveryState: target.leaderRecoveryState ?? before.leaderRecoveryState,
    isr: target.isr ?? before.isr,
  })
  const minIsr = Math.min(context.config.minInsyncReplicas, assigned.replicas.length)
  const eligible = { ...assigned, elr: eligibleAfter(before, assigned, lost) }
  const elected = elect(eligible, context)
  // Whoever leads an ISR that is large enough may commit records nobody in the ELR has.
  const elr = elected.isr.length >= minIsr ? [] : elected.elr
  return { ...elected, elr, lastKnownElr: lastKnownAfter(before, elected, emptied) }
}

/** The record of the change; undefined when it changes nothing. */
export function changePartition(
  topicId: TopicId,
  partitionIndex: number,
  before: PartitionImage,
  target: PartitionTarget,
  context: ElectionContext,
): PartitionChangeRecord | undefined {
  const after = partitionTowards(before, target, context)
  const isRemoval = before.replicas.some(id => !after.replicas.includes(id))
  const isLoss = target.damaged !== undefined && after.leader !== noLeader
  const change: PartitionChangeRecord = {
    kind: 'partitionChange',
    topicId,
    partitionIndex,
    isr: changed(before.isr, after.isr),
    // Replicas that leave must notice, though the leader stays: a new leader epoch for everybody.
    leader: after.leader !== before.leader || isRemoval || isLoss ? after.leader : undefined,
    replicas: changed(before.replicas, after.replicas),
    addingReplicas: changed(before.addingReplicas, after.addingReplicas),
    removingReplicas: changed(before.removingReplicas, after.removingReplicas),
    leaderRecoveryState:
      after.leaderRecoveryState === before.leaderRecoveryState
        ? undefined
        : after.leaderRecoveryState,
    elr: changed(before.elr, after.elr),
    lastKnownElr: changed(before.lastKnownElr, after.lastKnownElr),
  }
  return isChange(change) ? change : undefined
}

/** The same ids in the same order. */
export function sameIds(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index])
}

export function without(ids: readonly number[], id: number | undefined): readonly number[] {
  return id === undefined || !ids.includes(id) ? ids : ids.filter(other => other !== id)
}

/**
 * Old replicas go once every replica that stays is in the ISR, and not before: nobody is removed
 * on a promise (KIP-455).
 */
function withCompletedReassignment(partition: PartitionImage): PartitionImage {
  const { addingReplicas, removingReplicas } = partition
  if (addingReplicas.length === 0 && removingReplicas.length === 0) return partition
  const stays = (id: number) => !removingReplicas.includes(id)
  const replicas = partition.replicas.filter(stays)
  const isr = partition.isr.filter(stays)
  if (replicas.length === 0 || !replicas.every(id => isr.includes(id))) return partition
  return { ...partition, replicas, isr, addingReplicas: [], removingReplicas: [] }
}

/**
 * While the ISR is smaller than min.insync.replicas nothing is committed, so whoever leaves it then
 * holds everything committed for as long as that lasts.
 */
function eligibleAfter(
  before: PartitionImage,
  after: PartitionImage,
  lost: number | undefined,
): readonly number[] {
  return after.replicas.filter(
    id =>
      id !== lost &&
      !after.isr.includes(id) &&
      (before.isr.includes(id) || before.elr.includes(id)),
  )
}

function elect(partition: PartitionImage, context: ElectionContext): PartitionImage {
  const { isr, elr } = partition
  const clean = cleanLeader(partition, context)
  if (clean !== undefined) {
    if (isr.includes(clean)) return { ...partition, leader: clean }
    return { ...partition, leader: clean, isr: [clean], elr: without(elr, clean) }
  }
  const unclean = uncleanLeader(partition, context)
  if (unclean === undefined) return { ...partition, leader: noLeader }
  return {
    ...partition,
    leader: unclean,
    isr: [unclean],
    elr: [],
    leaderRecoveryState: 'recovering',
  }
}

/** A leader that holds everything committed. */
function cleanLeader(partition: PartitionImage, context: ElectionContext): number | undefined {
  const { replicas, isr, elr, leader } = partition
  const candidates = isr.length > 0 ? isr : elr
  const isCandidate = (id: number) => candidates.includes(id) && context.mayLead(id)
  const preferred = replicas[0]
  if (context.election === 'preferred' && preferred !== undefined && isCandidate(preferred)) {
    return preferred
  }
  return isCandidate(leader) ? leader : replicas.find(isCandidate)
}

/**
 * A leader that may lack records. The last known leader had all of them when it stopped, without a
 * proof that it kept them; better than nobody when nobody else is left (KIP-966's balanced
 * recovery), and needs no opt-in.
 */
function uncleanLeader(partition: PartitionImage, context: ElectionContext): number | undefined {
  const { replicas, isr, elr, lastKnownElr } = partition
  const lastKnown = lastKnownElr[0]
  if (
    isr.length === 0 &&
    elr.length === 0 &&
    lastKnown !== undefined &&
    replicas.includes(lastKnown) &&
    context.mayLead(lastKnown)
  ) {
    return lastKnown
  }
  if (context.election !== 'unclean') return undefined
  // What is only being added may have nothing at all.
  const present = replicas.filter(id => context.mayLead(id))
  return present.find(id => !partition.addingReplicas.includes(id)) ?? present[0]
}

function lastKnownAfter(
  before: PartitionImage,
  after: PartitionImage,
  emptied: number | undefined,
): readonly number[] {
  if (after.leader !== noLeader) return []
  const known = before.leader === noLeader ? after.lastKnownElr : [before.leader]
  return known.filter(id => id !== emptied && after.replicas.includes(id))
}

function changed(
  before: readonly number[],
  after: readonly number[],
): readonly number[] | undefined {
  return sameIds(before, after) ? undefined : after
}

function isChange(change: PartitionChangeRecord): boolean {
  return (
    change.isr !== undefined ||
    change.leader !== undefined ||
    change.replicas !== undefined ||
    change.addingReplicas !== undefined ||
    change.removingReplicas !== undefined ||
    change.leaderRecoveryState !== undefined ||
    change.elr !== undefined ||
    change.lastKnownElr !== undefined
  )
}
