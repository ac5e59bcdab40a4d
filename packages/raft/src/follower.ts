// Following: entries, heartbeats and snapshots of a leader, and its wish to hand over.

import type { RaftCore } from './core.ts'
import { campaign } from './election.ts'
import type { Append, Heartbeat, SnapshotChunk, TimeoutNow } from './message.ts'
import { becomeFollower, resetElectionTimer, settleRole } from './roles.ts'
import { PartialSnapshot } from './snapshot-assembly.ts'
import { type LogIndex, type Snapshot, sameVoter, type VoterId } from './types.ts'

/**
 * A message of the leader of the present term came. False when it is not to be listened to: there
 * is one leader per term, and a leader follows nobody in its own.
 */
export function follow(core: RaftCore, leader: VoterId): boolean {
  if (core.role === 'leader') return false
  if (core.leader === undefined) {
    becomeFollower(core, core.term, leader)
    return true
  }
  if (!sameVoter(core.leader, leader)) return false
  core.leaderContactMs = core.nowMs
  resetElectionTimer(core)
  return true
}

export function onAppend(core: RaftCore, from: VoterId, message: Append): void {
  if (!isWellFormed(message) || !follow(core, from)) return
  const { log } = core
  if (message.prevIndex < log.commitIndex) {
    // Late or repeated: what is committed here equals the leader's log up to there.
    accept(core, from, log.commitIndex)
    return
  }
  if (log.termAt(message.prevIndex) !== message.prevTerm) {
    const { prevIndex, prevTerm } = message
    const hintIndex = log.lastWithTermAtMost(prevTerm, prevIndex, log.commitIndex)
    const hintTerm = log.termAt(hintIndex) ?? 0
    core.send(from, { kind: 'appendRejected', term: core.term, prevIndex, hintIndex, hintTerm })
    return
  }
  storeEntries(core, message)
  const provenIndex = message.prevIndex + message.entries.length
  commitTo(core, core.rules.followerCommit(message.commit, provenIndex, log.lastIndex))
  accept(core, from, provenIndex)
}

/** Cuts what conflicts, appends what is new, puts configurations in and out of force. */
function storeEntries(core: RaftCore, message: Append): void {
  const { log, membership, rules } = core
  const { entries, prevIndex } = message
  const firstNew = log.firstNew(prevIndex, entries)
  const cut = rules.cutFrom(firstNew, prevIndex + entries.length, log.lastIndex)
  if (cut !== undefined) {
    log.truncateFrom(cut)
    if (rules.revertsConfiguration()) membership.truncatedFrom(cut)
  }
  for (let i = firstNew - prevIndex - 1; i < entries.length; i++) {
    const entry = entries[i]
    if (entry === undefined) break
    log.append(entry)
    membership.appended(entry)
  }
}

function commitTo(core: RaftCore, index: LogIndex): void {
  core.log.commitTo(index)
  settleRole(core)
}

export function onHeartbeat(core: RaftCore, from: VoterId, message: Heartbeat): void {
  if (!follow(core, from)) return
  commitTo(core, Math.min(message.commit, core.log.lastIndex))
  core.send(from, { kind: 'heartbeatResponse', term: core.term, round: message.round })
}

export function onSnapshotChunk(core: RaftCore, from: VoterId, message: SnapshotChunk): void {
  const { snapshotIndex, snapshotTerm } = message
  if (snapshotTerm > message.term || !follow(core, from)) return
  const { log } = core
  if (snapshotIndex <= log.commitIndex) {
    accept(core, from, log.commitIndex)
    return
  }
  if (log.termAt(snapshotIndex) === snapshotTerm) {
    // The log has it all: equal terms at an index mean equal logs up to there.
    commitTo(core, snapshotIndex)
    accept(core, from, snapshotIndex)
    return
  }
  const snapshot = assemble(core, message)
  if (snapshot !== undefined) {
    install(core, snapshot)
    accept(core, from, snapshotIndex)
    return
  }
  const offset = core.partialSnapshot?.receivedBytes ?? 0
  core.send(from, { kind: 'snapshotChunkResponse', term: core.term, snapshotIndex, offset })
}

/** The snapshot if this was the last piece. */
function assemble(core: RaftCore, chunk: SnapshotChunk): Snapshot | undefined {
  if (chunk.totalBytes > core.config.snapshotBytesMax) return undefined
  if (!core.partialSnapshot?.isPartOf(chunk)) core.partialSnapshot = new PartialSnapshot(chunk)
  const partial = core.partialSnapshot
  partial.add(chunk)
  if (!partial.isComplete) return undefined
  core.partialSnapshot = undefined
  return partial.assemble()
}

/** One write replaces snapshot and log, all or nothing; the state machine follows once durable. */
function install(core: RaftCore, snapshot: Snapshot): void {
  core.log.restore(snapshot)
  core.membership.restored(snapshot.configuration, snapshot.index)
  core.restoring = snapshot
  core.restored = undefined
  core.unwrittenSnapshot = snapshot
  core.startMoved = true
  settleRole(core)
}

export function onTimeoutNow(core: RaftCore, from: VoterId, _message: TimeoutNow): void {
  if (core.role !== 'follower' || !sameVoter(core.leader, from)) return
  campaign(core, { transfer: true })
}

function accept(core: RaftCore, leader: VoterId, matchIndex: number): void {
  core.send(leader, { kind: 'appendAccepted', term: core.term, matchIndex })
}

function isWellFormed(message: Append): boolean {
  let { prevIndex: index, prevTerm: term } = message
  for (const entry of message.entries) {
    index += 1
    if (entry.index !== index || entry.term < term || entry.term > message.term) return false
    term = entry.term
  }
  return true
}
