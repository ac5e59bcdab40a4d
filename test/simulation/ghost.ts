// What the world outside knows: which records were sent, which were acknowledged and where. Kept by
// the clients of a simulation, never by brokers; the checkers compare brokers with it.

import { assert } from '@klamm/base'

/** A record is told apart by its value, which is unique in a run. */
export interface SentRecord {
  readonly value: string
  readonly topic: string
  readonly partitionIndex: number
  readonly producer: string
  /** Order within its producer and partition. */
  readonly order: number
}

export interface AckedRecord extends SentRecord {
  readonly offset: number
}

export class Ghost {
  readonly #sent = new Map<string, SentRecord>()
  readonly #acked = new Map<string, AckedRecord>()
  /** Acknowledged records by `topic-partition`, in the order of their acknowledgement. */
  readonly #ackedByPartition = new Map<string, AckedRecord[]>()

  get ackedCount(): number {
    return this.#acked.size
  }

  sent(record: SentRecord): void {
    this.#sent.set(record.value, record)
  }

  /** `offset` is what the broker said. */
  acked(record: SentRecord, offset: number): void {
    assert(offset >= 0, 'a success has a real offset (REP-13)', () => record.value)
    assert(!this.#acked.has(record.value), 'a record is acknowledged once')
    const acked = { ...record, offset }
    this.#acked.set(record.value, acked)
    const key = `${record.topic}-${record.partitionIndex}`
    const list = this.#ackedByPartition.get(key)
    if (list === undefined) this.#ackedByPartition.set(key, [acked])
    else list.push(acked)
  }

  sentRecord(value: string): SentRecord | undefined {
    return this.#sent.get(value)
  }

  ackedIn(topic: string, partitionIndex: number): readonly AckedRecord[] {
    return this.#ackedByPartition.get(`${topic}-${partitionIndex}`) ?? []
  }
}
