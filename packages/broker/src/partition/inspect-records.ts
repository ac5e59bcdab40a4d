// Opens a produced batch where its header is not enough: keys on compacted topics, timestamps in
// the past, a compression that the topic asks for.

import {
  type BatchHeader,
  type RecordError,
  recompressBatch,
  validateRecords,
} from '@klamm/protocol'
import type { DeepInspection } from '../replica/index.ts'

export type Inspected =
  | { readonly kind: 'accepted'; readonly batch: Uint8Array }
  | {
      readonly kind: 'rejected'
      readonly error: 'INVALID_RECORD' | 'INVALID_TIMESTAMP'
      readonly message: string
      readonly recordErrors: readonly RecordError[]
    }

/** Throws RecordsError when the records cannot be read. */
export function inspectRecords(
  batch: Uint8Array,
  header: BatchHeader,
  { keys, minTimestamp, recompressTo }: DeepInspection,
): Inspected {
  const verdict = validateRecords(batch, header, { needsKeys: keys, minTimestamp })
  if (verdict.kind === 'invalid') {
    const { error, message, recordErrors } = verdict
    return { kind: 'rejected', error, message, recordErrors }
  }
  return {
    kind: 'accepted',
    batch: recompressTo === undefined ? batch : recompressBatch(batch, header, recompressTo),
  }
}
