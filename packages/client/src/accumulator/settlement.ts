// What became of records, for whoever waits for them.

import type { Batch, RecordSink } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'
import type { Failure, FailureCode } from './reactions.ts'

export type Outcome =
  /** -1 as offset: the broker does not say. -1 as time: that of the records counts. */
  | { readonly kind: 'stored'; readonly baseOffset: number; readonly logAppendTimeMs: number }
  | { readonly kind: 'failed'; readonly failure: Failure }
  /** Only these records of the batch, by index, each with what was wrong; the others go on. */
  | {
      readonly kind: 'rejected'
      readonly code: FailureCode
      readonly message: string | undefined
      readonly records: ReadonlyMap<number, string | undefined>
    }

export interface Settlement<S extends RecordSink, T> {
  readonly queue: PartitionQueue<S, T>
  readonly batch: Batch<S, T>
  readonly outcome: Outcome
}
