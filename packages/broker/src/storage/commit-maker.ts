// Makes one commit of what is queued: lays batches out as values, writes the index record, and
// tells the indexes where everything will be. No I/O.

import { assert } from '@klamm/base'
import type { Put } from '@klamm/base/env'
import type { Appended, Change, Queued } from './appended.ts'
import { IndexRecordWriter } from './index-record.ts'
import { type LogTable, type RecordedLog, recordTruncation } from './log-table.ts'
import { type Segment, type Segments, sequenceKey } from './segments.ts'

/** Batches from this size on are a value of their own: copying them costs more than padding. */
const loneBytes = 16 * 1024
/** Smaller ones of one commit share blocks of up to this size, sorted by log. */
const blockBytes = 64 * 1024

export interface Commit {
  readonly puts: readonly Put[]
  /** What it makes durable, in the order it was queued. */
  readonly queued: readonly Queued[]
  /** Bytes of batches it takes off the queue. */
  readonly queuedBytes: number
  readonly isCheckpoint: boolean
}

export class CommitMaker {
  readonly #table: LogTable
  readonly #segments: Segments
  /** The key of the next commit's index record. */
  #sequence: number
  #commitNumber: number

  constructor(table: LogTable, segments: Segments, sequence: number, commitNumber: number) {
    this.#table = table
    this.#segments = segments
    this.#sequence = sequence
    this.#commitNumber = commitNumber
  }

  get sequence(): number {
    return this.#sequence
  }

  /** The commit of `queued` to `segment`; `isCheckpoint` for its first one. */
  make(queued: readonly Queued[], segment: Segment, isCheckpoint: boolean): Commit {
    const recordSequence = this.#sequence
    const lone: Appended[] = []
    const small: Appended[] = []
    let queuedBytes = 0
    for (const item of queued) {
      if (item.kind !== 'batch') continue
      queuedBytes += item.bytes.length
      if (!item.isDead) (item.bytes.length >= loneBytes ? lone : small).push(item)
    }
    const values: Uint8Array[] = []
    for (const item of lone) {
      item.valueIndex = values.length
      item.offsetInValue = 0
      values.push(item.bytes)
    }
    pack(small, values)
    let valueBytes = 0
    for (const value of values) valueBytes += value.length

    // Before the record is written: its rows say where the batches are.
    for (const item of lone) this.#place(item, segment.id, recordSequence)
    for (const item of small) this.#place(item, segment.id, recordSequence)
    const record = this.#record(queued, isCheckpoint, {
      segmentId: segment.id,
      sequence: recordSequence,
      valueCount: values.length,
      valueBytes,
    })
    const puts: Put[] = [{ key: sequenceKey(recordSequence), value: record }]
    for (const value of values) {
      puts.push({ key: sequenceKey(recordSequence + puts.length), value })
    }
    this.#sequence = recordSequence + puts.length
    this.#commitNumber += 1
    segment.bytes += valueBytes + record.length
    return { puts, queued, queuedBytes, isCheckpoint }
  }

  #place(item: Appended, segmentId: number, recordSequence: number): void {
    const sequence = recordSequence + 1 + item.valueIndex
    item.state.index.place(item.row, segmentId, sequence, item.offsetInValue)
    this.#segments.retain(segmentId)
  }

  #record(
    queued: readonly Queued[],
    isCheckpoint: boolean,
    place: {
      readonly segmentId: number
      readonly sequence: number
      readonly valueCount: number
      readonly valueBytes: number
    },
  ): Uint8Array {
    const checkpointRows = isCheckpoint
      ? this.#table.checkpointRows(this.#segments.oldestSequence)
      : 0
    // All keys of this commit are below it, all of later ones are not.
    const endSequence = place.sequence + 1 + place.valueCount
    let rowCount = checkpointRows
    for (const item of queued) rowCount += rowsOf(item)
    const writer = new IndexRecordWriter(rowCount)
    if (isCheckpoint) this.#table.writeCheckpoint(writer)
    for (const item of queued) {
      if (rowsOf(item) === 0) continue
      if (item.kind === 'batch') this.#writeBatch(writer, item)
      else this.#writeChange(writer, item, endSequence)
    }
    return writer.finish({
      ...place,
      isCheckpoint,
      checkpointRows,
      commitNumber: this.#commitNumber,
    })
  }

  #writeBatch(writer: IndexRecordWriter, item: Appended): void {
    const { state, row, endOffset, valueIndex } = item
    const recorded = this.#recorded(state.number)
    assert(state.index.baseOffset(row) === recorded.endOffset, 'batches are recorded end to end')
    recorded.endOffset = endOffset
    writer.batch(state.number, state.index, row, valueIndex)
  }

  #writeChange(writer: IndexRecordWriter, change: Change, endSequence: number): void {
    const { state, offset, kind, replaced } = change
    const { number } = state
    switch (kind) {
      case 'create': {
        if (replaced !== undefined) {
          this.#table.delete(replaced.number)
          writer.delete(replaced.number)
        }
        writer.log(this.#table.create(number, state.id, offset, offset))
        break
      }
      case 'truncate': {
        const recorded = this.#recorded(number)
        const fromOffset = recorded.endOffset
        const beforeSequence = endSequence
        recordTruncation(recorded, { toOffset: offset, fromOffset, beforeSequence })
        writer.truncate(number, offset, fromOffset, beforeSequence)
        break
      }
      case 'start': {
        const recorded = this.#recorded(number)
        recorded.startOffset = Math.max(recorded.startOffset, offset)
        writer.start(number, offset)
        break
      }
      case 'watermark':
        this.#recorded(number).highWatermark = offset
        writer.watermark(number, offset)
        break
      case 'damage':
        this.#recorded(number).isDamaged = true
        writer.damage(number)
        break
      case 'delete':
        this.#table.delete(number)
        writer.delete(number)
        break
    }
  }

  #recorded(number: number): RecordedLog {
    const recorded = this.#table.get(number)
    assert(recorded !== undefined, 'a log is recorded before its batches')
    return recorded
  }
}

function rowsOf(item: Queued): number {
  // What was undone while it was queued leaves no trace.
  if (item.kind === 'batch') return item.isDead ? 0 : 1
  return item.replaced === undefined ? 1 : 2
}

/** Copies the batches, sorted by log, into blocks. */
function pack(small: Appended[], values: Uint8Array[]): void {
  if (small.length === 0) return
  small.sort((a, b) => a.state.number - b.state.number)
  let first = 0
  while (first < small.length) {
    let bytes = 0
    let end = first
    for (; end < small.length; end++) {
      const next = small[end]?.bytes.length ?? 0
      if (end > first && bytes + next > blockBytes) break
      bytes += next
    }
    const block = new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer)
    let at = 0
    for (let i = first; i < end; i++) {
      const item = small[i]
      if (item === undefined) continue
      const { length } = item.bytes
      block.set(item.bytes, at)
      item.bytes = block.subarray(at, at + length)
      item.valueIndex = values.length
      item.offsetInValue = at
      at += length
    }
    values.push(block)
    first = end
  }
}
