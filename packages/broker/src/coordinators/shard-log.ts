// What a coordinator shard needs of the log of the partition it lives in, and no more.

/** One record of an internal topic. A null value is a tombstone. */
export interface ShardLogRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

export interface ShardLogChunk {
  /** Whole record batches as stored, in order. Empty: `nextOffset` is the end of the log. */
  readonly batches: readonly Uint8Array[]
  /** Where the next read goes on. */
  readonly nextOffset: number
}

/**
 * One internal partition during one leader epoch. A partition that is led again later is another
 * ShardLog, so that a shard that has lost its partition cannot write into its successor's log.
 */
export interface ShardLog {
  readonly logStartOffset: number
  /** Exclusive; appended here, perhaps not committed. */
  readonly logEndOffset: number
  /** Exclusive; everything before it is committed. */
  readonly highWatermark: number
  /**
   * Appends one batch. Returns the new end of the log (exclusive). Throws KafkaError when it
   * cannot: NOT_COORDINATOR (or NOT_LEADER_OR_FOLLOWER) when this broker leads no more,
   * NOT_ENOUGH_REPLICAS, MESSAGE_TOO_LARGE. Then nothing has been appended.
   */
  append(records: readonly ShardLogRecord[]): number
  /**
   * Resolves when the high watermark has reached `offset`; rejects with KafkaError when the
   * leadership is lost first.
   */
  whenCommitted(offset: number): Promise<void>
  /** Batches from the one that holds `fromOffset` on, about `maxBytes` of them. */
  read(fromOffset: number, maxBytes: number): Promise<ShardLogChunk>
}
