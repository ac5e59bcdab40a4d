// How the simulated consumers tell each other what they own and assign partitions: in the clear,
// one byte per partition.

import type { JoinedMember } from '../../groups/types.ts'
import { subscription } from '../form-group.ts'

export function partitionsOf(bytes: Uint8Array): readonly number[] {
  return [...bytes]
}

/** A subscription to topic `t` that tells what its sender owns, and since which generation. */
export function claim(generationId: number, owned: Iterable<number>): Uint8Array {
  return subscription(['t'], [generationId & 0xff, (generationId >> 8) & 0xff, ...owned])
}

const headerBytes = subscription(['t']).length

function claimOf(metadata: Uint8Array): { generationId: number; owned: readonly number[] } {
  const [low = 0, high = 0, ...owned] = metadata.subarray(headerBytes)
  return { generationId: low | (high << 8), owned }
}

/** Everybody gets its share at once: whoever owned something has given it up before joining. */
export function assignEagerly(
  members: readonly JoinedMember[],
  partitionCount: number,
): ReadonlyMap<string, Uint8Array> {
  const shares = members.map(({ memberId }) => ({ memberId, partitions: [] as number[] }))
  for (let partition = 0; partition < partitionCount; partition++) {
    shares[partition % shares.length]?.partitions.push(partition)
  }
  return new Map(shares.map(({ memberId, partitions }) => [memberId, new Uint8Array(partitions)]))
}

/**
 * Everybody keeps what it owns up to its share; what nobody owns goes to who has less. What
 * somebody must give up is given to nobody this time (KIP-429). Of two that claim the same
 * partition the one with the later generation owns it.
 */
export function assignCooperatively(
  members: readonly JoinedMember[],
  partitionCount: number,
): ReadonlyMap<string, Uint8Array> {
  const owners = new Map<number, { memberId: string; generationId: number }>()
  for (const { memberId, metadata } of members) {
    const { generationId, owned } = claimOf(metadata)
    for (const partition of owned) {
      const other = owners.get(partition)
      if (other !== undefined && other.generationId >= generationId) continue
      owners.set(partition, { memberId, generationId })
    }
  }
  const shares = members.map(({ memberId }) => {
    const owned = [...owners].filter(([, owner]) => owner.memberId === memberId)
    return { memberId, kept: owned.map(([partition]) => partition) }
  })
  shares.sort((a, b) => b.kept.length - a.kept.length)
  shares.forEach(({ kept }, i) => {
    const extra = i < partitionCount % shares.length ? 1 : 0
    kept.splice(Math.floor(partitionCount / shares.length) + extra)
  })
  for (let partition = 0; partition < partitionCount; partition++) {
    if (owners.has(partition)) continue
    const poorest = shares.reduce((a, b) => (b.kept.length < a.kept.length ? b : a))
    poorest.kept.push(partition)
  }
  return new Map(shares.map(({ memberId, kept }) => [memberId, new Uint8Array(kept)]))
}
