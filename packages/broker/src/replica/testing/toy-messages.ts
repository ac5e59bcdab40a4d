// What simulated brokers and producers say to each other.

import type { ErrorName } from '@klamm/protocol/errors'
import type { FetchedPartition } from '../partition-follower.ts'
import type { ProducedBatch } from '../producer-state.ts'
import type { LogBeginning, ToyBatch } from './toy-log.ts'

/** What a client sends: one batch and who it is. */
export interface ToyProduce extends ProducedBatch {
  readonly id: number
  readonly isTransactional: false
}

export interface ToyProduceAnswer {
  readonly error: ErrorName
  /** -1 with an error. */
  readonly baseOffset: number
}

export interface FetchAnswer extends Omit<FetchedPartition, 'batches'> {
  readonly batches: readonly ToyBatch[]
  /** A broker that has to start again would copy a snapshot of the producers. */
  readonly beginning: LogBeginning
}
