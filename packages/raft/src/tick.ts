// Time: what is due now, and when something will be due next.

import type { RaftCore } from './core.ts'
import { startPreVote } from './election.ts'
import { tickLeader } from './leader.ts'
import { announce } from './observers.ts'

export function tick(core: RaftCore): void {
  if (core.role === 'unreadable') return
  if (core.leadership !== undefined) {
    tickLeader(core, core.leadership)
    return
  }
  if (core.nowMs < core.electionDeadlineMs) return
  if (core.role === 'observer') announce(core)
  else startPreVote(core)
}

export function nextWakeMs(core: RaftCore): number | undefined {
  if (core.role === 'unreadable') return undefined
  const { leadership } = core
  if (leadership === undefined) return core.electionDeadlineMs
  if (leadership.followerCount === 0) return leadership.transfer?.deadlineMs
  return Math.min(
    leadership.heartbeatDueMs,
    leadership.transfer?.deadlineMs ?? Number.POSITIVE_INFINITY,
  )
}
