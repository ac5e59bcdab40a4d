// One partition as the controller knows it, and what the records about it do to it.

import { assert } from '@klamm/base'
import {
  type LeaderRecoveryState,
  noLeader,
  type PartitionChangeRecord,
  type PartitionRecord,
  type TopicId,
} from '../records/records.ts'

/**
 * Always true: the leader is in the ISR or there is none; ISR and ELR are disjoint and among the
 * replicas; replicas are distinct.
 */
export interface PartitionImage {
  /** The first one is the preferred leader. */
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** Eligible leader replicas: outside the ISR, yet holding everything committed (KIP-966). */
  readonly elr: readonly number[]
  /** The leader there was when ISR and ELR ran empty; at most one. */
  readonly lastKnownElr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  /** -1 without one. */
  readonly leader: number
  readonly leaderRecoveryState: LeaderRecoveryState
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export function partitionFromRecord(record: PartitionRecord): PartitionImage {
  return checked({
    replicas: record.replicas,
    isr: record.isr,
    elr: record.elr,
    lastKnownElr: record.lastKnownElr,
    addingReplicas: record.addingReplicas,
    removingReplicas: record.removingReplicas,
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  })
}

export function partitionAfter(
  partition: PartitionImage,
  change: PartitionChangeRecord,
): PartitionImage {
  return checked({
    replicas: change.replicas ?? partition.replicas,
    isr: change.isr ?? partition.isr,
    elr: change.elr ?? partition.elr,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    leader: change.leader ?? partition.leader,
    leaderRecoveryState: change.leaderRecoveryState ?? partition.leaderRecoveryState,
    leaderEpoch: partition.leaderEpoch + (change.leader === undefined ? 0 : 1),
    partitionEpoch: partition.partitionEpoch + 1,
  })
}

export function partitionToRecord(
  topicId: TopicId,
  partitionIndex: number,
  partition: PartitionImage,
): PartitionRecord {
  return { kind: 'partition', topicId, partitionIndex, ...partition }
}

/** True while replicas are being exchanged (KIP-455). */
export function isReassigning(partition: PartitionImage): boolean {
  return partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0
}

function checked(partition: PartitionImage): PartitionImage {
  const { replicas, isr, elr, leader } = partition
  assert(replicas.length > 0, 'a partition has replicas')
  assert(areDistinct(replicas), 'replicas are distinct', () => `${replicas}`)
  assert(areDistinct(isr), 'the members of the ISR are distinct', () => `${isr}`)
  for (const id of isr) assert(replicas.includes(id), 'the ISR is among the replicas')
  for (const id of elr) {
    assert(replicas.includes(id), 'the ELR is among the replicas')
    assert(!isr.includes(id), 'nobody is in ISR and ELR')
  }
  assert(leader === noLeader || isr.includes(leader), 'the leader is in the ISR')
  return partition
}

function areDistinct(ids: readonly number[]): boolean {
  for (let i = 1; i < ids.length; i++) {
    if (ids.indexOf(ids[i] as number) !== i) return false
  }
  return true
}
