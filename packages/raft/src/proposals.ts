// What a client of consensus may ask of the leader: new entries, one voter more or less, a
// compaction.

import { assert } from '@klamm/base'
import { appendOwn } from './commit.ts'
import type { RaftCore } from './core.ts'
import { changedConfiguration } from './membership.ts'
import type {
  ConfigChange,
  ConfigChangeResult,
  ConfigRefusal,
  ProposeRefusal,
  ProposeResult,
  Refused,
} from './results.ts'
import type { LogIndex, VoterId } from './types.ts'

export function propose(core: RaftCore, data: Uint8Array): ProposeResult {
  const refusal = whyNotNow(core)
  if (refusal !== undefined) return refused(core, refusal)
  const { config, leadership } = core
  if (data.length > config.entryBytesMax) return refused(core, 'tooLarge')
  const waiting = leadership?.uncommittedBytes ?? 0
  if (waiting > 0 && waiting + data.length > config.uncommittedBytesMax) {
    return refused(core, 'busy')
  }
  return { ok: true, position: appendOwn(core, { kind: 'normal', data }) }
}

export function proposeConfigChange(core: RaftCore, change: ConfigChange): ConfigChangeResult {
  const refusal = whyNotNow(core)
  if (refusal !== undefined) return refused(core, refusal)
  const { hasCommittedInTerm, log, membership, rules } = core
  const isPending = membership.index > log.commitIndex
  if (!rules.mayChangeConfiguration(hasCommittedInTerm, isPending)) {
    return refused(core, isPending ? 'changePending' : 'notReady')
  }
  const configuration = changedConfiguration(membership.inForce, change)
  if (typeof configuration === 'string') return refused(core, configuration)
  if (change.kind === 'addVoter' && !isCaughtUp(core, change.voter)) {
    return refused(core, 'notCaughtUp')
  }
  return { ok: true, position: appendOwn(core, { kind: 'config', configuration }) }
}

/**
 * A voter counts from the moment its entry is appended. One that is far behind, or not there at
 * all, would only make the majority larger (thesis §4.2.1).
 */
function isCaughtUp(core: RaftCore, voter: VoterId): boolean {
  const progress = core.leadership?.follower(voter)
  if (progress?.state !== 'replicate') return false
  if (!progress.isActive(core.nowMs, core.config.electionTimeoutMs)) return false
  return core.log.lastIndex - progress.matchIndex <= core.config.newVoterLagMaxEntries
}

function whyNotNow(core: RaftCore): ProposeRefusal | undefined {
  if (core.leadership === undefined) return core.notLeading
  return core.leadership.transfer === undefined ? undefined : 'transferring'
}

function refused<Reason extends ProposeRefusal | ConfigRefusal>(
  core: RaftCore,
  reason: Reason,
): Refused<Reason> {
  return { ok: false, reason, leader: core.leader }
}

export function compactLog(core: RaftCore, index: LogIndex, data: Uint8Array): void {
  assert(index <= core.appliedIndex, 'a snapshot holds what was applied')
  const { log, membership } = core
  if (index <= log.snapshot.index) return
  const snapshot = {
    index,
    term: log.entryAt(index).term,
    configuration: membership.at(index),
    data,
  }
  const moved = log.compact(snapshot, core.config.compactionMarginEntries)
  membership.compactedTo(index)
  core.unwrittenSnapshot = snapshot
  core.startMoved ||= moved
}
