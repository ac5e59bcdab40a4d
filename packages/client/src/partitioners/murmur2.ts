// The hash by which Kafka's clients place keyed records: 32-bit murmur2 with Kafka's seed. Every
// client that uses it sends the same key to the same partition.

const seed = 0x9747b28c
const multiplier = 0x5bd1e995

/** As Java's client computes it: a signed 32-bit integer. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const tailAt = length & ~3
  let hash = seed ^ length
  for (let at = 0; at < tailAt; at += 4) {
    let block = Math.imul(int32At(bytes, at), multiplier)
    block = Math.imul(block ^ (block >>> 24), multiplier)
    hash = Math.imul(hash, multiplier) ^ block
  }
  if (length > tailAt) hash = Math.imul(hash ^ int32At(bytes, tailAt), multiplier)
  hash = Math.imul(hash ^ (hash >>> 13), multiplier)
  return hash ^ (hash >>> 15)
}

/**
 * As KafkaJS 1 computed it, for topics that were filled by it (`LegacyPartitioner` of KafkaJS 2):
 * products are not cut to 32 bits before they are used, and an incomplete block counts twice.
 */
export function legacyMurmur2(bytes: Uint8Array): number {
  const { length } = bytes
  const tailAt = length & ~3
  let hash = seed ^ length
  for (let at = 0; at < length; at += 4) {
    let block = int32At(bytes, at) * multiplier
    block = (block ^ (block >>> 24)) * multiplier
    hash = (hash * multiplier) ^ block
  }
  // Here the product stays a number with a fraction of its bits lost.
  let mixed = hash
  if (length > tailAt) mixed = (hash ^ int32At(bytes, tailAt)) * multiplier
  mixed = (mixed ^ (mixed >>> 13)) * multiplier
  return mixed ^ (mixed >>> 15)
}

/** Where a record with this hash goes, of `count` partitions. */
export function partitionOfHash(hash: number, count: number): number {
  return (hash & 0x7fffffff) % count
}

/** Four bytes, lowest first; what lies beyond the end is 0. */
function int32At(bytes: Uint8Array, at: number): number {
  return (
    byteAt(bytes, at) |
    (byteAt(bytes, at + 1) << 8) |
    (byteAt(bytes, at + 2) << 16) |
    (byteAt(bytes, at + 3) << 24)
  )
}

function byteAt(bytes: Uint8Array, at: number): number {
  return at < bytes.length ? (bytes[at] as number) : 0
}
