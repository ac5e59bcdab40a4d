// The batches of one log, in offset order, as rows of numbers. Rows are numbered from 0 on; what is
// cut off at the end gives its numbers to what comes next, what is dropped at the front does not.

import { assert } from '@klamm/base'
import { lastSequenceOf } from '@klamm/protocol'
import type { Appended } from './appended.ts'
import {
  type ExpectedBatch,
  rowBytes,
  rowDouble,
  rowDoubles,
  rowWord,
  rowWords,
} from './batch-row.ts'
import type { BatchInfo, StoredBatchHeader } from './store-api.ts'

const chunkBits = 10
const chunkRows = 1 << chunkBits
const rowMask = chunkRows - 1
const firstCapacity = 16

/** Rows of up to 1024 batches. */
class Chunk {
  doubles: Float64Array
  words: Uint32Array
  signed: Int32Array
  /** The batches that are in memory, by row. */
  readonly appended: (Appended | undefined)[] = []
  /** At least the greatest timestamp of the chunk: it does not go down when rows are cut off. */
  maxTimestamp = Number.NEGATIVE_INFINITY

  constructor() {
    this.doubles = new Float64Array(firstCapacity * rowDoubles)
    this.words = new Uint32Array(this.doubles.buffer)
    this.signed = new Int32Array(this.doubles.buffer)
  }

  makeRoom(row: number): void {
    if (row * rowDoubles < this.doubles.length) return
    const grown = new Float64Array(Math.min(chunkRows * rowDoubles, this.doubles.length * 8))
    grown.set(this.doubles)
    this.doubles = grown
    this.words = new Uint32Array(grown.buffer)
    this.signed = new Int32Array(grown.buffer)
  }
}

/** Always true: rows `first` to `end - 1` exist; base offsets ascend. */
export class BatchIndex {
  #chunks: Chunk[] = []
  /** Chunks that were dropped from the front. */
  #chunksBefore = 0
  #first = 0
  #end = 0

  get first(): number {
    return this.#first
  }

  /** Exclusive. */
  get end(): number {
    return this.#end
  }

  /** Adds the row of a batch that has no place on disk yet. Returns its number. */
  append(header: StoredBatchHeader, appended: Appended): number {
    const chunk = this.#chunkForNext()
    const row = this.#end & rowMask
    const d = row * rowDoubles
    const w = row * rowWords
    chunk.doubles[d + rowDouble.baseOffset] = header.baseOffset
    chunk.doubles[d + rowDouble.maxTimestamp] = header.maxTimestamp
    chunk.doubles[d + rowDouble.producerId] = header.producerId
    chunk.doubles[d + rowDouble.sequence] = -1
    chunk.signed[w + rowWord.lastOffsetDelta] = header.lastOffsetDelta
    chunk.signed[w + rowWord.leaderEpoch] = header.partitionLeaderEpoch
    chunk.words[w + rowWord.size] = header.sizeInBytes
    chunk.words[w + rowWord.crc] = header.crc
    chunk.words[w + rowWord.offsetInValue] = 0
    chunk.words[w + rowWord.segmentId] = 0
    chunk.signed[w + rowWord.baseSequence] = header.baseSequence
    chunk.signed[w + rowWord.producerEpoch] = header.producerEpoch
    chunk.signed[w + rowWord.attributes] = header.attributes
    chunk.signed[w + rowWord.recordCount] = header.recordCount
    chunk.appended[row] = appended
    if (header.maxTimestamp > chunk.maxTimestamp) chunk.maxTimestamp = header.maxTimestamp
    this.#end += 1
    return this.#end - 1
  }

  /** Adds a row as it was read from disk, with the place of its batch. */
  appendStored(row: Uint8Array, segmentId: number, sequence: number): void {
    assert(row.length === rowBytes, 'a row has its size')
    const chunk = this.#chunkForNext()
    const at = this.#end & rowMask
    new Uint8Array(chunk.doubles.buffer).set(row, at * rowBytes)
    chunk.doubles[at * rowDoubles + rowDouble.sequence] = sequence
    chunk.words[at * rowWords + rowWord.segmentId] = segmentId
    const maxTimestamp = chunk.doubles[at * rowDoubles + rowDouble.maxTimestamp] ?? -1
    if (maxTimestamp > chunk.maxTimestamp) chunk.maxTimestamp = maxTimestamp
    this.#end += 1
  }

  /** The batch has a place on disk now. */
  place(n: number, segmentId: number, sequence: number, offsetInValue: number): void {
    const chunk = this.#chunk(n)
    const row = n & rowMask
    chunk.doubles[row * rowDoubles + rowDouble.sequence] = sequence
    chunk.words[row * rowWords + rowWord.segmentId] = segmentId
    chunk.words[row * rowWords + rowWord.offsetInValue] = offsetInValue
  }

  /** Copies a row to `target`, which begins at double `at`. */
  copyRow(n: number, target: Float64Array, at: number): void {
    const row = (n & rowMask) * rowDoubles
    const { doubles } = this.#chunk(n)
    for (let i = 0; i < rowDoubles; i++) target[at + i] = doubles[row + i] ?? 0
  }

  baseOffset(n: number): number {
    return this.#double(n, rowDouble.baseOffset)
  }

  /** Inclusive. */
  lastOffset(n: number): number {
    return this.#double(n, rowDouble.baseOffset) + this.#signed(n, rowWord.lastOffsetDelta)
  }

  maxTimestamp(n: number): number {
    return this.#double(n, rowDouble.maxTimestamp)
  }

  leaderEpoch(n: number): number {
    return this.#signed(n, rowWord.leaderEpoch)
  }

  size(n: number): number {
    return this.#unsigned(n, rowWord.size)
  }

