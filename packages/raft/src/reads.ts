// Linearizable reads on the leader: accepting them, and letting them go once a quorum has answered.

import { voterValues } from './commit.ts'
import type { RaftCore } from './core.ts'
import { quorumValue } from './quorum.ts'
import type { ReadIndexResult } from './results.ts'

export function requestRead(core: RaftCore, requestId: number): ReadIndexResult {
  const { leadership } = core
  if (leadership === undefined) return { ok: false, reason: core.notLeading, leader: core.leader }
  const { reads } = leadership
  if (reads.count + core.confirmedReads.length >= core.config.pendingReadsMax) {
    return { ok: false, reason: 'busy', leader: core.leader }
  }
  // Until an entry of its own term is committed, a leader does not know how far its predecessors
  // had committed (thesis §6.4).
  if (core.rules.mayStartRead(core.hasCommittedInTerm)) reads.add(requestId, core.log.commitIndex)
  else reads.postpone(requestId)
  return { ok: true }
}

export function commitReads(core: RaftCore): void {
  const { leadership, rules } = core
  if (leadership === undefined) return
  const { reads } = leadership
  const quorumRound = quorumValue(
    voterValues(core, reads.round, voter => leadership.follower(voter)?.ackedRound ?? 0),
  )
  const confirmed = reads.takeConfirmed(round => rules.isReadConfirmed(round, quorumRound))
  for (const read of confirmed) core.confirmedReads.push(read)
}
