// The offsets that divide a partition's log, and the order they must keep at every moment.

import { assert } from '@klamm/base'

/**
 * Always true: logStartOffset <= lastStableOffset <= highWatermark <= durableEndOffset <=
 * logEndOffset. All are exclusive ends but `logStartOffset`.
 *
 * ```
 *   deleted | stable | open transactions | not on all in-sync replicas | not flushed here |
 *           ^        ^                   ^                             ^                  ^
 *      logStart  lastStable        highWatermark                  durableEnd          logEnd
 * ```
 */
export interface Watermarks {
  /** First offset that may be read. Never falls. */
  readonly logStartOffset: number
  /** End of what readers at read_committed may see. */
  readonly lastStableOffset: number
  /** End of what is committed: held by every member of the maximal ISR. */
  readonly highWatermark: number
  /** End of what would survive a power cut now. */
  readonly durableEndOffset: number
  /** End of what was appended; followers may read up to here. */
  readonly logEndOffset: number
}

/** Offsets of a log as it was opened or is handed over, without the last stable offset. */
export type LogOffsets = Omit<Watermarks, 'lastStableOffset'>

export function checkLogOffsets(offsets: LogOffsets): void {
  const { logStartOffset, highWatermark, durableEndOffset, logEndOffset } = offsets
  const detail = () => `${logStartOffset} ${highWatermark} ${durableEndOffset} ${logEndOffset}`
  assert(logStartOffset >= 0, 'offsets are not negative', detail)
  assert(logStartOffset <= highWatermark, 'only committed records are deleted', detail)
  assert(highWatermark <= durableEndOffset, 'what is committed is durable here', detail)
  assert(durableEndOffset <= logEndOffset, 'what is durable was appended', detail)
}

export function checkWatermarks(watermarks: Watermarks): void {
  checkLogOffsets(watermarks)
  const { logStartOffset, lastStableOffset, highWatermark } = watermarks
  const detail = () => `${logStartOffset} ${lastStableOffset} ${highWatermark}`
  assert(logStartOffset <= lastStableOffset, 'the stable end is not before the start', detail)
  assert(lastStableOffset <= highWatermark, 'what is stable is committed', detail)
}
