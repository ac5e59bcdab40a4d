// Leading: the first entry of a term, proposals, answers of followers, heartbeats, and giving up
// when no majority answers.

import { appendOwn, type EntryBody, followVoters, maybeCommit, voterValues } from './commit.ts'
import type { RaftCore } from './core.ts'
import { Leadership } from './leadership.ts'
import type {
  AppendAccepted,
  AppendRejected,
  HeartbeatResponse,
  SnapshotChunkResponse,
} from './message.ts'
import type { Progress } from './progress.ts'
import { quorumValue } from './quorum.ts'
import { commitReads } from './reads.ts'
import {
  appendAccepted,
  appendRejected,
  heartbeatAnswered,
  sendAppends,
  sendAppendsToAll,
} from './replication.ts'
import { becomeFollower } from './roles.ts'
import { retrySnapshot, snapshotChunkAnswered } from './snapshot-transfer.ts'
import { proceedTransfer } from './transfer.ts'
import { entryBytes, type VoterId } from './types.ts'

export function becomeLeader(core: RaftCore): void {
  const { log } = core
  core.votes.clear()
  core.transition('leader')
  core.leader = core.id
  core.leaderContactMs = undefined
  const lastIndex = log.lastIndex
  const leadership = new Leadership(core.config, lastIndex + 1, core.nowMs)
  core.leadership = leadership
  for (const entry of log.entriesFrom(log.commitIndex + 1)) {
    leadership.uncommittedBytes += entryBytes(entry)
  }
  followVoters(core, leadership, lastIndex)
  appendOwn(core, firstEntry(core))
}

/**
 * Committing it commits everything before it. The first entry of the first leader ever names the
 * voters it was elected by: a node that joins later, with an empty directory, learns them from it.
 */
function firstEntry(core: RaftCore): EntryBody {
  const { membership } = core
  if (membership.index > 0) return { kind: 'noop' }
  return { kind: 'config', configuration: membership.inForce }
}

export function onAppendAccepted(core: RaftCore, from: VoterId, message: AppendAccepted): void {
  const progress = contacted(core, from)
  if (progress === undefined) return
  if (appendAccepted(core, progress, message)) maybeCommit(core)
  if (core.leadership === undefined) return
  proceedTransfer(core)
  sendAppends(core, progress)
}

export function onAppendRejected(core: RaftCore, from: VoterId, message: AppendRejected): void {
  const progress = contacted(core, from)
  if (progress !== undefined) appendRejected(core, progress, message)
}

export function onHeartbeatResponse(
  core: RaftCore,
  from: VoterId,
  message: HeartbeatResponse,
): void {
  const progress = contacted(core, from)
  if (progress === undefined || core.leadership === undefined) return
  const round = Math.min(message.round, core.leadership.reads.round)
  progress.ackedRound = Math.max(progress.ackedRound, round)
  commitReads(core)
  heartbeatAnswered(core, progress)
}

export function onSnapshotChunkResponse(
  core: RaftCore,
  from: VoterId,
  message: SnapshotChunkResponse,
): void {
  const progress = contacted(core, from)
  if (progress !== undefined) snapshotChunkAnswered(core, progress, message)
}

/** Only nodes the leader replicates to are listened to; a removed node changes nothing. */
function contacted(core: RaftCore, from: VoterId): Progress | undefined {
  const progress = core.leadership?.follower(from)
  if (progress !== undefined) progress.lastContactMs = core.nowMs
  return progress
}

export function broadcastHeartbeat(core: RaftCore, leadership: Leadership): void {
  leadership.heartbeatDueMs = core.nowMs + core.config.heartbeatMs
  for (const progress of leadership.followers) {
    core.send(progress.id, {
      kind: 'heartbeat',
      term: core.term,
      commit: core.rules.heartbeatCommit(core.log.commitIndex, progress.matchIndex),
      round: leadership.reads.round,
    })
  }
}

/** What collected since the last ready goes out in as few messages as possible. */
export function flushLeader(core: RaftCore): void {
  const { leadership } = core
  if (leadership === undefined) return
  if (leadership.reads.needsRound) {
    leadership.reads.beginRound()
    broadcastHeartbeat(core, leadership)
    commitReads(core)
  }
  if (leadership.hasNews) {
    leadership.hasNews = false
    sendAppendsToAll(core, leadership)
  }
}

export function tickLeader(core: RaftCore, leadership: Leadership): void {
  const { config, nowMs, rules } = core
  const heardMs = quorumValue(
    voterValues(core, nowMs, voter => leadership.follower(voter)?.aliveAtMs ?? leadership.sinceMs),
  )
  if (rules.mustResign(nowMs - heardMs, config.checkQuorumMs)) {
    becomeFollower(core, core.term, undefined)
    return
  }
  const { transfer } = leadership
  if (transfer !== undefined && nowMs >= transfer.deadlineMs) leadership.transfer = undefined
  if (nowMs < leadership.heartbeatDueMs) return
  for (const progress of [...leadership.followers]) {
    const isSilent = nowMs - progress.aliveAtMs >= config.observerTimeoutMs
    if (isSilent && !core.membership.isVoter(progress.id)) leadership.forget(progress.id)
    else retrySnapshot(core, progress)
  }
  broadcastHeartbeat(core, leadership)
}
