// The in-sync replicas of a partition as its leader sees them: what the controller has committed,
// and what was proposed and may or may not have been committed.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'

/** The state of a partition that the controller has committed. */
export interface PartitionState {
  readonly leaderEpoch: number
  /** Rises by one with every change of the partition. */
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

/** An AlterPartition to send. Its answer comes back as `isrCommitted` or `isrProposalFailed`. */
export interface IsrProposal {
  readonly kind: 'proposeIsr'
  readonly isr: readonly IsrMember[]
  readonly leaderEpoch: number
  /** Of the state that the proposal was made on. */
  readonly partitionEpoch: number
  /** How long to wait before sending: 0 but for a retry. */
  readonly delayMs: number
}

export interface IsrMember {
  readonly brokerId: number
  /** Incarnation that was seen to be in sync; -1: a member of the ISR that has not fetched yet. */
  readonly brokerEpoch: number
}

/** The controller's answer to a proposal it accepted. */
export type CommittedIsr = Pick<PartitionState, 'leaderEpoch' | 'partitionEpoch' | 'isr'>

/** `UNKNOWN` stands for no answer: timeout, connection lost. */
export type ProposalError = ErrorName | 'UNKNOWN'

const firstRetryDelayMs = 50
const maxRetryDelayMs = 1000

/**
 * The controller looked at the proposal, knows the partition in the state that it was made on, and
 * did not apply it. Only then may the members it would have added be forgotten.
 */
const withdrawing: ReadonlySet<ProposalError> = new Set([
  'INELIGIBLE_REPLICA',
  'OPERATION_NOT_ATTEMPTED',
])

/**
 * The controller has another state of the partition than the one that the proposal was made on; it
 * may be the proposal itself, committed by an attempt whose answer was lost. The metadata will
 * tell.
 */
const superseding: ReadonlySet<ProposalError> = new Set([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'FENCED_LEADER_EPOCH',
  'INVALID_UPDATE_VERSION',
  'INVALID_REQUEST',
  'NEW_LEADER_ELECTED',
])

/**
 * Always true: at most one proposal is pending; the maximal ISR is the committed one and the
 * pending one together; partition epochs do not fall.
 */
export class IsrState {
  #committed: PartitionState
  #pending: IsrProposal | undefined
  #maximal: readonly number[]

  constructor(committed: PartitionState) {
    this.#committed = committed
    this.#maximal = committed.isr
  }

  get committed(): PartitionState {
    return this.#committed
  }

  get pending(): IsrProposal | undefined {
    return this.#pending
  }

  get maximal(): readonly number[] {
    return this.#maximal
  }

  proposed(proposal: IsrProposal): void {
    assert(this.#pending === undefined, 'one ISR proposal at a time')
    assert(
      proposal.partitionEpoch === this.#committed.partitionEpoch,
      'a proposal is made on the committed state',
    )
    this.#pending = proposal
    this.#derive()
  }

  /** True when the answer was to the pending proposal and is now the committed state. */
  answered(answer: CommittedIsr, proposal: IsrProposal): boolean {
    if (proposal !== this.#pending) return false
    if (answer.leaderEpoch !== this.#committed.leaderEpoch) return false
    if (answer.partitionEpoch < this.#committed.partitionEpoch) return false
    const { replicas } = this.#committed
    this.#committed = { ...answer, replicas }
    this.#pending = undefined
    this.#derive()
    return true
  }

  /**
   * What to do after a refusal or no answer: `withdrawn`, the proposal is no more; `waiting`, it
   * counts until newer metadata tell; a proposal to send again, the same but for its delay. A retry
   * built anew from a state that has moved on could drop members (KAFKA-15353).
   */
  refused(error: ProposalError, proposal: IsrProposal): 'withdrawn' | 'waiting' | IsrProposal {
    if (proposal !== this.#pending) return 'waiting'
    if (withdrawing.has(error)) {
      this.#pending = undefined
      this.#derive()
      return 'withdrawn'
    }
    if (superseding.has(error)) return 'waiting'
    const delayMs = Math.min(Math.max(proposal.delayMs * 2, firstRetryDelayMs), maxRetryDelayMs)
    const retry: IsrProposal = { ...proposal, delayMs }
    this.#pending = retry
    return retry
  }

  /** True when the metadata tell something new. */
  updated(partition: PartitionState): boolean {
    const { partitionEpoch, replicas } = this.#committed
    if (partition.partitionEpoch < partitionEpoch) return false
    if (partition.partitionEpoch === partitionEpoch) {
      // The answer to a proposal does not tell of replicas that its commit has removed.
      if (sameMembers(partition.replicas, replicas)) return false
    } else {
      // Whatever was proposed is in this state, or the controller will refuse it for its epoch.
      this.#pending = undefined
    }
    this.#committed = partition
    this.#derive()
    return true
  }

  #derive(): void {
    const maximal = [...this.#committed.isr]
    for (const { brokerId } of this.#pending?.isr ?? []) {
      if (!maximal.includes(brokerId)) maximal.push(brokerId)
    }
    this.#maximal = maximal
  }
}

export function sameMembers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every(id => b.includes(id))
}
