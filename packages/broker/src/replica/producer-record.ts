// One idempotent producer in one partition: its epoch, its last batches, its open transaction.

import { assert } from '@klamm/base'
import { addToSequence } from '@klamm/protocol/batch-header'
import type { LoggedBatch, LoggedMarker } from './batch.ts'

/** One of the last batches of a producer. */
export interface ProducerBatch {
  readonly firstSequence: number
  /** Inclusive. */
  readonly lastSequence: number
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  /** Greatest timestamp of its records. */
  readonly timestamp: number
}

export interface ProducerEntry {
  readonly producerId: number
  readonly producerEpoch: number
  /** Oldest first; at most five. */
  readonly batches: readonly ProducerBatch[]
  /** Of the last batch or marker; -1: none. */
  readonly lastTimestamp: number
  /** Of the coordinator that wrote the last marker; -1: none. */
  readonly coordinatorEpoch: number
  /** First offset of the transaction that is open; undefined: none is. */
  readonly currentTxnFirstOffset: number | undefined
}

/**
 * A producer has at most this many requests in flight to a partition, so a retry is always among
 * the last batches (max.in.flight.requests.per.connection of an idempotent producer).
 */
const maxRememberedBatches = 5

export class ProducerRecord {
  readonly producerId: number
  #producerEpoch = -1
  #batches: ProducerBatch[] = []
  #lastTimestamp = -1
  #coordinatorEpoch = -1
  #currentTxnFirstOffset: number | undefined
  #lastSeenMs = Number.NEGATIVE_INFINITY

  constructor(producerId: number) {
    this.producerId = producerId
  }

  static of(entry: ProducerEntry, wallMs: number): ProducerRecord {
    assert(entry.batches.length <= maxRememberedBatches, 'a producer has few remembered batches')
    const producer = new ProducerRecord(entry.producerId)
    producer.#producerEpoch = entry.producerEpoch
    producer.#batches = [...entry.batches]
    producer.#lastTimestamp = entry.lastTimestamp
    producer.#coordinatorEpoch = entry.coordinatorEpoch
    producer.#currentTxnFirstOffset = entry.currentTxnFirstOffset
    producer.#lastSeenMs = wallMs
    return producer
  }

  get producerEpoch(): number {
    return this.#producerEpoch
  }

  get coordinatorEpoch(): number {
    return this.#coordinatorEpoch
  }

  get currentTxnFirstOffset(): number | undefined {
    return this.#currentTxnFirstOffset
  }

  get lastSeenMs(): number {
    return this.#lastSeenMs
  }

  /** What the next batch in this epoch begins with; 0 when only a marker has set the epoch. */
  get nextSequence(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? 0 : addToSequence(last.lastSequence, 1)
  }

  /** The remembered batch with exactly these sequences. */
  find(batch: {
    readonly producerEpoch: number
    readonly baseSequence: number
    readonly lastOffsetDelta: number
  }): ProducerBatch | undefined {
    if (batch.producerEpoch !== this.#producerEpoch) return undefined
    const lastSequence = addToSequence(batch.baseSequence, batch.lastOffsetDelta)
    for (const known of this.#batches) {
      if (known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence) {
        return known
      }
    }
    return undefined
  }

  applied(batch: LoggedBatch, wallMs: number): void {
    this.#enter(batch.producerEpoch)
    // The records of a coordinator in a transaction (offset commits) carry no sequences.
    if (batch.baseSequence >= 0) {
      if (this.#batches.length === maxRememberedBatches) this.#batches.shift()
      this.#batches.push({
        firstSequence: batch.baseSequence,
        lastSequence: addToSequence(batch.baseSequence, batch.lastOffset - batch.baseOffset),
        baseOffset: batch.baseOffset,
        lastOffset: batch.lastOffset,
        timestamp: batch.maxTimestamp,
      })
    }
    if (batch.isTransactional) this.#currentTxnFirstOffset ??= batch.baseOffset
    this.#lastTimestamp = batch.maxTimestamp
    this.#lastSeenMs = Math.max(this.#lastSeenMs, wallMs)
  }

  appliedMarker(marker: LoggedMarker, wallMs: number): void {
    this.#enter(marker.producerEpoch)
    this.#currentTxnFirstOffset = undefined
    this.#coordinatorEpoch = marker.coordinatorEpoch
    this.#lastTimestamp = marker.timestamp
    this.#lastSeenMs = Math.max(this.#lastSeenMs, wallMs)
  }

  entry(): ProducerEntry {
    return {
      producerId: this.producerId,
      producerEpoch: this.#producerEpoch,
      batches: [...this.#batches],
      lastTimestamp: this.#lastTimestamp,
      coordinatorEpoch: this.#coordinatorEpoch,
      currentTxnFirstOffset: this.#currentTxnFirstOffset,
    }
  }

  equals(other: ProducerRecord): boolean {
    return (
      this.#producerEpoch === other.#producerEpoch &&
      this.#lastTimestamp === other.#lastTimestamp &&
      this.#coordinatorEpoch === other.#coordinatorEpoch &&
      this.#currentTxnFirstOffset === other.#currentTxnFirstOffset &&
      this.#batches.length === other.#batches.length &&
      this.#batches.every((batch, i) => sameBatch(batch, other.#batches[i]))
    )
  }

  /** Sequences of another epoch say nothing about this one. */
  #enter(producerEpoch: number): void {
    if (producerEpoch === this.#producerEpoch) return
    this.#producerEpoch = producerEpoch
    this.#batches = []
  }
}

function sameBatch(a: ProducerBatch, b: ProducerBatch | undefined): boolean {
  return (
    b !== undefined &&
    a.firstSequence === b.firstSequence &&
    a.lastSequence === b.lastSequence &&
    a.baseOffset === b.baseOffset &&
    a.lastOffset === b.lastOffset &&
    a.timestamp === b.timestamp
  )
}
