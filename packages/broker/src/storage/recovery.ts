// Rebuilds the index of the store from the index records of its segments, in order, and checks that
// none is missing. What it cannot vouch for it names: single logs when batches of them are missing;
// the end of the store when the newest commits are, for then any log may have lost its end.
//
// Commits are atomic and become durable in order, so a crash leaves a prefix of them and there is
// no torn tail: a record that is there is whole or damaged. From a damaged one on nothing of its
// segment is read; the next one begins with a checkpoint of all logs, which tells who misses it.

import { type Environment, StorageError } from '@klamm/base/env'
import type { BatchIndex } from './batch-index.ts'
import { damagedMark, IndexRecord, rowKind } from './index-record.ts'
import { LogState, type Release } from './log-state.ts'
import { LogTable, type RecordedLog, recordTruncation } from './log-table.ts'
import { type Segment, type Segments, segmentName, sequenceKey, sequenceOfKey } from './segments.ts'

export interface RecoveredLog {
  readonly state: LogState
  /** Why it must not be served. */
  readonly error: StorageError | undefined
}

/** A segment that cannot be read, or not to its end. */
export interface DamagedSegment {
  readonly id: number
  readonly error: StorageError
}

export interface Recovered {
  readonly table: LogTable
  readonly logs: readonly RecoveredLog[]
  readonly damagedSegments: readonly DamagedSegment[]
  /** Why the newest commits are missing: logs are whole as far as they go, and may go on. */
  readonly lostTail: StorageError | undefined
  /** The newest segment that holds anything; none when its end is not known. */
  readonly active: Segment | undefined
  /** The next one, if it was opened ahead. */
  readonly ahead: { readonly id: number; readonly environment: Environment } | undefined
  readonly nextSegmentId: number
  readonly nextLogNumber: number
  readonly nextSequence: number
  readonly nextCommitNumber: number
}

/**
 * More than the keys, or the commits, of any segment: the store goes on so far behind a lost end,
 * since it is not known which were used there.
 */
const lostKeys = 2 ** 32

/**
 * Opens the segments, ascending ids, and reads them. `minEndSequence`: the store is known to have
 * gone on up to this key.
 */
export function recover(
  ids: readonly number[],
  segments: Segments,
  release: Release,
  minEndSequence: number,
): Recovered {
  const recovery = new Recovery(segments, release)
  for (const id of ids) recovery.readSegment(id, id === ids.at(-1))
  return recovery.finish(minEndSequence)
}

class Recovery {
  readonly #segments: Segments
  readonly #release: Release
  readonly #table = new LogTable()
  readonly #states = new Map<number, LogState>()
  #active: Segment | undefined
  #ahead: { readonly id: number; readonly environment: Environment } | undefined
  #nextSegmentId = 0
  #nextLogNumber = 1
  #nextSequence = 0
  #nextCommitNumber = 0
  readonly #damaged: DamagedSegment[] = []
  /** Set from a damage on until a later segment was entered. */
  #lostTail: StorageError | undefined

  constructor(segments: Segments, release: Release) {
    this.#segments = segments
    this.#release = release
  }

