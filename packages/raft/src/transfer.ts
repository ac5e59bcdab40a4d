// Handing leadership to a chosen voter (thesis §3.10): stop taking proposals, bring it up to date,
// tell it to campaign at once.

import { mostUpToDate } from './commit.ts'
import type { RaftCore } from './core.ts'
import type { TransferResult } from './results.ts'
import { sameVoter, type VoterId } from './types.ts'

export function startTransfer(core: RaftCore, wanted: VoterId | undefined): TransferResult {
  const { leadership } = core
  const leader = core.leader
  if (leadership === undefined) return { ok: false, reason: core.notLeading, leader }
  if (leadership.transfer !== undefined) return { ok: false, reason: 'transferring', leader }
  const to = wanted ?? mostUpToDate(core, leadership)
  if (to === undefined || sameVoter(to, core.id) || !core.membership.isVoter(to)) {
    return { ok: false, reason: 'noTarget', leader }
  }
  const deadlineMs = core.nowMs + core.config.transferTimeoutMs
  leadership.transfer = { to, deadlineMs, isTold: false }
  leadership.hasNews = true
  proceedTransfer(core)
  return { ok: true, to }
}

/** Tells the target to campaign once it has everything; it could not win before. */
export function proceedTransfer(core: RaftCore): void {
  const transfer = core.leadership?.transfer
  if (transfer === undefined || transfer.isTold) return
  const progress = core.leadership?.follower(transfer.to)
  if (progress?.matchIndex !== core.log.lastIndex) return
  transfer.isTold = true
  core.send(transfer.to, { kind: 'timeoutNow', term: core.term })
}
