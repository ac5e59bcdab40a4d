// A PartitionLog on the segment store. Holds the present incarnation of the log and passes changes
// on to the queue; what is not in memory is read from the segments and checked.

import { assert } from '@klamm/base'
import { StorageError } from '@klamm/base/env'
import { batchField, batchHeaderBytes } from '@klamm/protocol'
import { Appended } from './appended.ts'
import { verifyBatch } from './batch-row.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { LogState } from './log-state.ts'
import type { Segments } from './segments.ts'
import type { BatchInfo, PartitionLog, ReadResult, StoredBatchHeader } from './store-api.ts'
import type { TailCache } from './tail-cache.ts'

export interface StoredLogContext {
  readonly queue: CommitQueue
  readonly segments: Segments
  readonly cache: TailCache
  /** Throws when the store is closed or has failed. */
  readonly refuse: () => void
  /** A new incarnation of a log. */
  readonly create: (id: string, startOffset: number) => LogState
}

export class StoredLog implements PartitionLog {
  readonly id: string
  readonly #context: StoredLogContext
  #state: LogState
  /** Resolves when the last change is durable: what changes nothing is durable with it. */
  #changed: Promise<void>
  #onDurable: ((durableEndOffset: number) => void) | undefined

  /** `created` is when the log itself is durable. */
  constructor(state: LogState, context: StoredLogContext, created: Promise<void>) {
    this.id = state.id
    this.#state = state
    this.#context = context
    this.#changed = created
  }

  get logStartOffset(): number {
    return this.#state.startOffset
  }

  get logEndOffset(): number {
    return this.#state.endOffset
  }

  get durableEndOffset(): number {
    return this.#state.durableEndOffset
  }

  get checkpointedHighWatermark(): number {
    return this.#state.highWatermark
  }

  get sizeBytes(): number {
    return this.#state.sizeBytes
  }

  get onDurable(): ((durableEndOffset: number) => void) | undefined {
    return this.#onDurable
  }

  set onDurable(listener: ((durableEndOffset: number) => void) | undefined) {
    this.#onDurable = listener
    this.#state.onDurable = listener
  }

  append(batch: Uint8Array, header: StoredBatchHeader): void {
    this.#refuse()
    const { queue, cache } = this.#context
    const state = this.#state
    assert(header.baseOffset === state.endOffset, 'a batch begins where the log ends')
    assert(batch.length >= batchHeaderBytes, 'a batch is whole')
    assert(header.lastOffsetDelta >= 0, 'a batch ends at or after its beginning')
    assert(header.sizeInBytes === batch.length, 'one whole batch is appended at a time')
    assert(carries(batch, header), 'a batch carries its offset and its checksum')
    const endOffset = header.baseOffset + header.lastOffsetDelta + 1
    const appended = new Appended(state, state.index.end, endOffset, batch)
    state.append(header, appended)
    cache.add(appended)
    queue.append(appended)
  }

