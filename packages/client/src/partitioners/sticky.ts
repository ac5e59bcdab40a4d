// Places records that have no key: a run of bytes to one partition, then to another (KIP-794), so
// that batches fill although no partition gets more than its share.

import type { Random } from '@klamm/base'
import type { Partitioner, PartitionsView, RecordToPlace } from './partitioner.ts'

interface Run {
  partition: number
  remainingBytes: number
}

export class StickyPartitioner implements Partitioner {
  readonly #runBytes: number
  readonly #random: Random
  readonly #runs = new Map<string, Run>()

  /** After `runBytes` to one partition it is another one's turn. */
  constructor(runBytes: number, random: Random) {
    this.#runBytes = runBytes
    this.#random = random
  }

  partition({ topic, sizeInBytes }: RecordToPlace, partitions: PartitionsView): number {
    let run = this.#runs.get(topic)
    if (run === undefined) {
      run = { partition: -1, remainingBytes: 0 }
      this.#runs.set(topic, run)
    }
    if (run.remainingBytes <= 0 || !isUsable(run.partition, partitions)) {
      run.partition = this.#choose(partitions, run.partition)
      run.remainingBytes = this.#runBytes
    }
    run.remainingBytes -= sizeInBytes
    return run.partition
  }

  /** Of two at random the one with less waiting: a slow broker gets less, none gets nothing. */
  #choose(partitions: PartitionsView, current: number): number {
    const first = this.#another(partitions, current)
    const second = this.#another(partitions, current)
    return partitions.queuedBytes(second) < partitions.queuedBytes(first) ? second : first
  }

  /** Any other partition with a leader; any partition at all when none has one. */
  #another({ available, count }: PartitionsView, current: number): number {
    if (available.length === 0) return this.#random.below(count)
    const at = this.#random.below(available.length)
    const partition = available[at] as number
    if (partition !== current || available.length === 1) return partition
    return available[(at + 1) % available.length] as number
  }
}

function isUsable(partition: number, { available, count }: PartitionsView): boolean {
  if (partition >= count) return false
  if (available.length === count || available.length === 0) return true
  return available.includes(partition)
}
