// Does to a follower's log what its machine decided about an answer of the leader.

import { unreachable } from '@klamm/base'
import { readBatches } from '@klamm/protocol'
import type { Partition } from '../partition/partition.ts'
import type { FollowerAction, PartitionFollower } from '../replica/index.ts'

type Applicable = Exclude<FollowerAction, { readonly kind: 'retry' | 'fail' }>

/**
 * Undefined: done at once. Else resolves when the log durably is what the action wants it to be. A
 * change of role meanwhile is noticed by comparing machines: an answer to a past one has no effect
 * on the present one.
 */
export function applyFetched(
  partition: Partition,
  follower: PartitionFollower,
  action: Applicable,
  bytes: Uint8Array,
): Promise<void> | undefined {
  switch (action.kind) {
    case 'idle':
    case 'ignored':
      partition.performFollower(follower)
      return undefined
    case 'append':
      return append(partition, follower, action, bytes)
    case 'truncate': {
      const done = partition.log.truncate(action.toOffset)
      // The log ends at a batch boundary: there, or before.
      const endOffset = partition.log.logEndOffset
      return done.then(() => {
        if (partition.follower !== follower) return
        follower.truncated(endOffset)
        partition.performFollower(follower)
      })
    }
    case 'restart':
      return partition.log.restart(action.logStartOffset).then(() => {
        if (partition.follower !== follower) return
        follower.restarted(action.logStartOffset)
        partition.performFollower(follower)
      })
    default:
      return unreachable(action)
  }
}

function append(
  partition: Partition,
  follower: PartitionFollower,
  { batchCount, restartAt }: Extract<Applicable, { readonly kind: 'append' }>,
  bytes: Uint8Array,
): Promise<void> {
  const { log } = partition
  // That it fails is told by the store, which ends the broker.
  if (restartAt !== undefined) log.restart(restartAt).catch(() => undefined)
  let at = 0
  for (const header of readBatches(bytes).slice(0, batchCount)) {
    const end = at + header.sizeInBytes
    log.append(bytes.subarray(at, end), header)
    at = end
  }
  const endOffset = log.logEndOffset
  follower.appended(endOffset)
  // The machine hears of durability from the log itself, before this resolves.
  return new Promise(resolve => {
    partition.whenDurable(endOffset, () => resolve())
  })
}
