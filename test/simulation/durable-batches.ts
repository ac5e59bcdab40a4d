// Which record batches each machine would still have after a power cut now, read from its simulated
// disk. Brokers are asked nothing: what they believe to be durable is what is being checked.

import { readBatches } from '@klamm/protocol'
import type { SimNode, StoredPut } from '@klamm/sim'

const segmentPrefix = 'segment-'

export class DurableBatches {
  readonly #fingerprints = new Set<string>()

  /** Notes from now on what becomes durable on the machine. Nothing is ever taken off: what a log
   * has cut off stays on the disk. */
  constructor(node: SimNode) {
    node.disk.onDurable = (name, puts) => {
      if (name.startsWith(segmentPrefix)) for (const put of puts) this.#note(put)
    }
  }

  has(fingerprint: string): boolean {
    return this.#fingerprints.has(fingerprint)
  }

  /** A value of a segment is an index record, which begins with a magic number, or whole batches,
   * whose base offsets begin with a zero byte. */
  #note({ value }: StoredPut): void {
    if (value === null || value[0] !== 0) return
    let at = 0
    for (const header of readBatches(value)) {
      this.#fingerprints.add(fingerprintOf(header))
      at += header.sizeInBytes
    }
    if (at !== value.length) throw new Error('a value of a segment is whole batches')
  }
}

/**
 * Tells a batch from every other one of a run: the checksum covers the values of its records, which
 * are unique; base offset and leader epoch are not covered by it.
 */
export function fingerprintOf(header: {
  readonly baseOffset: number
  readonly sizeInBytes: number
  readonly crc: number
  readonly partitionLeaderEpoch: number
}): string {
  const { baseOffset, sizeInBytes, crc, partitionLeaderEpoch } = header
  return `${baseOffset}:${sizeInBytes}:${crc}:${partitionLeaderEpoch}`
}