  readSegment(id: number, isLast: boolean): void {
    try {
      this.#readSegment(id, isLast)
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'corrupt') throw error
      this.#damaged.push({ id, error })
      this.#lostTail = error
      this.#active = undefined
    }
    this.#nextSegmentId = id + 1
  }

  #readSegment(id: number, isLast: boolean): void {
    const environment = this.#segments.openEnvironment(id)
    const first = firstSequence(environment, undefined)
    if (first === undefined && isLast) {
      this.#ahead = { id, environment }
      return
    }
    const segment = this.#segments.add(id, environment, first ?? 0)
    if (first === undefined || first < this.#nextSequence) {
      throw damaged(id, `should go on at key ${this.#nextSequence}`)
    }
    const mayJump = first > this.#nextSequence
    this.#nextSequence = first
    this.#readRecords(segment, mayJump)
    this.#active = segment
  }

  finish(minEndSequence: number): Recovered {
    const logs = this.#finishedLogs()
    if (this.#lostTail === undefined && this.#nextSequence < minEndSequence) {
      this.#lostTail = new StorageError('corrupt', 'the newest commits of the store are missing')
      this.#active = undefined
    }
    if (this.#lostTail !== undefined) {
      this.#nextSequence += lostKeys
      this.#nextCommitNumber += lostKeys
    }
    return {
      table: this.#table,
      logs,
      damagedSegments: this.#damaged,
      lostTail: this.#lostTail,
      active: this.#active,
      ahead: this.#ahead,
      nextSegmentId: this.#nextSegmentId,
      nextLogNumber: this.#nextLogNumber,
      nextSequence: this.#nextSequence,
      nextCommitNumber: this.#nextCommitNumber,
    }
  }

  #finishedLogs(): RecoveredLog[] {
    const logs: RecoveredLog[] = []
    for (const recorded of this.#table) {
      const { startOffset, endOffset, highWatermark } = recorded
      const state = this.#states.get(recorded.number)
      if (state === undefined) continue
      const error = problemWith(recorded, state.index)
      state.recovered(startOffset, Math.max(startOffset, endOffset), highWatermark)
      for (let n = state.index.first; n < state.index.end; n++) {
        this.#segments.retain(state.index.segmentId(n))
      }
      logs.push({ state, error })
    }
    return logs
  }

  /** `mayJump`: segments are missing before this one, so commit numbers need not go on. */
  #readRecords(segment: Segment, mayJump: boolean): void {
    const { id, environment } = segment
    const where = segmentName(id)
    for (;;) {
      const key = sequenceKey(this.#nextSequence)
      const stored = environment.get(key)
      if (stored === undefined) {
        const next = firstSequence(environment, key)
        if (next !== undefined) throw damaged(id, `has no record at key ${this.#nextSequence}`)
        return
      }
      const record = new IndexRecord(stored, where)
      const { header } = record
      const isFirst = segment.bytes === 0
      if (
        header.segmentId !== id ||
        header.sequence !== this.#nextSequence ||
        header.isCheckpoint !== isFirst ||
        (mayJump && isFirst
          ? header.commitNumber < this.#nextCommitNumber
          : header.commitNumber !== this.#nextCommitNumber)
      ) {
        throw damaged(id, `has another record at key ${this.#nextSequence}`)
      }
      this.#apply(record)
      this.#lostTail = undefined
      segment.bytes += record.bytes + header.valueBytes
      this.#nextSequence += 1 + header.valueCount
      this.#nextCommitNumber = header.commitNumber + 1
    }
  }

  #apply(record: IndexRecord): void {
    const { isCheckpoint, checkpointRows, segmentId } = record.header
    if (isCheckpoint) this.#applyCheckpoint(record, checkpointRows)
    for (let row = checkpointRows; row < record.rowCount; row++) {
      const number = record.logNumber(row)
      const kind = record.kind(row)
      if (kind === rowKind.log) {
        this.#create(record, row)
        continue
      }
      const recorded = this.#table.get(number)
      const state = this.#states.get(number)
      if (recorded === undefined || state === undefined) {
        throw damaged(segmentId, `speaks of log ${number}, which does not exist`)
      }
      switch (kind) {
        case rowKind.batch:
          if (record.baseOffset(row) !== recorded.endOffset) {
            throw damaged(segmentId, `has a batch of ${recorded.id} that begins elsewhere`)
          }
          recorded.endOffset = record.endOffset(row)
          state.index.appendStored(record.batchRow(row), segmentId, record.valueSequence(row))
          break
        case rowKind.truncate:
          truncate(recorded, state.index, record, row)
          break
        case rowKind.start:
          recorded.startOffset = Math.max(recorded.startOffset, record.number(row, 0))
          break
        case rowKind.watermark:
          recorded.highWatermark = record.number(row, 0)
          break
        case rowKind.damage:
          recorded.isDamaged = true
          break
        case rowKind.delete:
          this.#delete(number)
          break
        default:
          throw damaged(segmentId, `has a row of kind ${kind}`)
      }
    }
  }

  /** All logs there are. What was said before only matters as far as batches are concerned. */
  #applyCheckpoint(record: IndexRecord, rowCount: number): void {
    const ends = new Map<number, number>()
    for (let row = 0; row < rowCount; row++) {
      const number = record.logNumber(row)
      if (record.kind(row) === rowKind.log) {
        const known = this.#known(record, row) ?? this.#create(record, row)
        known.startOffset = record.number(row, 0)
        known.highWatermark = record.number(row, 2)
        known.isDamaged = known.highWatermark === damagedMark
        // Truncations that still matter follow.
        known.truncations = []
        ends.set(number, record.number(row, 1))
      } else {
        const recorded = this.#table.get(number)
        const state = this.#states.get(number)
        if (recorded !== undefined && state !== undefined) {
          truncate(recorded, state.index, record, row)
        }
      }
    }
    for (const recorded of [...this.#table]) {
      const endOffset = ends.get(recorded.number)
      if (endOffset === undefined) this.#delete(recorded.number)
      else this.#reconcile(recorded, endOffset)
    }
  }

  /** The log of a row, unless its number was given to another log by commits that were lost. */
  #known(record: IndexRecord, row: number): RecordedLog | undefined {
    const number = record.logNumber(row)
    const known = this.#table.get(number)
    if (known === undefined || known.id === record.id(row)) return known
    this.#delete(number)
    return undefined
  }

  /**
   * Batches that lay in a removed segment are gone, rightly if the log has got beyond them. And an
   * end that was found lost once, and given up, is not brought back by being readable again.
   */
  #reconcile(recorded: RecordedLog, endOffset: number): void {
    const index = this.#states.get(recorded.number)?.index
    if (recorded.endOffset > endOffset) index?.removeFrom(index.holding(endOffset))
    recorded.endOffset = endOffset
  }

  #create(record: IndexRecord, row: number): RecordedLog {
    const number = record.logNumber(row)
    const id = record.id(row)
    if (this.#table.get(number) !== undefined) {
      throw damaged(record.header.segmentId, `creates log ${number} again`)
    }
    const recorded = this.#table.create(number, id, record.number(row, 0), record.number(row, 1))
    this.#states.set(number, new LogState(number, id, 0, this.#release))
    this.#nextLogNumber = Math.max(this.#nextLogNumber, number + 1)
    return recorded
  }

  #delete(number: number): void {
    this.#table.delete(number)
    this.#states.delete(number)
  }
}

