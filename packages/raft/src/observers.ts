// Nodes that replicate without voting: how they find the leader, and how the leader takes them on.

import type { RaftCore } from './core.ts'
import { followHint } from './election.ts'
import type { Leadership } from './leadership.ts'
import type { Observe, ObserveResponse } from './message.ts'
import { sendAppends } from './replication.ts'
import { anyDirectory, sameVoter, type VoterId } from './types.ts'

/** Nothing is heard of a leader: asks the next of all nodes that may know one. */
export function announce(core: RaftCore): void {
  // The one that is asked may be gone as well: the next is asked soon.
  const { heartbeatMs } = core.config
  core.electionDeadlineMs = core.nowMs + 2 * heartbeatMs + core.random.below(heartbeatMs)
  if (core.leader !== undefined) {
    core.leader = undefined
    core.roleChanged = true
  }
  core.mayFollowHint = true
  const known = core.membership.voters.filter(voter => !sameVoter(voter, core.id))
  const strangers = core.contacts.filter(
    nodeId => nodeId !== core.id.nodeId && !known.some(voter => voter.nodeId === nodeId),
  )
  const targets = [...known, ...strangers.map(anyDirectory)]
  const target = targets[core.nextContact % Math.max(1, targets.length)]
  core.nextContact += 1
  if (target !== undefined) core.send(target, { kind: 'observe', term: core.term })
}

export function onObserve(core: RaftCore, from: VoterId, message: Observe): void {
  const { leadership } = core
  if (leadership === undefined) {
    core.send(from, { kind: 'observeResponse', term: core.term, leader: core.leader })
    return
  }
  const known = leadership.follower(from)
  if (known === undefined && observerCount(core, leadership) >= core.config.observersMax) return
  const progress = leadership.follow(from, core.log.lastIndex, core.nowMs)
  // One that asks from another term does not follow this leader (yet): no sign of a majority.
  if (known === undefined || message.term === core.term) progress.lastContactMs = core.nowMs
  sendAppends(core, progress)
}

export function onObserveResponse(core: RaftCore, _from: VoterId, message: ObserveResponse): void {
  if (!core.heardLeader) followHint(core, message.leader)
}

function observerCount(core: RaftCore, leadership: Leadership): number {
  let count = 0
  for (const { id } of leadership.followers) if (!core.membership.isVoter(id)) count += 1
  return count
}
