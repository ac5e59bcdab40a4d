// Looks at every record of a produced batch, for what the header alone cannot tell: keys on
// compacted topics, timestamps out of range, offsets that are not 0, 1, 2…. Costs a decompression;
// done only when the topic's configs ask for it.

import type { BatchHeader } from './batch-header.ts'
import { maxOpenedBatchBytes, maxRecordErrors } from './limits.ts'
import { openRecords } from './record-iterator.ts'
import { RecordsError } from './records-error.ts'

export interface RecordRules {
  /** The topic is compacted: every record needs a key. */
  readonly needsKeys: boolean
  /** Earliest timestamp in ms, but -1 (none) is always allowed; undefined: any. */
  readonly minTimestamp?: number | undefined
  /** Latest timestamp in ms; undefined: any. */
  readonly maxTimestamp?: number | undefined
  /** Bound of the decompressed records. */
  readonly maxOpenedBytes?: number | undefined
}

export interface RecordError {
  /** Which record of the batch, from 0. */
  readonly batchIndex: number
  /** For humans; goes back with Produce v8 and later. */
  readonly message: string
}

export interface ValidRecords {
  readonly kind: 'valid'
  /** In ms, over all records; what the header claims may differ, see `stampMaxTimestamp`. */
  readonly maxTimestamp: number
}

export interface InvalidRecords {
  readonly kind: 'invalid'
  readonly error: 'INVALID_RECORD' | 'INVALID_TIMESTAMP'
  readonly message: string
  /** Up to `maxRecordErrors` of them. */
  readonly recordErrors: readonly RecordError[]
}

/**
 * Judges the records of a whole data batch. Throws RecordsError when they cannot be read at all, or
 * are not as many as the header says.
 */
export function validateRecords(
  batch: Uint8Array,
  header: BatchHeader,
  rules: RecordRules,
): ValidRecords | InvalidRecords {
  if (header.lastOffsetDelta !== header.recordCount - 1) {
    const message = `${header.recordCount} records end at offset delta ${header.lastOffsetDelta}`
    throw new RecordsError('INVALID_RECORD', message)
  }
  const minTimestamp = rules.minTimestamp ?? Number.NEGATIVE_INFINITY
  const maxTimestamp = rules.maxTimestamp ?? Number.POSITIVE_INFINITY
  const cursor = openRecords(batch, header, rules.maxOpenedBytes ?? maxOpenedBatchBytes)
  const recordErrors: RecordError[] = []
  let invalidTimestamps = 0
  let latest = -1
  for (let batchIndex = 0; cursor.next(); batchIndex++) {
    const { timestamp, offsetDelta } = cursor
    if (timestamp > latest) latest = timestamp
    let message: string | undefined
    if (rules.needsKeys && !cursor.hasKey) {
      message = 'a record on a compacted topic needs a key'
    } else if (offsetDelta !== batchIndex) {
      message = `offset delta ${offsetDelta} at record ${batchIndex}`
    } else if (timestamp > maxTimestamp || (timestamp < minTimestamp && timestamp !== -1)) {
      message = `timestamp ${timestamp} is out of range`
      invalidTimestamps += 1
    }
    if (message !== undefined && recordErrors.length < maxRecordErrors) {
      recordErrors.push({ batchIndex, message })
    }
  }
  const [first] = recordErrors
  if (first === undefined) return { kind: 'valid', maxTimestamp: latest }
  return {
    kind: 'invalid',
    error: invalidTimestamps > 0 ? 'INVALID_TIMESTAMP' : 'INVALID_RECORD',
    message: `records are refused, first ${first.batchIndex}: ${first.message}`,
    recordErrors,
  }
}
