// The leader's side of a snapshot: piece after piece, one on its way, repeated when lost.

import { assert } from '@klamm/base'
import type { RaftCore } from './core.ts'
import type { SnapshotChunkResponse } from './message.ts'
import type { Progress } from './progress.ts'

/**
 * The follower needs entries that are compacted. Waits for a sign of life first: an absent node
 * would be sent megabytes for nothing.
 */
export function startSnapshot(core: RaftCore, progress: Progress): void {
  if (!progress.isActive(core.nowMs, core.config.electionTimeoutMs)) return
  progress.becomeSnapshot(core.log.snapshot, core.nowMs)
  sendChunk(core, progress)
}

export function snapshotChunkAnswered(
  core: RaftCore,
  progress: Progress,
  response: SnapshotChunkResponse,
): void {
  const { transfer } = progress
  if (transfer === undefined || transfer.snapshot.index !== response.snapshotIndex) return
  // A repeated answer asks for the piece that is on its way already. One that goes back comes from
  // a follower that restarted and lost the pieces it had.
  if (response.offset === transfer.offset) return
  if (response.offset > transfer.snapshot.data.length) return
  transfer.offset = response.offset
  sendChunk(core, progress)
}

/** Nothing was heard of the last piece for an election timeout: once more. */
export function retrySnapshot(core: RaftCore, progress: Progress): void {
  const { config, nowMs } = core
  const { transfer } = progress
  if (transfer === undefined || !progress.isActive(nowMs, config.electionTimeoutMs)) return
  if (nowMs - transfer.sentAtMs >= config.electionTimeoutMs) sendChunk(core, progress)
}

function sendChunk(core: RaftCore, progress: Progress): void {
  const { transfer } = progress
  assert(transfer !== undefined, 'pieces belong to a transfer')
  const { index, term, configuration, data } = transfer.snapshot
  const end = Math.min(data.length, transfer.offset + core.config.snapshotChunkBytes)
  transfer.sentAtMs = core.nowMs
  core.send(progress.id, {
    kind: 'snapshotChunk',
    term: core.term,
    snapshotIndex: index,
    snapshotTerm: term,
    configuration,
    totalBytes: data.length,
    offset: transfer.offset,
    data: data.subarray(transfer.offset, end),
  })
}
