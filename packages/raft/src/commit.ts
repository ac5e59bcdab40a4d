// The leader's log grows and gets committed, and what follows from that: reads begin, a removed
// leader retires.

import { assert } from '@klamm/base'
import type { RaftCore } from './core.ts'
import type { Leadership } from './leadership.ts'
import { quorumValue } from './quorum.ts'
import { sendAppendsToAll } from './replication.ts'
import { becomeFollower } from './roles.ts'
import {
  type Configuration,
  type Entry,
  entryBytes,
  type LogIndex,
  type LogPosition,
  sameVoter,
  type VoterId,
} from './types.ts'

export type EntryBody =
  | { readonly kind: 'normal'; readonly data: Uint8Array }
  | { readonly kind: 'config'; readonly configuration: Configuration }
  | { readonly kind: 'noop' }

/** Appends to the leader's own log; followers hear of it with the next ready. */
export function appendOwn(core: RaftCore, body: EntryBody): LogPosition {
  const { leadership, log } = core
  assert(leadership !== undefined, 'only a leader appends on its own')
  const position = { term: core.term, index: log.lastIndex + 1 }
  const entry: Entry = { ...position, ...body }
  log.append(entry)
  leadership.uncommittedBytes += entryBytes(entry)
  leadership.hasNews = true
  if (entry.kind === 'config') {
    core.membership.appended(entry)
    followVoters(core, leadership, position.index - 1)
    // Fewer voters may already be a majority for what waits.
    maybeCommit(core)
  }
  return position
}

/** Every voter in force gets the log. One that was removed goes on getting it as an observer. */
export function followVoters(core: RaftCore, leadership: Leadership, lastIndex: LogIndex): void {
  for (const voter of core.membership.voters) {
    if (!sameVoter(voter, core.id)) leadership.follow(voter, lastIndex, core.nowMs)
  }
}

/** One value per voter that counts, the leader's own included if it is a voter. */
export function voterValues(
  core: RaftCore,
  own: number,
  other: (voter: VoterId) => number,
): number[] {
  const voters = core.rules.counted(core.membership, core.log.commitIndex)
  return voters.map(voter => (sameVoter(voter, core.id) ? own : other(voter)))
}

/**
 * Commits what is durable on a majority, if it is of this leader's term. May end the leadership.
 */
export function maybeCommit(core: RaftCore): void {
  const { leadership, log, rules } = core
  if (leadership === undefined) return
  const own = rules.ownMatch(core.durableIndex, log.lastIndex)
  const index = quorumValue(
    voterValues(core, own, voter => leadership.follower(voter)?.matchIndex ?? 0),
  )
  if (index <= log.commitIndex) return
  if (!rules.mayCommit(log.termAt(index) ?? 0, core.term)) return
  const hadCommitted = core.hasCommittedInTerm
  for (let i = log.commitIndex + 1; i <= index; i++) {
    leadership.uncommittedBytes -= entryBytes(log.entryAt(i))
  }
  log.commitTo(index)
  leadership.hasNews = true
  if (!hadCommitted && core.hasCommittedInTerm) leadership.reads.startPostponed(index)
  const { membership } = core
  if (rules.mustRetire(membership.isVoter(core.id), membership.index <= index)) {
    retire(core, leadership)
  }
}

/**
 * The removal of this leader is committed. It tells everybody, asks the voter with the most to take
 * over so that nobody has to wait for a time-out, and becomes an observer.
 */
function retire(core: RaftCore, leadership: Leadership): void {
  sendAppendsToAll(core, leadership)
  const successor = mostUpToDate(core, leadership)
  if (successor !== undefined) core.send(successor, { kind: 'timeoutNow', term: core.term })
  becomeFollower(core, core.term, undefined)
}

/** The voter, other than this node, that is known to have most. */
export function mostUpToDate(core: RaftCore, leadership: Leadership): VoterId | undefined {
  let best: VoterId | undefined
  let bestIndex = -1
  for (const voter of core.membership.voters) {
    const matchIndex = leadership.follower(voter)?.matchIndex
    if (matchIndex === undefined || matchIndex <= bestIndex) continue
    best = voter
    bestIndex = matchIndex
  }
  return best
}
