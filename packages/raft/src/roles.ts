// Leaving and entering the passive roles. Whoever stops leading or campaigning comes through here.

import type { RaftCore } from './core.ts'
import type { Role, Term, VoterId } from './types.ts'

/**
 * Starts to wait for a leader anew: between one and two election timeouts, so that voters do not
 * campaign all at once (Raft §5.2). An observer only asks around, hence need not wait as long.
 */
export function resetElectionTimer(core: RaftCore): void {
  const { electionTimeoutMs } = core.config
  const spreadMs = core.role === 'observer' ? electionTimeoutMs / 4 : electionTimeoutMs
  core.electionDeadlineMs = core.nowMs + electionTimeoutMs + core.random.below(spreadMs)
}

/** Follower if this node may be elected, else observer. */
export function passiveRole(core: RaftCore): Role {
  return core.membership.isElectable(core.id, core.log.commitIndex) ? 'follower' : 'observer'
}

/** Follows `leader` (or waits for one) in `term`, which is not below the present one. */
export function becomeFollower(core: RaftCore, term: Term, leader: VoterId | undefined): void {
  if (term > core.term) {
    core.term = term
    core.votedFor = undefined
    core.leaderContactMs = undefined
  }
  endLeadership(core)
  core.votes.clear()
  core.leader = leader
  if (leader !== undefined) core.leaderContactMs = core.nowMs
  core.partialSnapshot = undefined
  core.transition(passiveRole(core))
  resetElectionTimer(core)
}

/**
 * The configuration in force changed, or became certain: a node may begin or cease to be electable.
 */
export function settleRole(core: RaftCore): void {
  if (core.role === 'leader') return
  const role = passiveRole(core)
  const isActive = core.role === 'preCandidate' || core.role === 'candidate'
  if (role === core.role || (isActive && role === 'follower')) return
  core.votes.clear()
  core.transition(role)
  resetElectionTimer(core)
}

function endLeadership(core: RaftCore): void {
  if (core.leadership === undefined) return
  for (const requestId of core.leadership.reads.takeAll()) core.failedReads.push(requestId)
  core.leadership = undefined
}
