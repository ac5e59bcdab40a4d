// The record that begins every commit: what the commit did to which log, in order. The index of the
// store is rebuilt from these records alone, never from the batches.
//
//   key s      index record: header, then rows of 72 bytes
//   key s+1 …  the values of the commit: one batch each, or a block of several
//   key s+1+n  the index record of the next commit
//
//   header  0 magic u32   4 crc u32 of all that follows   8 segment id u32   12 flags u32
//          16 commit number f64   24 own key s f64   32 value count u32   36 row count u32
//          40 bytes of the values u32   44 rows of the checkpoint u32
//
// Keys and commit numbers are dense over all segments: what is missing is noticed, not only what is
// damaged (STO-2).
//
// Rows of kind `batch` are described in batch-row.ts. Others have up to three numbers where a batch
// has base offset, max timestamp and producer id, and `log` has the id of the log from byte 32:
//
//   log       start, end, high watermark   the log exists; in a checkpoint: and ended there; -1 for
//                                the high watermark: it is damaged
//   truncate  to, from, before   batches at or after `to` whose key is below `before` are cut off;
//                                there were some up to `from`
//   start     start           nothing before it is wanted
//   watermark high watermark  everything before it is committed
//   damage                    the log is not what was appended: it must not be served any more
//   delete                    the log, by its number, is gone for ever
//
// The first record of a segment begins with a checkpoint: `log` rows of all logs there are, with
// the truncations that still matter. So whole segments before it can be removed, in any order.

import { StorageError } from '@klamm/base/env'
import { crc32c } from '@klamm/protocol'
import type { BatchIndex } from './batch-index.ts'
import { rowBytes, rowDouble, rowDoubles, rowWord, rowWords } from './batch-row.ts'

const magic = 0x314d4c4b
const headerBytes = 48
const headerDoubles = headerBytes / 8
const headerWords = headerBytes / 4
const checkedFrom = 8
const checkpointFlag = 1

export const rowKind = {
  batch: 1,
  log: 2,
  truncate: 3,
  start: 4,
  delete: 5,
  damage: 6,
  watermark: 7,
} as const

/** In place of the high watermark of a log that is damaged. */
export const damagedMark = -1

/** What a `log` row says. */
export interface LogRow {
  readonly number: number
  readonly idBytes: Uint8Array
  readonly startOffset: number
  readonly endOffset: number
  readonly highWatermark: number
  readonly isDamaged: boolean
}

/** Bytes of a log id that fit a row, after one byte for their number. */
export const maxLogIdBytes = 39

const idAt = 32

export interface IndexRecordHeader {
  readonly segmentId: number
  readonly isCheckpoint: boolean
  readonly commitNumber: number
  /** The key of the record. */
  readonly sequence: number
  readonly valueCount: number
  readonly valueBytes: number
  /** How many of the first rows are the checkpoint. */
  readonly checkpointRows: number
}

/** Writes a record of a known number of rows. */
export class IndexRecordWriter {
  readonly #bytes: Uint8Array
  readonly #doubles: Float64Array
  readonly #words: Uint32Array
  readonly #rowCount: number
  #row = 0

  constructor(rowCount: number) {
    this.#doubles = new Float64Array(headerDoubles + rowCount * rowDoubles)
    this.#words = new Uint32Array(this.#doubles.buffer)
    this.#bytes = new Uint8Array(this.#doubles.buffer)
    this.#rowCount = rowCount
  }

