// The state machine of the tests: a hash over everything applied, so equal states have equal
// histories. Its snapshot is the hash with padding, to travel in several pieces.

import { assert } from '@klamm/base'
import type { Entry, LogIndex, Snapshot } from '../types.ts'

export class Machine {
  index: LogIndex = 0
  hash = 0x811c9dc5

  apply(entry: Entry): void {
    assert(entry.index === this.index + 1, 'entries are applied without a gap')
    this.index = entry.index
    this.hash = mix(mix(this.hash, entry.index), entryHash(entry))
  }

  restore(snapshot: Snapshot): void {
    assert(snapshot.index > this.index || snapshot.index === 0, 'a snapshot brings news')
    this.index = snapshot.index
    this.hash = snapshotHash(snapshot)
  }

  snapshot(): Uint8Array {
    const data = new Uint8Array(4 + (this.index % 5) * 40)
    new DataView(data.buffer).setUint32(0, this.hash)
    return data
  }
}

/** The hash inside a snapshot of `Machine`; the empty snapshot is the beginning. */
export function snapshotHash(snapshot: Snapshot): number {
  const { data } = snapshot
  if (data.length < 4) return new Machine().hash
  return new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(0)
}

/** Term and content of an entry in 32 bits. */
export function entryHash(entry: Entry): number {
  let hash = mix(entry.term, entry.kind.length)
  if (entry.kind === 'normal') for (const byte of entry.data) hash = mix(hash, byte)
  if (entry.kind === 'config') {
    for (const voter of entry.configuration.voters) {
      hash = mix(hash, voter.nodeId)
      for (let i = 0; i < 8; i++) hash = mix(hash, voter.directoryId.charCodeAt(i))
    }
  }
  return hash
}

function mix(hash: number, value: number): number {
  const mixed = Math.imul(hash ^ value, 0x01000193)
  return (mixed ^ (mixed >>> 15)) >>> 0
}
