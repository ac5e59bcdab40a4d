// A partition's log as the fake cluster keeps it: batches in memory, offsets, sequences.

import {
  type ErrorName,
  firstRecordAtOrAfter,
  lastOffsetOf,
  lastSequenceOf,
  patchBatchStart,
  readBatchHeader,
} from '@klamm/protocol'

interface StoredBatch {
  readonly bytes: Uint8Array
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
}

interface ProducerState {
  epoch: number
  lastSequence: number
  /** Of the last batches: base sequence and base offset, as brokers remember five. */
  readonly batches: { readonly baseSequence: number; readonly baseOffset: number }[]
}

export type Appended = { readonly baseOffset: number } | { readonly error: ErrorName }

export class FakeLog {
  readonly #batches: StoredBatch[] = []
  readonly #producers = new Map<number, ProducerState>()
  logStartOffset = 0
  logEndOffset = 0

  get batches(): readonly Uint8Array[] {
    return this.#batches.map(({ bytes }) => bytes)
  }

  /** One batch; sequences are checked as a broker does (KIP-98). */
  append(batch: Uint8Array, leaderEpoch: number): Appended {
    const bytes = batch.slice()
    const header = readBatchHeader(bytes)
    if (header.producerId >= 0) {
      const refused = this.#checkSequence(header)
      if (refused !== undefined) return refused
    }
    const baseOffset = this.logEndOffset
    const stored = patchBatchStart(bytes, baseOffset, leaderEpoch)
    const lastOffset = lastOffsetOf(stored)
    this.#batches.push({ bytes, baseOffset, lastOffset })
    this.logEndOffset = lastOffset + 1
    if (header.producerId >= 0) this.#remember(header, baseOffset)
    return { baseOffset }
  }

  /** The batches from the one that holds the offset on, at least one, up to so many bytes. */
  read(offset: number, maxBytes: number): Uint8Array[] {
    const chunks: Uint8Array[] = []
    let bytes = 0
    for (const batch of this.#batches) {
      if (batch.lastOffset < offset) continue
      if (chunks.length > 0 && bytes + batch.bytes.length > maxBytes) break
      chunks.push(batch.bytes)
      bytes += batch.bytes.length
    }
    return chunks
  }

  /** Offset and timestamp for a ListOffsets timestamp; -1 for both when there is none. */
  lookUp(timestamp: number): { offset: number; timestamp: number } {
    if (timestamp === -1) return { offset: this.logEndOffset, timestamp: -1 }
    if (timestamp === -2) return { offset: this.logStartOffset, timestamp: -1 }
    for (const { bytes, lastOffset } of this.#batches) {
      if (lastOffset < this.logStartOffset) continue
      const found = firstRecordAtOrAfter(bytes, timestamp)
      if (found !== undefined) return found
    }
    return { offset: -1, timestamp: -1 }
  }

  /** Forgets what producers wrote, as after retention of everything. */
  forgetProducers(): void {
    this.#producers.clear()
  }

  #checkSequence(header: ReturnType<typeof readBatchHeader>): Appended | undefined {
    const { producerId, producerEpoch, baseSequence } = header
    const state = this.#producers.get(producerId)
    if (state === undefined) {
      return baseSequence === 0 ? undefined : { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
    }
    if (producerEpoch < state.epoch) return { error: 'INVALID_PRODUCER_EPOCH' }
    if (producerEpoch > state.epoch) {
      return baseSequence === 0 ? undefined : { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
    }
    const known = state.batches.find(batch => batch.baseSequence === baseSequence)
    if (known !== undefined) return { baseOffset: known.baseOffset }
    const next = (state.lastSequence + 1) % 0x8000_0000
    return baseSequence === next ? undefined : { error: 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
  }

  #remember(header: ReturnType<typeof readBatchHeader>, baseOffset: number): void {
    const { producerId, producerEpoch, baseSequence } = header
    let state = this.#producers.get(producerId)
    if (state === undefined || state.epoch !== producerEpoch) {
      state = { epoch: producerEpoch, lastSequence: -1, batches: [] }
      this.#producers.set(producerId, state)
    }
    state.lastSequence = lastSequenceOf(header)
    state.batches.push({ baseSequence, baseOffset })
    if (state.batches.length > 5) state.batches.shift()
  }
}
