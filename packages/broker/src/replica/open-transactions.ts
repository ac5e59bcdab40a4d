// The transactions of one partition: where the first undecided one begins (last stable offset), and
// which aborted ones a reader must skip. A function of the log, like the producer state.

import type { LoggedMarker } from './batch.ts'

/** A transaction that was aborted in this partition. */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Of its marker. */
  readonly lastOffset: number
}

export declare class OpenTransactions {
  /** A transactional data batch is in the log; the first one of its producer opens a transaction. */
  applied(producerId: number, baseOffset: number): void
  appliedMarker(marker: LoggedMarker): void
  /** End of what read_committed may see: `logStartOffset <= result <= highWatermark`. */
  lastStableOffset(highWatermark: number): number
  /** Aborted transactions with records in [fetchOffset, endOffset), by first offset. */
  abortedIn(fetchOffset: number, endOffset: number): readonly AbortedTransaction[]
}
