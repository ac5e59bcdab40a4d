// What the machines of this folder read of a record batch (format v2): its header, as data. They
// never see records.

/**
 * The header of a batch as it was sent or stored; the decoded header of the protocol package has
 * these fields.
 */
export interface BatchHeader {
  readonly baseOffset: number
  /** Of the whole batch: the 12 bytes of base offset and length included. */
  readonly sizeInBytes: number
  readonly partitionLeaderEpoch: number
  readonly magic: number
  /** See `attribute`. */
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Bits of a batch's attributes. */
export const attribute = {
  compressionMask: 0x07,
  /** Timestamp type: set for LogAppendTime. */
  logAppendTime: 0x08,
  transactional: 0x10,
  control: 0x20,
  deleteHorizon: 0x40,
} as const

/** Bytes of a v2 batch before its records. */
export const batchHeaderBytes = 61

/** The smallest record: length, attributes, two deltas, no key, no value, no headers. */
export const minRecordBytes = 7

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
