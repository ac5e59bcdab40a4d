// The idempotent producers of one partition: which batch of each comes next, which ones are there
// already (KIP-98, KIP-360). A function of the log: rebuilt from the headers of its batches and
// markers it is what it was, whatever happened in between.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import type { LoggedBatch, LoggedMarker } from './batch.ts'
import { type ProducerBatch, type ProducerEntry, ProducerRecord } from './producer-record.ts'

/** What of a batch's header concerns its producer. */
export interface ProducedBatch {
  /** -1: not idempotent; accepted as it is. */
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastOffsetDelta: number
  readonly isTransactional: boolean
}

/**
 * - `accept`: append it, then call `applied`, before anything else of this partition is checked.
 * - `duplicate`: it is in the log; answer with the original offsets, when the original may be
 *   answered (durable, or committed for acks=all), which may be later.
 * - `error`: nothing may be appended.
 */
export type SequenceVerdict =
  | { readonly kind: 'accept' }
  | ({ readonly kind: 'duplicate' } & Pick<
      ProducerBatch,
      'baseOffset' | 'lastOffset' | 'timestamp'
    >)
  | { readonly kind: 'error'; readonly error: ErrorName }

/**
 * Whether the transaction coordinator has said that the partition is part of the producer's ongoing
 * transaction (KIP-890). Only the first batch of a transaction needs it.
 */
export type Verification = 'verified' | 'unverified'

export interface ProducerStateOptions {
  /** producer.id.expiration.ms */
  readonly producerIdExpirationMs: number
}

/** The state after everything before `offset`. */
export interface ProducerSnapshot {
  readonly offset: number
  readonly producers: readonly ProducerEntry[]
}

const accept: SequenceVerdict = { kind: 'accept' }

/**
 * Counts what is appended, durable or not: with several batches in flight the second is checked
 * against the first while that is still being flushed.
 *
 * Always true: the sequences of a producer's remembered batches in its epoch follow each other; all
 * of them lie before `endOffset`.
 */
export class ProducerStates {
  readonly #expirationMs: number
  #producers = new Map<number, ProducerRecord>()
  #endOffset = 0

  constructor(options: ProducerStateOptions) {
    this.#expirationMs = options.producerIdExpirationMs
  }

  /** End (exclusive) of the part of the log that the state stands for. */
  get endOffset(): number {
    return this.#endOffset
  }

  get size(): number {
    return this.#producers.size
  }

  producer(producerId: number): ProducerEntry | undefined {
    return this.#producers.get(producerId)?.entry()
  }