  whenDurable(offset: number): Promise<void> {
    try {
      this.#refuse()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#state.whenDurable(offset)
  }

  read(fromOffset: number, maxBytes: number, upToOffset: number, minOneBatch: boolean): ReadResult {
    this.#refuse()
    const { index, startOffset, endOffset } = this.#state
    assert(fromOffset >= startOffset && fromOffset <= endOffset, 'a read begins in the log')
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    let nextOffset = fromOffset
    for (let n = index.holding(fromOffset); n < index.end; n++) {
      const lastOffset = index.lastOffset(n)
      if (lastOffset >= upToOffset) break
      const size = index.size(n)
      if (sizeBytes + size > maxBytes && !(minOneBatch && chunks.length === 0)) break
      chunks.push(index.appended(n)?.bytes ?? this.#readStored(n))
      sizeBytes += size
      nextOffset = lastOffset + 1
    }
    return { chunks, sizeBytes, nextOffset }
  }

  truncate(toOffset: number): Promise<void> {
    this.#refuse()
    const state = this.#state
    if (toOffset >= state.endOffset) return this.#changed
    if (toOffset < state.startOffset) return this.restart(toOffset)
    const row = state.index.holding(toOffset)
    const endOffset = state.index.baseOffset(row)
    // The batch that holds the start goes as a whole: the log begins where it began.
    if (endOffset < state.startOffset) return this.restart(endOffset)
    this.#changed = this.#context.queue.change('truncate', state, endOffset)
    state.truncate(row)
    return this.#changed
  }

  restart(offset: number): Promise<void> {
    this.#refuse()
    const { queue, create } = this.#context
    const old = this.#state
    const state = create(this.id, offset)
    state.onDurable = this.#onDurable
    this.#changed = queue.change('create', state, offset, old)
    old.delete()
    this.#state = state
    return this.#changed
  }

  setLogStartOffset(offset: number): Promise<void> {
    this.#refuse()
    const state = this.#state
    if (offset <= state.startOffset) return this.#changed
    assert(offset <= state.endOffset, 'a log does not start after its end')
    this.#changed = this.#context.queue.change('start', state, offset)
    state.startAt(offset)
    return this.#changed
  }

  checkpointHighWatermark(highWatermark: number): void {
    this.#refuse()
    const state = this.#state
    if (highWatermark === state.highWatermark) return
    state.committedTo(highWatermark)
    void this.#context.queue.change('watermark', state, highWatermark)
  }

  batchAt(offset: number): BatchInfo | undefined {
    const { index, startOffset, endOffset } = this.#state
    if (offset < startOffset || offset >= endOffset) return undefined
    return index.info(index.holding(offset))
  }

  *batches(from: number, to: number): Generator<BatchInfo> {
    const { index, startOffset } = this.#state
    for (let n = index.holding(Math.max(from, startOffset)); n < index.end; n++) {
      if (index.baseOffset(n) >= to) return
      yield index.info(n)
    }
  }

  lastBatch(): BatchInfo | undefined {
    const { index, firstRow } = this.#state
    return index.end > firstRow ? index.info(index.end - 1) : undefined
  }

  firstBatchAtOrAfterTimestamp(timestampMs: number): BatchInfo | undefined {
    const { index, firstRow } = this.#state
    const n = index.firstAtOrAfterTimestamp(firstRow, timestampMs)
    return n < index.end ? index.info(n) : undefined
  }

  batchWithMaxTimestamp(endOffset: number): BatchInfo | undefined {
    const { index, firstRow } = this.#state
    const n = index.ofMaxTimestamp(firstRow, endOffset)
    return n === undefined ? undefined : index.info(n)
  }

  lastBatchAtOrBelowEpoch(leaderEpoch: number): BatchInfo | undefined {
    const { index, firstRow } = this.#state
    const n = index.firstAboveEpoch(firstRow, leaderEpoch)
    return n > firstRow ? index.info(n - 1) : undefined
  }

  /** Deletes the log. It is of no use afterwards. */
  delete(): Promise<void> {
    const state = this.#state
    const done = this.#context.queue.change('delete', state, state.endOffset)
    state.delete()
    return done
  }

  /** Notes that it is not what was appended. Nothing of it may be read any more. */
  damaged(): void {
    void this.#context.queue.change('damage', this.#state, 0)
  }

  /** The store has failed. */
  fail(error: Error): void {
    this.#state.fail(error)
  }

  #readStored(n: number): Uint8Array {
    const { index, id } = this.#state
    const { segments } = this.#context
    const value = segments.value(index.segmentId(n), index.sequence(n), `log ${id}`)
    const at = index.offsetInValue(n)
    const size = index.size(n)
    const batch = at === 0 && value.length === size ? value : value.subarray(at, at + size)
    verifyBatch(batch, index.expected(n), `log ${id}`)
    return batch
  }

  #refuse(): void {
    this.#context.refuse()
    if (this.#state.isDeleted) throw new StorageError('closed', `log ${this.id} was deleted`)
  }
}

/** Whether the bytes are those of the header: all that would be found out only after a restart. */
function carries(batch: Uint8Array, { baseOffset, crc }: StoredBatchHeader): boolean {
  const high = int32At(batch, batchField.baseOffset)
  const low = int32At(batch, batchField.baseOffset + 4) >>> 0
  return high * 0x1_0000_0000 + low === baseOffset && int32At(batch, batchField.crc) >>> 0 === crc
}

function int32At(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16)
  return high | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
}
