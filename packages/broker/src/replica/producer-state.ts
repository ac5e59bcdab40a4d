// The idempotent producers of one partition: which batch of each comes next, which ones are there
// already (KIP-98, KIP-360). A function of the log: rebuilt from the headers of its batches and
// markers it is what it was, whatever happened in between.

import type { ErrorName } from '@klamm/protocol/errors'
import type { LoggedBatch, LoggedMarker } from './batch.ts'

/** What of a batch's header concerns its producer. */
export interface ProducedBatch {
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly lastOffsetDelta: number
  readonly isTransactional: boolean
}

/**
 * - `accept`: append it, then call `applied`, before anything else of this partition is checked.
 * - `duplicate`: it is in the log; answer with the original offsets, at the moment when the original
 *   may be answered (durable, or committed for acks=all): it may not be yet.
 * - `error`: nothing may be appended.
 */
export type SequenceVerdict =
  | { readonly kind: 'accept' }
  | {
      readonly kind: 'duplicate'
      readonly baseOffset: number
      readonly lastOffset: number
      readonly timestamp: number
    }
  | { readonly kind: 'error'; readonly error: ErrorName }

export interface ProducerStateOptions {
  /** producer.id.expiration.ms */
  readonly producerIdExpirationMs: number
}

/** One of the last batches of a producer. */
export interface ProducerBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly timestamp: number
}

export interface ProducerEntry {
  readonly producerId: number
  readonly producerEpoch: number
  /** Oldest first; at most five. */
  readonly batches: readonly ProducerBatch[]
  /** Of the last batch or marker. */
  readonly lastTimestamp: number
  /** Of the coordinator that wrote the last marker; -1: none. */
  readonly coordinatorEpoch: number
  /** First offset of the transaction that is open; undefined: none is. */
  readonly currentTxnFirstOffset: number | undefined
}

/** The state after everything before `offset`. */
export interface ProducerSnapshot {
  readonly offset: number
  readonly producers: readonly ProducerEntry[]
}

export declare class ProducerStates {
  constructor(options: ProducerStateOptions)
  /** End (exclusive) of the log that has been applied. */
  get endOffset(): number
  get size(): number
  producer(producerId: number): ProducerEntry | undefined
  check(batch: ProducedBatch, isVerified?: boolean): SequenceVerdict
  checkMarker(marker: Omit<LoggedMarker, 'offset' | 'timestamp'>, version: 1 | 2): ErrorName
  applied(batch: LoggedBatch, wallMs: number): void
  appliedMarker(marker: LoggedMarker, wallMs: number): void
  expire(wallMs: number): number
  snapshot(): ProducerSnapshot
  restore(snapshot: ProducerSnapshot, wallMs: number): void
  equals(other: ProducerStates): boolean
}
