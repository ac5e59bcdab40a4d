// What the state of producers and transactions is made of: batches and markers as they lie in the
// log, told by their headers. The machines of this folder never see records.

/** What the producer state of a log is made of: one data batch as it lies in the log. */
export interface LoggedBatch {
  readonly producerId: number
  readonly producerEpoch: number
  /** -1: without sequences, as the records of a coordinator in a transaction. */
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
