// Records of one partition that travel, are numbered, retried and answered together. The bytes are
// made by whoever drives the accumulator; here is what decides about them.

import type { CompressionName } from '@klamm/protocol/batch-header'
import type { Failure } from './reactions.ts'

export type Acks = 'all' | 1 | 0

/** Records share a batch only when they are to be sent alike. */
export interface BatchSettings {
  readonly acks: Acks
  readonly compression: CompressionName
}

/** What records are written into while they arrive. */
export interface RecordSink {
  readonly recordCount: number
  /** Uncompressed, header included. */
  readonly sizeInBytes: number
}

/** Under which name a partition's batches are numbered. */
export interface ProducerIdentity {
  readonly producerId: number
  readonly producerEpoch: number
}

/**
 * - `open`: takes records. `closed`: full, not sent yet.
 * - `inFlight`: sent, not answered. `waiting`: to be sent again.
 * - `settled`: over.
 */
export type BatchState = 'open' | 'closed' | 'inFlight' | 'waiting' | 'settled'

export interface BatchOptions {
  readonly settings: BatchSettings
  /** Whether it is numbered, so that brokers tell repetitions apart. */
  readonly isIdempotent: boolean
  readonly createdAtMs: number
  /** When whoever gave the oldest record stops waiting. */
  readonly deadlineMs: number
}

/** `S` is what holds the records, `T` stands for whoever waits for them. */
export class Batch<S extends RecordSink, T> {
  readonly sink: S
  readonly settings: BatchSettings
  readonly isIdempotent: boolean
  readonly createdAtMs: number
  readonly deadlineMs: number
  /** Who gave each record, and the place it has there. Two arrays: nothing is made per record. */
  readonly owners: T[] = []
  readonly places: number[] = []
  state: BatchState = 'open'
  identity: ProducerIdentity | undefined = undefined
  /** Sequence of the first record; -1 before it has one. */
  baseSequence = -1
  /** Rises with each new number: bytes made for another numbering have to be made anew. */
  numbering = 0
  attempts = 0
  /** Not sent again before. */
  retryAtMs = 0
  /** Of the leader it was last sent to; -1 when unknown. */
  leaderEpoch = -1
  /** An attempt may have been stored although nobody said so. */
  mayBeStored = false
  /** A later batch under the same identity was acknowledged. */
  isFollowed = false
  /** A batch before it was given up: the broker may or may not expect its sequence. */
  followsGap = false
  /** Whoever gave the records has been told already. */
  isAbandoned = false
  /** Why the last attempt did not end well. */
  lastFailure: Failure | undefined = undefined
  /** Counted as buffered for it. */
  bufferedBytes = 0

  constructor(sink: S, options: BatchOptions) {
    this.sink = sink
    this.settings = options.settings
    this.isIdempotent = options.isIdempotent
    this.createdAtMs = options.createdAtMs
    this.deadlineMs = options.deadlineMs
  }

  get recordCount(): number {
    return this.owners.length
  }

  /**
   * Sequences have no gaps: with a later batch in the log this one is there as well, unless every
   * attempt was refused (a broker that knows nothing of a producer takes any sequence).
   */
  get isStored(): boolean {
    return this.isFollowed && this.mayBeStored
  }

  /** The record just written to the sink belongs to `owner`, who knows it as number `place`. */
  add(owner: T, place: number): void {
    this.owners.push(owner)
    this.places.push(place)
  }
}
