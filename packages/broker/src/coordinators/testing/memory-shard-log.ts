// The log of a shard in memory. What is appended is committed when the test says so.

import { KafkaError } from '@klamm/protocol'
import type { ShardLog, ShardLogChunk, ShardLogRecord } from '../shard-log.ts'

/** Makes the stored bytes of a batch. */
export type BatchWriter = (records: readonly ShardLogRecord[], baseOffset: number) => Uint8Array

interface Waiter {
  readonly offset: number
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class MemoryShardLog implements ShardLog {
  readonly logStartOffset = 0
  logEndOffset = 0
  highWatermark = 0
  /** Set: `append` throws it. */
  refusal: Error | undefined
  /** What is appended is committed before `append` returns. */
  commitsAtOnce = false
  /** How many batches one read gives. */
  batchesPerRead = 2
  readonly #writeBatch: BatchWriter
  readonly #batches: { readonly bytes: Uint8Array; readonly endOffset: number }[] = []
  #waiters: Waiter[] = []
  #isLost = false

  constructor(writeBatch: BatchWriter) {
    this.#writeBatch = writeBatch
  }

  /** What a later leader finds: everything below `endOffset`, committed as far as is said. */
  successor(endOffset: number, highWatermark: number): MemoryShardLog {
    const log = new MemoryShardLog(this.#writeBatch)
    for (const batch of this.#batches) if (batch.endOffset <= endOffset) log.#batches.push(batch)
    log.logEndOffset = log.#batches.at(-1)?.endOffset ?? 0
    log.highWatermark = highWatermark
    return log
  }

  append(records: readonly ShardLogRecord[]): number {
    if (this.#isLost) throw new KafkaError('NOT_LEADER_OR_FOLLOWER', 'another broker leads')
    if (this.refusal !== undefined) throw this.refusal
    const bytes = this.#writeBatch(records, this.logEndOffset)
    this.logEndOffset += records.length
    this.#batches.push({ bytes, endOffset: this.logEndOffset })
    if (this.commitsAtOnce) this.commit()
    return this.logEndOffset
  }

  whenCommitted(offset: number): Promise<void> {
    if (offset <= this.highWatermark) return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiters.push({ offset, resolve, reject })
    return promise
  }

  async read(fromOffset: number): Promise<ShardLogChunk> {
    const rest = this.#batches.filter(({ endOffset }) => endOffset > fromOffset)
    const some = rest.slice(0, this.batchesPerRead)
    return {
      batches: some.map(({ bytes }) => bytes),
      nextOffset: some.at(-1)?.endOffset ?? this.logEndOffset,
    }
  }

  commit(offset = this.logEndOffset): void {
    this.highWatermark = offset
    for (const waiter of this.#waiters) if (waiter.offset <= offset) waiter.resolve()
    this.#waiters = this.#waiters.filter(waiter => waiter.offset > offset)
  }

  /** Another broker leads the partition. */
  lose(): void {
    this.#isLost = true
    const error = new KafkaError('NOT_LEADER_OR_FOLLOWER', 'another broker leads')
    for (const waiter of this.#waiters) waiter.reject(error)
    this.#waiters = []
  }
}
