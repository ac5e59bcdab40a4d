// Collects what a node wants done into a `Ready`.

import type { RaftCore } from './core.ts'
import { flushLeader } from './leader.ts'
import type { ReadState, Ready, Write } from './ready.ts'
import { type Entry, type HardState, type Snapshot, sameVoter } from './types.ts'

export function hasReady(core: RaftCore): boolean {
  if (core.role === 'unreadable') return false
  return (
    core.packets.length > 0 ||
    core.writes.hasReleased ||
    core.roleChanged ||
    core.failedReads.length > 0 ||
    core.restored !== undefined ||
    hasUnwritten(core) ||
    applyEnd(core) > core.appliedIndex ||
    (core.confirmedReads[0]?.index ?? Number.POSITIVE_INFINITY) <= core.appliedIndex ||
    (core.leadership !== undefined && (core.leadership.hasNews || core.leadership.reads.needsRound))
  )
}

export function takeReady(core: RaftCore, id: number): Ready {
  flushLeader(core)
  const write = takeWrite(core, id)
  const send = core.writes.admit(core.packets)
  core.packets = []
  const restore = takeRestored(core)
  const apply = takeApply(core)
  const reads = takeReads(core)
  const failedReads = core.failedReads
  core.failedReads = []
  const role = core.roleChanged
    ? { role: core.role, term: core.term, leader: core.leader }
    : undefined
  core.roleChanged = false
  return { id, send, write, restore, apply, reads, failedReads, role }
}

function hasUnwritten(core: RaftCore): boolean {
  return (
    core.log.handedIndex < core.log.lastIndex ||
    core.unwrittenSnapshot !== undefined ||
    changedHardState(core) !== undefined
  )
}

function changedHardState(core: RaftCore): HardState | undefined {
  const { handed } = core.writes
  if (core.term === handed.term && sameVoter(core.votedFor, handed.votedFor)) return undefined
  return { term: core.term, votedFor: core.votedFor }
}

function takeWrite(core: RaftCore, id: number): Write | undefined {
  if (!hasUnwritten(core)) return undefined
  const hardState = changedHardState(core)
  const { entries, changedFrom } = core.log.takeUnwritten()
  const snapshot = core.unwrittenSnapshot
  const write: Write = {
    hardState,
    truncateFrom: changedFrom <= core.writes.handedEndIndex ? changedFrom : undefined,
    snapshot,
    logStart: core.startMoved ? core.log.start : undefined,
    entries,
  }
  core.unwrittenSnapshot = undefined
  core.startMoved = false
  const restored = snapshot !== undefined && snapshot === core.restoring ? snapshot : undefined
  core.writes.handedOut(id, write, changedFrom, restored)
  return write
}

function takeRestored(core: RaftCore): Snapshot | undefined {
  const { restored } = core
  if (restored === undefined) return undefined
  core.restored = undefined
  core.appliedIndex = restored.index
  return restored
}

/** Committed and durable here. Nothing while a snapshot is being adopted. */
function applyEnd(core: RaftCore): number {
  if (core.restoring !== undefined || core.restored !== undefined) return core.appliedIndex
  return Math.min(core.log.commitIndex, core.durableIndex)
}

function takeApply(core: RaftCore): readonly Entry[] {
  const end = applyEnd(core)
  if (end <= core.appliedIndex) return []
  const entries = core.log.slice(core.appliedIndex + 1, end, core.config.applyBytesMax)
  core.appliedIndex += entries.length
  return entries
}

function takeReads(core: RaftCore): ReadState[] {
  let count = 0
  for (const read of core.confirmedReads) {
    if (read.index > core.appliedIndex) break
    count += 1
  }
  return core.confirmedReads.splice(0, count)
}
