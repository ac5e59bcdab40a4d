// Which shard a key lives in. Clients and tools compute it too, so it is Kafka's arithmetic to the
// bit.

import { assert } from '@klamm/base'

/** Java's `String.hashCode`: over UTF-16 units, in wrapping 32-bit arithmetic. */
export function javaStringHashCode(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}

/** The partition of the internal topic that is home to `key` (a group or transactional id). */
export function shardPartition(key: string, partitionCount: number): number {
  assert(partitionCount > 0, 'an internal topic has partitions')
  const hash = javaStringHashCode(key)
  // Kafka's abs maps the one number without a positive counterpart to 0.
  return hash === -2_147_483_648 ? 0 : Math.abs(hash) % partitionCount
}
