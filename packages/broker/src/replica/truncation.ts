// Where two logs part, decided by leader epochs alone (KIP-101, KIP-279). A high watermark says
// what is committed, never where to cut: the one that a follower knows lags behind.

import { assert } from '@klamm/base'
import type { EpochCache, EpochEnd } from './epoch-cache.ts'

/** What the leader knows when it is asked where an epoch ends. */
export interface LeaderLog {
  readonly epochs: EpochCache
  readonly leaderEpoch: number
  readonly logEndOffset: number
}

/**
 * The leader's answer to "where does `epoch` end in your log?" (OffsetForLeaderEpoch). Undefined
 * for an epoch greater than its own: then it is not the leader that the asker takes it for.
 */
export function epochEndOnLeader(log: LeaderLog, epoch: number): EpochEnd | undefined {
  const { epochs, leaderEpoch, logEndOffset } = log
  if (epoch > leaderEpoch) return undefined
  // It ends where the log does, also while nothing was written in it.
  if (epoch === leaderEpoch) return { leaderEpoch, endOffset: logEndOffset }
  const known = epochs.endOffsetFor(epoch, logEndOffset)
  if (known !== undefined) return known
  // Later than all records, earlier than this leader: an epoch in which nothing reached this log
  // (KIP-279). Its records, if there are any, begin where ours end. A log whose records were all
  // deleted knows no epochs: those of the asker ended here or before.
  return { leaderEpoch: epochs.latestEpoch ?? epoch, endOffset: logEndOffset }
}

/**
 * Whether a follower that fetches from `fetchOffset`, having last fetched a record of
 * `lastFetchedEpoch` (-1: its log is empty), holds something the leader lacks, and then where that
 * epoch ends here (the `divergingEpoch` of Fetch v12, KIP-595). Undefined: the record before
 * `fetchOffset` is the same in both logs, hence all before it are.
 *
 * `unknown`: that record cannot be compared, because this log has deleted its own, or because the
 * epoch is greater than the leader's. An epoch smaller than all that are known must not be taken
 * for agreement: the follower's last records may never have been committed, and it would show them
 * as soon as it leads.
 */
export function divergence(
  log: LeaderLog,
  lastFetchedEpoch: number,
  fetchOffset: number,
): EpochEnd | 'unknown' | undefined {
  if (lastFetchedEpoch < 0) return undefined
  const end = epochEndOnLeader(log, lastFetchedEpoch)
  if (end === undefined) return 'unknown'
  const { epochs, leaderEpoch, logEndOffset } = log
  const [first] = epochs.entries
  if (lastFetchedEpoch < (first?.epoch ?? leaderEpoch)) {
    const isAtStart = fetchOffset === (first?.startOffset ?? logEndOffset)
    return isAtStart && lastFetchedEpoch === epochs.epochBeforeStart ? undefined : 'unknown'
  }
  return end.leaderEpoch < lastFetchedEpoch || end.endOffset < fetchOffset ? end : undefined
}

/**
 * Where the follower cuts, given where an epoch ends in the leader's log. May have to be repeated:
 * when the follower lacks the leader's epoch, it cuts back to the end of an earlier one and asks
 * again with that one.
 */
export function truncationOffset(
  epochs: EpochCache,
  logEndOffset: number,
  leaderEnd: EpochEnd,
): number {
  const localEnd = epochs.endOffsetFor(leaderEnd.leaderEpoch, logEndOffset)
  // Every record here is of that epoch or an earlier one that is not marked as ending.
  if (localEnd === undefined) return Math.min(leaderEnd.endOffset, logEndOffset)
  const offset =
    localEnd.leaderEpoch === leaderEnd.leaderEpoch
      ? Math.min(localEnd.endOffset, leaderEnd.endOffset)
      : localEnd.endOffset
  assert(offset <= logEndOffset, 'an epoch ends inside the log')
  return offset
}
