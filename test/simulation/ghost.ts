// What the world outside knows: which records were sent, which were acknowledged and where. Kept by
// the clients of a simulation, never by brokers; the checkers compare brokers with it.

import { assert } from '@klamm/base'
import { demand } from './violation.ts'

/** A record is told apart by its value, which is unique in a run. */
export interface SentRecord {
  readonly value: string
  readonly topicId: string
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
  readonly #ackedValues = new Set<string>()
  readonly #acks: AckedRecord[] = []
  readonly #producerIds = new Set<number>()
  /** Told of every acknowledgement, in the moment it reaches the client. */
  onAck: (() => void) | undefined

  /** In the order of their acknowledgement. */
  get acks(): readonly AckedRecord[] {
    return this.#acks
  }

  sent(record: SentRecord): void {
    this.#sent.set(record.value, record)
  }

  /** `offset` is what the broker said. */
  acked(record: SentRecord, offset: number): void {
    assert(offset >= 0, 'a success has a real offset (REP-13)', () => record.value)
    assert(!this.#ackedValues.has(record.value), 'a record is acknowledged once')
    this.#ackedValues.add(record.value)
    this.#acks.push({ ...record, offset })
    this.onAck?.()
  }

  /** IDEM-5: never before to anybody. */
  producerIdGiven(producerId: number): void {
    demand('IDEM-5', !this.#producerIds.has(producerId), () => `${producerId} was given twice`)
    this.#producerIds.add(producerId)
  }

  sentRecord(value: string): SentRecord | undefined {
    return this.#sent.get(value)
  }
}