  /** -1 as long as no commit has taken the batch. */
  sequence(n: number): number {
    return this.#double(n, rowDouble.sequence)
  }

  segmentId(n: number): number {
    return this.#unsigned(n, rowWord.segmentId)
  }

  offsetInValue(n: number): number {
    return this.#unsigned(n, rowWord.offsetInValue)
  }

  expected(n: number): ExpectedBatch {
    return {
      baseOffset: this.baseOffset(n),
      leaderEpoch: this.leaderEpoch(n),
      size: this.size(n),
      crc: this.#unsigned(n, rowWord.crc),
    }
  }

  /** The batch while it is in memory. */
  appended(n: number): Appended | undefined {
    return this.#chunk(n).appended[n & rowMask]
  }

  /** The batch leaves memory, if row `n` is still its. */
  forget(n: number, appended: Appended): void {
    if (n < this.#first || n >= this.#end) return
    const chunk = this.#chunk(n)
    if (chunk.appended[n & rowMask] === appended) chunk.appended[n & rowMask] = undefined
  }

  info(n: number): BatchInfo {
    const baseOffset = this.baseOffset(n)
    const lastOffsetDelta = this.#signed(n, rowWord.lastOffsetDelta)
    const baseSequence = this.#signed(n, rowWord.baseSequence)
    return {
      baseOffset,
      lastOffset: baseOffset + lastOffsetDelta,
      lastOffsetDelta,
      partitionLeaderEpoch: this.leaderEpoch(n),
      maxTimestamp: this.maxTimestamp(n),
      attributes: this.#signed(n, rowWord.attributes),
      producerId: this.#double(n, rowDouble.producerId),
      producerEpoch: this.#signed(n, rowWord.producerEpoch),
      baseSequence,
      lastSequence: lastSequenceOf({ baseSequence, lastOffsetDelta }),
      recordCount: this.#signed(n, rowWord.recordCount),
      crc: this.#unsigned(n, rowWord.crc),
      sizeInBytes: this.size(n),
    }
  }

  /** The first row that ends at or after `offset`; `end` when there is none. */
  holding(offset: number): number {
    let low = this.#first
    let high = this.#end
    while (low < high) {
      const middle = low + ((high - low) >>> 1)
      if (this.lastOffset(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The first row at or after `from` with such a timestamp; `end` when there is none. */
  firstAtOrAfterTimestamp(from: number, timestampMs: number): number {
    let n = from
    while (n < this.#end) {
      if (this.#chunk(n).maxTimestamp < timestampMs) {
        n = ((n >>> chunkBits) + 1) * chunkRows
      } else if (this.maxTimestamp(n) >= timestampMs) {
        return n
      } else {
        n += 1
      }
    }
    return this.#end
  }

  /**
   * The first row with the greatest timestamp among those at or after `from` that begin before
   * `endOffset`; undefined when there is none.
   */
  ofMaxTimestamp(from: number, endOffset: number): number | undefined {
    let best: number | undefined
    let bestMs = Number.NEGATIVE_INFINITY
    let n = from
    while (n < this.#end && this.baseOffset(n) < endOffset) {
      if (best !== undefined && this.#chunk(n).maxTimestamp <= bestMs) {
        n = ((n >>> chunkBits) + 1) * chunkRows
        continue
      }
      const timestampMs = this.maxTimestamp(n)
      if (best === undefined || timestampMs > bestMs) {
        best = n
        bestMs = timestampMs
      }
      n += 1
    }
    return best
  }

  /** The first row at or after `from` with a greater epoch; `end` when there is none. */
  firstAboveEpoch(from: number, leaderEpoch: number): number {
    let low = from
    let high = this.#end
    while (low < high) {
      const middle = low + ((high - low) >>> 1)
      if (this.leaderEpoch(middle) <= leaderEpoch) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Cuts off row `n` and all after it. */
  removeFrom(n: number): void {
    assert(n >= this.#first && n <= this.#end, 'rows are cut off within the index')
    for (let i = n; i < this.#end; i++) this.#chunk(i).appended[i & rowMask] = undefined
    this.#end = n
    this.#chunks.length = Math.max(0, ((n + rowMask) >>> chunkBits) - this.#chunksBefore)
  }

  /** Drops all rows before `n`. */
  removeBefore(n: number): void {
    assert(n >= this.#first && n <= this.#end, 'rows are dropped within the index')
    const whole = (n >>> chunkBits) - this.#chunksBefore
    for (let i = this.#first; i < n; i++) this.#chunk(i).appended[i & rowMask] = undefined
    this.#first = n
    if (whole === 0) return
    this.#chunks.splice(0, whole)
    this.#chunksBefore += whole
  }

  #chunkForNext(): Chunk {
    const index = (this.#end >>> chunkBits) - this.#chunksBefore
    let chunk = this.#chunks[index]
    if (chunk === undefined) {
      chunk = new Chunk()
      this.#chunks[index] = chunk
    }
    chunk.makeRoom(this.#end & rowMask)
    return chunk
  }

  #chunk(n: number): Chunk {
    const chunk = this.#chunks[(n >>> chunkBits) - this.#chunksBefore]
    assert(chunk !== undefined, 'a row is in the index')
    return chunk
  }

  #double(n: number, field: number): number {
    return this.#chunk(n).doubles[(n & rowMask) * rowDoubles + field] ?? Number.NaN
  }

  #signed(n: number, field: number): number {
    return this.#chunk(n).signed[(n & rowMask) * rowWords + field] ?? Number.NaN
  }

  #unsigned(n: number, field: number): number {
    return this.#chunk(n).words[(n & rowMask) * rowWords + field] ?? Number.NaN
  }
}
