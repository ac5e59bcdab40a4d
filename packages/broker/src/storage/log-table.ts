// The logs as a reader of the segments would find them: what all commits so far have recorded, not
// what is in memory and still queued. Checkpoints are written from it, and recovery rebuilds it.

import { assert } from '@klamm/base'
import type { IndexRecordWriter } from './index-record.ts'

/** Batches at or after `toOffset`, stored under keys below `beforeSequence`, are cut off. */
export interface Truncation {
  readonly toOffset: number
  /** There were such batches up to here (exclusive). */
  readonly fromOffset: number
  readonly beforeSequence: number
}

export interface RecordedLog {
  readonly number: number
  readonly id: string
  readonly idBytes: Uint8Array
  startOffset: number
  endOffset: number
  /** As last noted; may lie outside of the bounds. */
  highWatermark: number
  isDamaged: boolean
  /**
   * In ascending order of `toOffset`: a later one that cuts deeper makes an earlier one needless.
   */
  truncations: Truncation[]
}

export class LogTable {
  readonly #logs = new Map<number, RecordedLog>()

  create(number: number, id: string, startOffset: number, endOffset: number): RecordedLog {
    assert(!this.#logs.has(number), 'a log number is used once')
    const log = {
      number,
      id,
      idBytes: new TextEncoder().encode(id),
      startOffset,
      endOffset,
      highWatermark: 0,
      isDamaged: false,
      truncations: [],
    }
    this.#logs.set(number, log)
    return log
  }

  get(number: number): RecordedLog | undefined {
    return this.#logs.get(number)
  }

  delete(number: number): void {
    this.#logs.delete(number)
  }

  [Symbol.iterator](): Iterator<RecordedLog> {
    return this.#logs.values()
  }

  /** Rows that `writeCheckpoint` will write. Forgets truncations that say nothing any more. */
  checkpointRows(oldestSequence: number): number {
    let rows = this.#logs.size
    for (const log of this.#logs.values()) {
      forgetTruncations(log, oldestSequence)
      rows += log.truncations.length
    }
    return rows
  }

  writeCheckpoint(writer: IndexRecordWriter): void {
    for (const log of this.#logs.values()) {
      writer.log(log)
      for (const { toOffset, fromOffset, beforeSequence } of log.truncations) {
        writer.truncate(log.number, toOffset, fromOffset, beforeSequence)
      }
    }
  }
}

/** Notes that batches recorded so far are cut off. */
export function recordTruncation(log: RecordedLog, truncation: Truncation): void {
  const { toOffset, beforeSequence } = truncation
  let { fromOffset } = truncation
  const shallower = log.truncations.filter(earlier => {
    if (earlier.toOffset < toOffset) return true
    fromOffset = Math.max(fromOffset, earlier.fromOffset)
    return false
  })
  if (fromOffset > toOffset) shallower.push({ toOffset, fromOffset, beforeSequence })
  log.truncations = shallower
  log.endOffset = Math.min(log.endOffset, toOffset)
  log.highWatermark = Math.min(log.highWatermark, toOffset)
}

/**
 * A truncation matters as long as a segment may hold batches that it cut off: one older than
 * itself, and with offsets that the start of the log has not passed yet.
 */
function forgetTruncations(log: RecordedLog, oldestSequence: number): void {
  if (log.truncations.length === 0) return
  log.truncations = log.truncations.filter(
    ({ fromOffset, beforeSequence }) =>
      fromOffset > log.startOffset && beforeSequence > oldestSequence,
  )
}
