// What the machines of this folder read of a record batch (format v2): its header, as data. They
// never see records.

import type { BatchHeader } from '@klamm/protocol/batch-header'

export type { BatchHeader }

/** Producer id of a batch whose producer is not idempotent. */
export const noProducerId = -1
export const noProducerEpoch = -1
export const noSequence = -1
/** Timestamp of a record that has none. */
export const noTimestamp = -1

/** Sequences are int32 and start again at 0 after 2^31 - 1. */
export const maxSequence = 0x7fffffff

/** The sequence `count` records after `sequence`. */
export function sequenceAfter(sequence: number, count: number): number {
  return (sequence + count) % (maxSequence + 1)
}

/** What the producer state of a log is made of: one data batch as it lies in the log. */
export interface LoggedBatch {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly isTransactional: boolean
}

/** A commit or abort marker as it lies in the log (one control record in a batch of its own). */
export interface LoggedMarker {
  readonly producerId: number
  readonly producerEpoch: number
  readonly coordinatorEpoch: number
  readonly isCommit: boolean
  readonly offset: number
  readonly timestamp: number
}
