// A record, or a whole batch, that cannot be handed to the program: damaged bytes, or a key or
// value that its deserializer does not take.

import type { Buffer } from 'node:buffer'
import type { RecordHeader } from '@klamm/protocol'
import type { KafkaError } from '../errors.ts'

/** What is done about it. `fail` ends the consumption with the error. */
export type RecordErrorAction = 'fail' | 'skip' | 'deadLetter'

export interface RecordFailure {
  readonly topic: string
  readonly partition: number
  /** Of the record; of the first one that cannot be read when it is a batch. */
  readonly offset: number
  /** Where it goes on when this is passed over. */
  readonly nextOffset: number
  /** CORRUPT_MESSAGE and the like for a batch, ERR_SERIALIZATION for a key or value. */
  readonly error: KafkaError
  /** Of the record, as it is in the log; null for a batch. */
  readonly key: Buffer | null
  /** Of the record; for a batch, all of its bytes. */
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
  /** In ms; -1 for none, and for a batch. */
  readonly timestamp: number
}

/** How a reader says so to whoever reads. */
export class RecordFailed extends Error {
  override readonly name = 'RecordFailed'
  readonly failure: RecordFailure

  constructor(failure: RecordFailure) {
    super(failure.error.message, { cause: failure.error })
    this.failure = failure
  }
}
