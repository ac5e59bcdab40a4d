// Places records in turn, one per partition: even by count, at the price of small batches.

import type { Random } from '@klamm/base'
import type { Partitioner, PartitionsView, RecordToPlace } from './partitioner.ts'

export class RoundRobinPartitioner implements Partitioner {
  readonly #random: Random
  readonly #turns = new Map<string, number>()

  /** Where it begins is random, so that many producers do not begin with the same partition. */
  constructor(random: Random) {
    this.#random = random
  }

  partition({ topic }: RecordToPlace, { available, count }: PartitionsView): number {
    const turn = this.#turns.get(topic) ?? this.#random.below(count)
    this.#turns.set(topic, (turn + 1) % Number.MAX_SAFE_INTEGER)
    if (available.length === 0) return turn % count
    return available[turn % available.length] as number
  }
}
