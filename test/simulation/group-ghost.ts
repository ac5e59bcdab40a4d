// What the members of one group know together, and the rules that they see kept or broken.
//
// GRP-1 one owner per partition and generation   GRP-4 who was left behind commits nothing
// GRP-3, GRP-7 what was committed is found again, and nothing but what was committed

import { demand } from './violation.ts'

/** What a member notes when it sends a commit, for when it is answered. */
export interface SentCommit {
  readonly generation: number
  readonly partition: number
  readonly offset: number
  readonly newestGeneration: number
}

/** What a member notes when it asks for committed offsets. */
export type AskedOffsets = ReadonlyMap<number, number>

export class GroupGhost {
  readonly #owners = new Map<string, string>()
  #newestGeneration = -1
  /** By partition: what was acknowledged, and the most that was tried. */
  readonly #acked = new Map<number, number>()
  readonly #tried = new Map<number, number>()
  /** By partition: how far records were read without a gap. */
  readonly #consumed = new Map<number, number>()

  /** A member learns its partitions. */
  assigned(generation: number, memberId: string, partitions: readonly number[]): void {
    this.#newestGeneration = Math.max(this.#newestGeneration, generation)
    for (const partition of partitions) {
      const key = `${generation}/${partition}`
      const owner = this.#owners.get(key)
      demand('GRP-1', owner === undefined || owner === memberId, () => {
        return `partition ${partition} has ${owner} and ${memberId} in generation ${generation}`
      })
      this.#owners.set(key, memberId)
    }
  }

  commitSent(generation: number, partition: number, offset: number): SentCommit {
    this.#tried.set(partition, Math.max(offset, this.#tried.get(partition) ?? -1))
    return { generation, partition, offset, newestGeneration: this.#newestGeneration }
  }

  commitAcked({ generation, partition, offset, newestGeneration }: SentCommit): void {
    demand('GRP-4', newestGeneration <= generation, () => {
      return `a commit of generation ${generation} in ${newestGeneration} was taken`
    })
    this.#acked.set(partition, Math.max(offset, this.#acked.get(partition) ?? -1))
  }

  offsetsAsked(): AskedOffsets {
    return new Map(this.#acked)
  }

  /** -1: nothing is committed, says the coordinator. */
  offsetFound(partition: number, offset: number, asked: AskedOffsets): void {
    const acked = asked.get(partition) ?? -1
    demand('GRP-3', offset >= acked, () => {
      return `partition ${partition}: ${acked} was committed, the group is told ${offset}`
    })
    demand('GRP-3', offset <= (this.#tried.get(partition) ?? -1), () => {
      return `partition ${partition}: ${offset} is told, nobody has committed it`
    })
  }

  consumed(partition: number, nextOffset: number): void {
    this.#consumed.set(partition, Math.max(nextOffset, this.consumedEnd(partition)))
  }

  /** Exclusive end of what some member has read. */
  consumedEnd(partition: number): number {
    return this.#consumed.get(partition) ?? 0
  }
}
