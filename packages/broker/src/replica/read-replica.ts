// Which replica a consumer in some zone should read from (KIP-392): one in its own zone, if that
// has what the consumer wants next.

import type { PartitionLeader } from './partition-leader.ts'

/**
 * The broker to read from; undefined: the leader itself. `zoneOf` has the zones of brokers that are
 * up. Only members of the ISR count: others may fall behind for ever, and the consumer with them.
 */
export function preferredReadReplica(
  leader: PartitionLeader,
  clientZone: string,
  fetchOffset: number,
  zoneOf: ReadonlyMap<number, string>,
): number | undefined {
  if (zoneOf.get(leader.brokerId) === clientZone) return undefined
  let best: number | undefined
  let bestEnd = -1
  for (const brokerId of leader.partition.isr) {
    const follower = leader.followers.get(brokerId)
    if (follower === undefined || zoneOf.get(brokerId) !== clientZone) continue
    const { logStartOffset, logEndOffset } = follower
    if (logStartOffset < 0 || logStartOffset > fetchOffset || logEndOffset < fetchOffset) continue
    // The one that has come farthest is the one whose high watermark lags least.
    if (logEndOffset > bestEnd) {
      best = brokerId
      bestEnd = logEndOffset
    }
  }
  return best
}
