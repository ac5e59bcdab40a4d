// Reads one partition as a consumer does, record after record, and shows every record to the
// checkers: nothing is left out, nothing comes twice, nothing is there that is not committed.

import { splitBatches } from '@klamm/protocol'
import type { Checkers } from './checkers.ts'
import { fetchRecords } from './consumer-requests.ts'
import { recordsOf } from './log-reading.ts'
import type { SimClient, TopicMetadata } from './sim-client.ts'
import { demand } from './violation.ts'

export class PartitionReader {
  readonly partition: number
  readonly #client: SimClient
  readonly #checkers: Checkers
  #offset: number
  /** Of the newest leader that was known when the offset was told; older ones may lack it. */
  #leaderEpoch: number

  constructor(
    client: SimClient,
    checkers: Checkers,
    start: { readonly partition: number; readonly offset: number; readonly leaderEpoch: number },
  ) {
    this.#client = client
    this.#checkers = checkers
    this.partition = start.partition
    this.#offset = start.offset
    this.#leaderEpoch = start.leaderEpoch
  }

  /** Of the next record. */
  get offset(): number {
    return this.#offset
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  /** False when the metadata should be asked for again. */
  async read({ topicId, leaders }: TopicMetadata): Promise<boolean> {
    const leader = leaders.get(this.partition)
    if (leader === undefined || leader.leaderEpoch < this.#leaderEpoch) return false
    const fetched = await fetchRecords(this.#client, leader, topicId, this.partition, this.#offset)
    if (fetched === undefined) return false
    const where = `partition ${this.partition} of ${topicId} at ${this.#offset}`
    demand('REP-1', fetched.error !== 'OFFSET_OUT_OF_RANGE', () => `${where} is out of range`)
    if (fetched.error !== 'NONE') return false
    this.#leaderEpoch = leader.leaderEpoch
    for (const chunk of fetched.chunks) {
      for (const batch of splitBatches(chunk)) this.#take(topicId, batch)
    }
    return true
  }

  #take(topicId: string, batch: Uint8Array): void {
    for (const { offset, value } of recordsOf(batch)) {
      // A batch is sent whole.
      if (offset < this.#offset) continue
      demand('REP-12', offset === this.#offset, () => `after ${this.#offset - 1} comes ${offset}`)
      this.#checkers.consumed(topicId, this.partition, offset, value)
      this.#offset = offset + 1
    }
  }
}
