// A view of one node for people, metrics and the driver's policies (when to compact, whom to drop).

import type { RaftCore } from './core.ts'
import type { Progress, ProgressState } from './progress.ts'
import type { Configuration, LogIndex, Role, Term, VoterId } from './types.ts'

export interface FollowerStatus {
  readonly id: VoterId
  readonly isVoter: boolean
  readonly state: ProgressState
  /** Known to be durable there (inclusive). */
  readonly matchIndex: LogIndex
  /** Next entry to send. */
  readonly nextIndex: LogIndex
  readonly inflightAppends: number
  readonly inflightBytes: number
  /** Monotonic time of its last message; undefined when never heard in this term. */
  readonly lastContactMs: number | undefined
}

export interface Status {
  readonly id: VoterId
  readonly role: Role
  /** Why the state is unreadable, in words. */
  readonly unreadableReason: string | undefined
  readonly term: Term
  readonly votedFor: VoterId | undefined
  readonly leader: VoterId | undefined
  readonly commitIndex: LogIndex
  /** Handed out by `ready` for applying. */
  readonly appliedIndex: LogIndex
  /** What this node's disk holds for certain. */
  readonly durableIndex: LogIndex
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  readonly snapshotIndex: LogIndex
  /** Index before the first kept entry. */
  readonly logStartIndex: LogIndex
  /** Bytes of the entries after the snapshot: the driver makes a snapshot when there are many. */
  readonly bytesSinceSnapshot: number
  /** In force here, committed or not. */
  readonly configuration: Configuration
  /**
   * Where it stands in the log, or the index of the snapshot that has it. Uncommitted while above
   * `commitIndex`.
   */
  readonly configurationIndex: LogIndex
  readonly isVoter: boolean
  /** Leader only: an entry of its own term is committed, so its state is complete. */
  readonly hasCommittedInTerm: boolean
  readonly transferringTo: VoterId | undefined
  readonly pendingReads: number
  /** Leader only, voters and observers other than itself, by nodeId. */
  readonly followers: readonly FollowerStatus[]
}

export function statusOf(core: RaftCore, unreadableReason: string | undefined): Status {
  const { leadership, log, membership } = core
  const followers = [...(leadership?.followers ?? [])]
  return {
    id: core.id,
    role: core.role,
    unreadableReason,
    term: core.term,
    votedFor: core.votedFor,
    leader: core.leader,
    commitIndex: log.commitIndex,
    appliedIndex: core.appliedIndex,
    durableIndex: core.durableIndex,
    lastIndex: log.lastIndex,
    lastTerm: log.lastTerm,
    snapshotIndex: log.snapshot.index,
    logStartIndex: log.start.index,
    bytesSinceSnapshot: log.bytesSinceSnapshot,
    configuration: membership.inForce,
    configurationIndex: membership.index,
    isVoter: core.role !== 'unreadable' && membership.isVoter(core.id),
    hasCommittedInTerm: core.hasCommittedInTerm,
    transferringTo: leadership?.transfer?.to,
    pendingReads: (leadership?.reads.count ?? 0) + core.confirmedReads.length,
    followers: followers
      .map(progress => followerStatus(progress, membership.isVoter(progress.id)))
      .sort((a, b) => a.id.nodeId - b.id.nodeId),
  }
}

function followerStatus(progress: Progress, isVoter: boolean): FollowerStatus {
  return {
    id: progress.id,
    isVoter,
    state: progress.state,
    matchIndex: progress.matchIndex,
    nextIndex: progress.nextIndex,
    inflightAppends: progress.inflights.count,
    inflightBytes: progress.inflights.bytes,
    lastContactMs: progress.lastContactMs,
  }
}
