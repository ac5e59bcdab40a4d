// What the leader sends to whom, and what it makes of the answers to appends.

import type { RaftCore } from './core.ts'
import type { Leadership } from './leadership.ts'
import type { AppendAccepted, AppendRejected } from './message.ts'
import type { Progress } from './progress.ts'
import { startSnapshot } from './snapshot-transfer.ts'
import { entryBytes } from './types.ts'

/** Sends what followers do not have yet, as far as their windows allow. */
export function sendAppendsToAll(core: RaftCore, leadership: Leadership): void {
  for (const progress of leadership.followers) sendAppends(core, progress)
}

export function sendAppends(core: RaftCore, progress: Progress): void {
  while (progress.maySend && sendAppend(core, progress)) {}
}

/** One append; true when another one may follow. */
function sendAppend(core: RaftCore, progress: Progress): boolean {
  const { log } = core
  const prevIndex = progress.nextIndex - 1
  const prevTerm = log.termAt(prevIndex)
  if (prevTerm === undefined) {
    startSnapshot(core, progress)
    return false
  }
  const entries = log.slice(progress.nextIndex, log.lastIndex, core.config.appendBytesMax)
  const lastIndex = prevIndex + entries.length
  const tellsCommit = Math.min(log.commitIndex, lastIndex) > progress.sentCommit
  if (progress.state === 'replicate' && entries.length === 0 && !tellsCommit) return false
  core.send(progress.id, {
    kind: 'append',
    term: core.term,
    prevIndex,
    prevTerm,
    commit: log.commitIndex,
    entries,
  })
  let bytes = 0
  for (const entry of entries) bytes += entryBytes(entry)
  progress.sent(lastIndex, bytes)
  progress.sentCommit = Math.min(log.commitIndex, lastIndex)
  return entries.length > 0
}

/**
 * Asks whether the follower has everything that was sent: the answer to a lost append never comes.
 */
function sendCheck(core: RaftCore, progress: Progress): void {
  const prevIndex = progress.nextIndex - 1
  const prevTerm = core.log.termAt(prevIndex)
  if (prevTerm === undefined) {
    // Compacted while it was on its way.
    startSnapshot(core, progress)
    return
  }
  core.send(progress.id, {
    kind: 'append',
    term: core.term,
    prevIndex,
    prevTerm,
    commit: core.log.commitIndex,
    entries: [],
  })
}

/** True when the follower is known to have more than before. */
export function appendAccepted(
  core: RaftCore,
  progress: Progress,
  response: AppendAccepted,
): boolean {
  const { matchIndex } = response
  // Within one term the leader's log only grows: more than it has cannot be equal to it.
  if (matchIndex > core.log.lastIndex) return false
  const isNews = progress.matched(matchIndex)
  if (progress.state === 'probe') progress.becomeReplicate()
  const { transfer } = progress
  if (transfer !== undefined) {
    const { matchIndex: has } = progress
    if (core.log.termAt(has) !== undefined) progress.becomeReplicate()
    // The log moved on while the snapshot was on its way: the next one follows.
    else if (has >= transfer.snapshot.index) progress.becomeProbe(has + 1)
  }
  return isNews
}

/** The logs differ at `prevIndex`: looks further back, by whole terms (Raft §5.3). */
export function appendRejected(core: RaftCore, progress: Progress, response: AppendRejected): void {
  const { prevIndex, hintIndex, hintTerm } = response
  if (progress.state === 'snapshot') return
  const isStale =
    progress.state === 'probe'
      ? prevIndex !== progress.nextIndex - 1
      : prevIndex <= progress.matchIndex || prevIndex >= progress.nextIndex
  if (isStale) return
  const limit = Math.min(hintIndex, prevIndex - 1)
  const agreed = core.log.lastWithTermAtMost(hintTerm, limit, 0)
  progress.becomeProbe(agreed + 1)
  sendAppends(core, progress)
}

/** A sign of life: repeats what may have been lost. */
export function heartbeatAnswered(core: RaftCore, progress: Progress): void {
  if (progress.state === 'probe') {
    progress.isProbing = false
    sendAppends(core, progress)
    return
  }
  const isStuck =
    progress.matchIndex < core.log.lastIndex && progress.matchIndex === progress.matchAtHeartbeat
  progress.matchAtHeartbeat = progress.matchIndex
  if (progress.state === 'replicate' && isStuck) sendCheck(core, progress)
}