  /** By producer id. */
  producers(): readonly ProducerEntry[] {
    const entries = [...this.#producers.values()].map(producer => producer.entry())
    return entries.sort((a, b) => a.producerId - b.producerId)
  }

  /** Judges a batch that a client wants appended. Changes nothing. */
  check(batch: ProducedBatch, verification: Verification = 'verified'): SequenceVerdict {
    if (batch.producerId < 0) return accept
    const producer = this.#producers.get(batch.producerId)
    const original = producer?.find(batch)
    if (original !== undefined) {
      const { baseOffset, lastOffset, timestamp } = original
      return { kind: 'duplicate', baseOffset, lastOffset, timestamp }
    }
    const error =
      problemWithSequence(producer, batch) ?? problemWithTransaction(producer, batch, verification)
    return error === undefined ? accept : { kind: 'error', error }
  }

  /**
   * Judges a transaction marker. With transaction version 2 the coordinator has raised the epoch
   * for it, so that one with the producer's own epoch is late (KIP-890) unless nothing is open.
   */
  checkMarker(
    marker: Omit<LoggedMarker, 'offset' | 'timestamp'>,
    transactionVersion: 1 | 2,
  ): ErrorName {
    const producer = this.#producers.get(marker.producerId)
    if (producer === undefined) return 'NONE'
    const { producerEpoch, coordinatorEpoch } = marker
    if (producerEpoch < producer.producerEpoch) return 'INVALID_PRODUCER_EPOCH'
    const isLate = transactionVersion === 2 && producerEpoch === producer.producerEpoch
    if (isLate && producer.currentTxnFirstOffset !== undefined) return 'INVALID_PRODUCER_EPOCH'
    if (coordinatorEpoch < producer.coordinatorEpoch) return 'TRANSACTION_COORDINATOR_FENCED'
    return 'NONE'
  }

  /**
   * A data batch is in the log: appended here, replicated, or read again after a restart. `wallMs`
   * says when it was seen; the producer expires by that and not by the timestamps of its records,
   * which are the client's word: a back-fill of old records would expire its producer at once.
   */
  applied(batch: LoggedBatch, wallMs: number): void {
    this.#moveTo(batch.baseOffset, batch.lastOffset + 1)
    if (batch.producerId >= 0) this.#record(batch.producerId).applied(batch, wallMs)
  }

  /** A marker is in the log. */
  appliedMarker(marker: LoggedMarker, wallMs: number): void {
    this.#moveTo(marker.offset, marker.offset + 1)
    this.#record(marker.producerId).appliedMarker(marker, wallMs)
  }

  /**
   * Forgets producers that were not seen for producer.id.expiration.ms and have no open
   * transaction; how many.
   */
  expire(wallMs: number): number {
    const before = this.#producers.size
    for (const [id, producer] of this.#producers) {
      if (producer.currentTxnFirstOffset !== undefined) continue
      if (wallMs - producer.lastSeenMs >= this.#expirationMs) this.#producers.delete(id)
    }
    return before - this.#producers.size
  }

  /**
   * The log was cut at `toOffset`. True when nothing beyond it had been applied. Else the state is
   * void, because what a batch has pushed out of it is not known any more: call `restore` with the
   * latest snapshot at or before `toOffset` and apply the log from there.
   */
  truncate(toOffset: number): boolean {
    if (toOffset >= this.#endOffset) return true
    this.#producers.clear()
    this.#endOffset = 0
    return false
  }

  snapshot(): ProducerSnapshot {
    return { offset: this.#endOffset, producers: this.producers() }
  }

  restore(snapshot: ProducerSnapshot, wallMs: number): void {
    this.#endOffset = snapshot.offset
    this.#producers = new Map(
      snapshot.producers.map(entry => [entry.producerId, ProducerRecord.of(entry, wallMs)]),
    )
  }

  /** Whether both stand for the same log; when producers were last seen does not count. */
  equals(other: ProducerStates): boolean {
    if (this.#endOffset !== other.#endOffset || this.size !== other.size) return false
    for (const [id, producer] of this.#producers) {
      const twin = other.#producers.get(id)
      if (twin === undefined || !producer.equals(twin)) return false
    }
    return true
  }

  #record(producerId: number): ProducerRecord {
    let producer = this.#producers.get(producerId)
    if (producer === undefined) {
      producer = new ProducerRecord(producerId)
      this.#producers.set(producerId, producer)
    }
    return producer
  }

  #moveTo(baseOffset: number, endOffset: number): void {
    assert(
      baseOffset >= this.#endOffset,
      'batches are applied once and in order',
      () => `${baseOffset} ${this.#endOffset}`,
    )
    this.#endOffset = endOffset
  }
}

/**
 * Sequences begin at 0 in every epoch and have no gaps. For a producer that is not known here,
 * another first sequence means that an earlier batch of it failed and will be retried (appending
 * this one now would shut that one out for ever, KAFKA-14920), or that its state is gone: expired,
 * or the topic is a new one of the same name. Clients cannot tell either, and need not: told
 * UNKNOWN_PRODUCER_ID, they raise their epoch and send again from sequence 0 (KIP-360). Within a
 * transaction they would have to abort, so there it is OUT_OF_ORDER_SEQUENCE_NUMBER, as in Kafka:
 * tried again until the earlier batch is in.
 */
function problemWithSequence(
  producer: ProducerRecord | undefined,
  batch: ProducedBatch,
): ErrorName | undefined {
  if (producer === undefined) {
    if (batch.baseSequence === 0) return undefined
    return batch.isTransactional ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'UNKNOWN_PRODUCER_ID'
  }
  if (batch.producerEpoch < producer.producerEpoch) return 'INVALID_PRODUCER_EPOCH'
  const isNewEpoch = batch.producerEpoch > producer.producerEpoch
  const expected = isNewEpoch ? 0 : producer.nextSequence
  return batch.baseSequence === expected ? undefined : 'OUT_OF_ORDER_SEQUENCE_NUMBER'
}

function problemWithTransaction(
  producer: ProducerRecord | undefined,
  batch: ProducedBatch,
  verification: Verification,
): ErrorName | undefined {
  const isOpen = producer?.currentTxnFirstOffset !== undefined
  if (!batch.isTransactional) return isOpen ? 'INVALID_TXN_STATE' : undefined
  const isOngoing = isOpen && producer?.producerEpoch === batch.producerEpoch
  return isOngoing || verification === 'verified' ? undefined : 'INVALID_TXN_STATE'
}