/** Removes the rows a truncation cuts off: those of batches that were stored before it. */
function truncate(
  recorded: RecordedLog,
  index: BatchIndex,
  record: IndexRecord,
  row: number,
): void {
  const toOffset = record.number(row, 0)
  const fromOffset = record.number(row, 1)
  const beforeSequence = record.number(row, 2)
  let n = index.end
  while (
    n > index.first &&
    index.lastOffset(n - 1) >= toOffset &&
    index.sequence(n - 1) < beforeSequence
  ) {
    n -= 1
  }
  index.removeFrom(n)
  recordTruncation(recorded, { toOffset, fromOffset, beforeSequence })
}

/** Whether a log was found damaged, or its batches do not lie end to end from start to end. */
function problemWith(recorded: RecordedLog, index: BatchIndex): StorageError | undefined {
  const { id, startOffset, endOffset, isDamaged } = recorded
  if (isDamaged) return new StorageError('corrupt', `log ${id} was found damaged earlier`)
  let n = index.holding(startOffset)
  let expected = endOffset > startOffset && n < index.end ? index.baseOffset(n) : startOffset
  let isComplete = expected <= startOffset
  for (; n < index.end && isComplete; n++) {
    isComplete = index.baseOffset(n) === expected
    if (isComplete) expected = index.lastOffset(n) + 1
  }
  if (isComplete && expected === Math.max(startOffset, endOffset)) return undefined
  return new StorageError('corrupt', `batches of log ${id} are missing from offset ${expected} on`)
}

/** The first key at or after `from`. */
function firstSequence(environment: Environment, from: Uint8Array | undefined): number | undefined {
  let first: number | undefined
  environment.visit(from, undefined, key => {
    first = sequenceOfKey(key)
    return false
  })
  return first
}

function damaged(segmentId: number, what: string): StorageError {
  return new StorageError('corrupt', `${segmentName(segmentId)} ${what}`)
}