  /** A batch, as row `n` of its index has it. */
  batch(logNumber: number, index: BatchIndex, n: number, valueIndex: number): void {
    index.copyRow(n, this.#doubles, headerDoubles + this.#row * rowDoubles)
    const w = headerWords + this.#row * rowWords
    this.#words[w + rowWord.valueIndex] = valueIndex
    this.#next(logNumber, rowKind.batch)
  }

  log({ number, idBytes, startOffset, endOffset, highWatermark, isDamaged }: LogRow): void {
    this.#numbers(startOffset, endOffset, isDamaged ? damagedMark : highWatermark)
    const at = headerBytes + this.#row * rowBytes + idAt
    this.#bytes[at] = idBytes.length
    this.#bytes.set(idBytes, at + 1)
    this.#next(number, rowKind.log)
  }

  truncate(logNumber: number, toOffset: number, fromOffset: number, beforeSequence: number): void {
    this.#numbers(toOffset, fromOffset, beforeSequence)
    this.#next(logNumber, rowKind.truncate)
  }

  start(logNumber: number, startOffset: number): void {
    this.#numbers(startOffset, 0, 0)
    this.#next(logNumber, rowKind.start)
  }

  watermark(logNumber: number, highWatermark: number): void {
    this.#numbers(highWatermark, 0, 0)
    this.#next(logNumber, rowKind.watermark)
  }

  damage(logNumber: number): void {
    this.#next(logNumber, rowKind.damage)
  }

  delete(logNumber: number): void {
    this.#next(logNumber, rowKind.delete)
  }

  /** The record. The writer is used up. */
  finish(header: IndexRecordHeader): Uint8Array {
    if (this.#row !== this.#rowCount) throw new RangeError('a record has as many rows as it said')
    this.#words[0] = magic
    this.#words[2] = header.segmentId
    this.#words[3] = header.isCheckpoint ? checkpointFlag : 0
    this.#doubles[2] = header.commitNumber
    this.#doubles[3] = header.sequence
    this.#words[8] = header.valueCount
    this.#words[9] = this.#rowCount
    this.#words[10] = header.valueBytes
    this.#words[11] = header.checkpointRows
    this.#words[1] = crc32c(this.#bytes.subarray(checkedFrom))
    return this.#bytes
  }

  #numbers(a: number, b: number, c: number): void {
    const d = headerDoubles + this.#row * rowDoubles
    this.#doubles[d] = a
    this.#doubles[d + 1] = b
    this.#doubles[d + 2] = c
  }

  #next(logNumber: number, kind: number): void {
    const w = headerWords + this.#row * rowWords
    this.#words[w + rowWord.logNumber] = logNumber
    this.#words[w + rowWord.kind] = kind
    this.#row += 1
  }
}

/** A record that was read back and is what was written. */
export class IndexRecord {
  readonly header: IndexRecordHeader
  readonly rowCount: number
  readonly #bytes: Uint8Array
  readonly #doubles: Float64Array
  readonly #words: Uint32Array

  /** Throws StorageError `corrupt`, naming `where`. */
  constructor(stored: Uint8Array, where: string) {
    if (stored.length < headerBytes || stored.length % 8 !== 0) throw damaged(where)
    // Numbers are read in place, which wants them aligned.
    this.#bytes = stored.byteOffset % 8 === 0 ? stored : stored.slice()
    const { buffer, byteOffset, length } = this.#bytes
    this.#doubles = new Float64Array(buffer, byteOffset, length / 8)
    this.#words = new Uint32Array(buffer, byteOffset, length / 4)
    const words = this.#words
    if (words[0] !== magic || words[1] !== crc32c(this.#bytes.subarray(checkedFrom))) {
      throw damaged(where)
    }
    this.rowCount = words[9] ?? 0
    if (length !== headerBytes + this.rowCount * rowBytes) throw damaged(where)
    this.header = {
      segmentId: words[2] ?? 0,
      isCheckpoint: words[3] === checkpointFlag,
      commitNumber: this.#doubles[2] ?? 0,
      sequence: this.#doubles[3] ?? 0,
      valueCount: words[8] ?? 0,
      valueBytes: words[10] ?? 0,
      checkpointRows: words[11] ?? 0,
    }
  }

  get bytes(): number {
    return this.#bytes.length
  }

  kind(row: number): number {
    return this.#word(row, rowWord.kind)
  }

  logNumber(row: number): number {
    return this.#word(row, rowWord.logNumber)
  }

  /** The first, second or third number of a row. */
  number(row: number, which: 0 | 1 | 2): number {
    return this.#doubles[headerDoubles + row * rowDoubles + which] ?? Number.NaN
  }

  id(row: number): string {
    const at = headerBytes + row * rowBytes + idAt
    const length = this.#bytes[at] ?? 0
    return new TextDecoder().decode(this.#bytes.subarray(at + 1, at + 1 + length))
  }

  baseOffset(row: number): number {
    return this.number(row, rowDouble.baseOffset)
  }

  /** Exclusive. */
  endOffset(row: number): number {
    return this.baseOffset(row) + (this.#word(row, rowWord.lastOffsetDelta) | 0) + 1
  }

  /** The key of the value that holds the batch of a row. */
  valueSequence(row: number): number {
    return this.header.sequence + 1 + this.#word(row, rowWord.valueIndex)
  }

  /** A row of a batch, as an index takes it. */
  batchRow(row: number): Uint8Array {
    const at = headerBytes + row * rowBytes
    return this.#bytes.subarray(at, at + rowBytes)
  }

  #word(row: number, field: number): number {
    return this.#words[headerWords + row * rowWords + field] ?? Number.NaN
  }
}

function damaged(where: string): StorageError {
  return new StorageError('corrupt', `an index record of ${where} is damaged`)
}
