// The log of one replica together with what is derived from it: where leader epochs begin, and what
// each idempotent producer may send next. Both are functions of the log and change with it.

import type { Clock } from '@klamm/base/env'
import {
  type BatchHeader,
  isControlBatch,
  isTransactionalBatch,
  lastOffsetOf,
} from '@klamm/protocol/batch-header'
import { type EpochCache, epochCacheOf, ProducerStates } from '../replica/index.ts'
import type { BatchInfo, PartitionLog, ReadResult } from '../storage/segment-store.ts'

/** Kafka's producer.id.expiration.ms. */
const producerIdExpirationMs = 86_400_000

export class ReplicaLog {
  readonly #log: PartitionLog
  readonly #clock: Clock
  /** One object for the life of the log: machines hold on to it. */
  readonly #epochs: EpochCache
  #producers: ProducerStates
  #onDurable: (durableEndOffset: number) => void = () => undefined

  constructor(log: PartitionLog, clock: Clock) {
    this.#log = log
    this.#clock = clock
    this.#epochs = epochCacheOf(this.#batches(), log.logStartOffset)
    this.#producers = this.#rebuiltProducers()
    log.onDurable = end => this.#onDurable(end)
  }

  get logStartOffset(): number {
    return this.#log.logStartOffset
  }

  /** Exclusive; appended, perhaps not durable. */
  get logEndOffset(): number {
    return this.#log.logEndOffset
  }

  get durableEndOffset(): number {
    return this.#log.durableEndOffset
  }

  /** See PartitionLog. */
  get checkpointedHighWatermark(): number {
    return this.#log.checkpointedHighWatermark
  }

  get sizeBytes(): number {
    return this.#log.sizeBytes
  }

  /** Read only for others. */
  get epochs(): EpochCache {
    return this.#epochs
  }

  get producers(): ProducerStates {
    return this.#producers
  }

  /** Who hears of every growth of the durable end. One listener. */
  onDurable(listener: (durableEndOffset: number) => void): void {
    this.#onDurable = listener
  }

  /** Appends a whole batch that has its offset and epoch already. Its bytes must not change. */
  append(batch: Uint8Array, header: BatchHeader): void {
    this.#log.append(batch, header)
    this.#epochs.assign(header.partitionLeaderEpoch, header.baseOffset)
    this.#noteProducer(this.#producers, header)
  }

  /** See PartitionLog. */
  checkpointHighWatermark(highWatermark: number): void {
    this.#log.checkpointHighWatermark(highWatermark)
  }

  /** Whole batches from the one that holds `fromOffset` on, see PartitionLog. */
  read(fromOffset: number, maxBytes: number, endOffset: number, minOneBatch: boolean): ReadResult {
    return this.#log.read(fromOffset, maxBytes, endOffset, minOneBatch)
  }

  firstBatchAtOrAfterTimestamp(timestampMs: number): BatchInfo | undefined {
    return this.#log.firstBatchAtOrAfterTimestamp(timestampMs)
  }

  /** The batch with the greatest timestamp among those before `endOffset`; the first of them. */
  batchWithMaxTimestamp(endOffset: number): BatchInfo | undefined {
    return this.#log.batchWithMaxTimestamp(endOffset)
  }

  /** The log ends at `toOffset` at once; resolves when that is durable. */
  truncate(toOffset: number): Promise<void> {
    const done = this.#log.truncate(toOffset)
    this.#epochs.truncateFromEnd(this.logEndOffset)
    if (!this.#producers.truncate(this.logEndOffset)) this.#producers = this.#rebuiltProducers()
    return done
  }

  /** The log is empty and begins at `offset`; resolves when that is durable. */
  restart(offset: number): Promise<void> {
    const done = this.#log.restart(offset)
    this.#epochs.clear()
    this.#producers = this.#rebuiltProducers()
    return done
  }

  /** Records before `offset` are gone for readers; their space is given back later. */
  advanceStart(offset: number): void {
    if (offset <= this.logStartOffset) return
    void this.#log.setLogStartOffset(offset)
    this.#epochs.truncateFromStart(offset, this.logEndOffset)
  }

  #rebuiltProducers(): ProducerStates {
    const producers = new ProducerStates({ producerIdExpirationMs })
    for (const batch of this.#batches()) this.#noteProducer(producers, batch)
    return producers
  }

  #batches(): Iterable<BatchInfo> {
    return this.#log.batches(this.logStartOffset, this.logEndOffset)
  }

  #noteProducer(producers: ProducerStates, batch: BatchInfo | BatchHeader): void {
    if (batch.producerId < 0 || isControlBatch(batch)) return
    producers.applied(
      {
        producerId: batch.producerId,
        producerEpoch: batch.producerEpoch,
        baseSequence: batch.baseSequence,
        baseOffset: batch.baseOffset,
        lastOffset: lastOffsetOf(batch),
        maxTimestamp: batch.maxTimestamp,
        isTransactional: isTransactionalBatch(batch),
      },
      this.#clock.wallMs(),
    )
  }
}
