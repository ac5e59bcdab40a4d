// What a partitioner is: it gives a record without an explicit partition its place. Called once per
// record, in the order of the records, never again for a record that is sent once more.

/** A record that is looking for its place. Valid only during the call: the object is used again. */
export interface RecordToPlace {
  readonly topic: string
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** In order; a name may occur several times. */
  readonly headers:
    | readonly { readonly key: string; readonly value: Uint8Array | null }[]
    | undefined
  /** What it takes in a batch, in bytes, uncompressed; at most some bytes too many. */
  readonly sizeInBytes: number
}

/** The partitions of its topic, as far as is known now. */
export interface PartitionsView {
  /** Partitions are 0 to `count` - 1. It can grow while the program runs. */
  readonly count: number
  /** Those that have a leader, ascending; empty when none has. */
  readonly available: readonly number[]
  /** Bytes that wait for a partition or are on their way to it. */
  queuedBytes(partition: number): number
}

export interface Partitioner {
  /** An integer in [0, count). Anything else is told to the sender of the record as an error. */
  partition(record: RecordToPlace, partitions: PartitionsView): number
}

export type PartitionFunction = Partitioner['partition']
