// Who gets to lead: asking without consequences first (pre-vote, thesis §9.6), then campaigning in
// a new term, and giving or refusing votes.

import type { RaftCore } from './core.ts'
import { becomeLeader } from './leader.ts'
import type { PreVote, PreVoteResponse, Vote, VoteResponse } from './message.ts'
import { voteOutcome } from './quorum.ts'
import { becomeFollower, passiveRole, resetElectionTimer } from './roles.ts'
import { type LogPosition, sameVoter, type VoterId, voterKey } from './types.ts'

/** Asks everybody whether an election would succeed. Changes no term and nothing durable. */
export function startPreVote(core: RaftCore): void {
  if (passiveRole(core) !== 'follower' || core.role === 'leader') return
  core.transition('preCandidate')
  core.leader = undefined
  core.mayFollowHint = true
  core.votes.clear()
  resetElectionTimer(core)
  const { index, term } = ownEnd(core)
  for (const voter of otherVoters(core)) {
    core.send(voter, {
      kind: 'preVote',
      term: core.term,
      candidateTerm: core.term + 1,
      lastIndex: index,
      lastTerm: term,
    })
  }
  countVote(core, core.id, true)
}

/**
 * The leader is known to be gone: it is neither followed nor protected from elections any more. If
 * it is there after all, its next message makes it the leader again.
 */
export function forgetLeader(core: RaftCore): void {
  const isPassive = core.role === 'follower' || core.role === 'observer'
  if (!isPassive || core.leader === undefined) return
  // An observer asks around at once; a voter waits for whoever campaigns, or for its driver.
  if (core.role === 'observer') core.electionDeadlineMs = core.nowMs
  core.leader = undefined
  core.leaderContactMs = undefined
  core.roleChanged = true
}

/** A new term, with a vote for itself. The requests wait inside until both are durable. */
export function campaign(core: RaftCore, options: { readonly transfer: boolean }): void {
  core.term += 1
  core.votedFor = core.id
  core.leader = undefined
  core.leaderContactMs = undefined
  core.votes.clear()
  core.transition('candidate')
  resetElectionTimer(core)
  const { index, term } = ownEnd(core)
  for (const voter of otherVoters(core)) {
    core.send(voter, {
      kind: 'vote',
      term: core.term,
      lastIndex: index,
      lastTerm: term,
      transfer: options.transfer,
    })
  }
  countOwnVote(core)
}

/** Called whenever something became durable. */
export function countOwnVote(core: RaftCore): void {
  if (core.role !== 'candidate' || core.votes.has(voterKey(core.id))) return
  if (core.rules.ownVoteCounts(core.writes.durable, core.term, core.id)) {
    countVote(core, core.id, true)
  }
}

export function onPreVote(core: RaftCore, from: VoterId, message: PreVote): void {
  const { rules } = core
  // Who led this term asks for another: it has stopped leading, by a restart for example.
  if (message.term === core.term && sameVoter(core.leader, from)) forgetLeader(core)
  core.term = rules.termAfterPreVote(core.term, message.candidateTerm)
  const end = { index: message.lastIndex, term: message.lastTerm }
  const granted =
    message.term >= core.term &&
    !rules.isDisruptive(core.heardLeader, false) &&
    rules.isUpToDate(end, ownEnd(core))
  core.send(from, {
    kind: 'preVoteResponse',
    term: core.term,
    candidateTerm: message.candidateTerm,
    granted,
    leader: core.leader,
  })
}

export function onPreVoteResponse(core: RaftCore, from: VoterId, message: PreVoteResponse): void {
  if (core.role !== 'preCandidate' || message.candidateTerm !== core.term + 1) return
  if (!message.granted) followHint(core, message.leader)
  countVote(core, from, message.granted)
}

export function onVote(core: RaftCore, from: VoterId, message: Vote): void {
  const { rules } = core
  const end = { index: message.lastIndex, term: message.lastTerm }
  const granted =
    message.term === core.term &&
    core.leader === undefined &&
    rules.mayVoteFor(core.votedFor, from) &&
    rules.isUpToDate(end, ownEnd(core))
  if (granted) {
    core.votedFor = from
    resetElectionTimer(core)
  }
  core.send(from, { kind: 'voteResponse', term: core.term, granted })
}

export function onVoteResponse(core: RaftCore, from: VoterId, message: VoteResponse): void {
  if (core.role === 'candidate') countVote(core, from, message.granted)
}

/**
 * Somebody knows a leader that does not replicate here: this node may have been removed while it
 * was away. It asks to observe, and learns of its removal from the log. One hint per time-out, or
 * two nodes with stale hints would keep a third busy.
 */
export function followHint(core: RaftCore, leader: VoterId | undefined): void {
  if (leader === undefined || sameVoter(leader, core.id) || !core.mayFollowHint) return
  core.mayFollowHint = false
  core.send(leader, { kind: 'observe', term: core.term })
}

function countVote(core: RaftCore, from: VoterId, granted: boolean): void {
  const key = voterKey(from)
  if (!core.votes.has(key)) core.votes.set(key, granted)
  const votes = core.membership.voters.map(voter => core.votes.get(voterKey(voter)))
  const outcome = voteOutcome(votes)
  if (outcome === 'lost') becomeFollower(core, core.term, undefined)
  if (outcome !== 'won') return
  if (core.role === 'preCandidate') campaign(core, { transfer: false })
  else becomeLeader(core)
}

function ownEnd(core: RaftCore): LogPosition {
  return { term: core.log.lastTerm, index: core.log.lastIndex }
}

function otherVoters(core: RaftCore): readonly VoterId[] {
  return core.membership.voters.filter(voter => !sameVoter(voter, core.id))
}
