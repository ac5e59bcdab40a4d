// Places records by the hash of their key, and leaves those without one to another partitioner.

import { partitionOfHash } from './murmur2.ts'
import type { Partitioner, PartitionsView, RecordToPlace } from './partitioner.ts'

export class KeyedPartitioner implements Partitioner {
  readonly #hash: (key: Uint8Array) => number
  readonly #withoutKey: Partitioner

  constructor(hash: (key: Uint8Array) => number, withoutKey: Partitioner) {
    this.#hash = hash
    this.#withoutKey = withoutKey
  }

  /** Over all partitions, with a leader or not: a key keeps its place while their number stays. */
  partition(record: RecordToPlace, partitions: PartitionsView): number {
    if (record.key === null) return this.#withoutKey.partition(record, partitions)
    return partitionOfHash(this.#hash(record.key), partitions.count)
  }
}
