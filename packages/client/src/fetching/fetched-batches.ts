// The batches in what a fetch brought for one partition: where each begins and ends, and which of
// them a consumer is to see. Markers of transactions are never seen, records of aborted ones not by
// readers of committed records (KIP-98). Records are not looked at.

import { concatBytes } from '@klamm/base'
import {
  type BatchHeader,
  batchField,
  batchHeaderBytes,
  currentMagic,
  isControlBatch,
  isTransactionalBatch,
  lastOffsetOf,
  readBatchHeader,
} from '@klamm/protocol/batch-header'

/** One batch to be handed out, or a stretch of the log with nothing to hand out. */
export interface FetchedBatch {
  /** The whole batch as it came; undefined: nothing to see up to `nextOffset`. */
  readonly bytes: Uint8Array | undefined
  readonly header: BatchHeader | undefined
  /** The offset after it. */
  readonly nextOffset: number
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface FetchedRecords {
  readonly batches: readonly FetchedBatch[]
  /** Of the last batch; -1 without one. */
  readonly leaderEpoch: number
  /** When not even one whole batch came: how long the first one is. 0 otherwise. */
  readonly cutBatchBytes: number
  /** Set: from `nextOffset` of the last batch on the bytes are no batches. */
  readonly problem: string | undefined
}

/**
 * `fetchOffset` is what was asked for: batches that end before it are left out. `aborted` is null
 * for readers of uncommitted records.
 */
export function fetchedRecords(
  chunks: readonly Uint8Array[],
  fetchOffset: number,
  aborted: readonly AbortedTransaction[] | null,
): FetchedRecords {
  const only = chunks[0]
  const bytes = chunks.length === 1 && only !== undefined ? only : concatBytes(chunks)
  const filter = new TransactionFilter(aborted)
  const batches: FetchedBatch[] = []
  let leaderEpoch = -1
  let at = 0
  let problem: string | undefined
  while (bytes.length - at >= batchHeaderBytes) {
    problem = problemAt(bytes, at)
    if (problem !== undefined) break
    const header = readBatchHeader(bytes, at)
    if (header.sizeInBytes > bytes.length - at) break
    const batch = bytes.subarray(at, at + header.sizeInBytes)
    at += header.sizeInBytes
    leaderEpoch = header.partitionLeaderEpoch
    const nextOffset = lastOffsetOf(header) + 1
    const isSeen = filter.passes(header, batch) && header.recordCount > 0
    if (nextOffset <= fetchOffset) continue
    const last = batches.at(-1)
    if (isSeen) batches.push({ bytes: batch, header, nextOffset })
    else if (last !== undefined && last.bytes === undefined) {
      batches[batches.length - 1] = { bytes: undefined, header: undefined, nextOffset }
    } else batches.push({ bytes: undefined, header: undefined, nextOffset })
  }
  const isCut = at === 0 && bytes.length >= 12 && problem === undefined
  const cutBatchBytes = isCut ? new DataView(bytes.buffer, bytes.byteOffset).getInt32(8) + 12 : 0
  return { batches, leaderEpoch, cutBatchBytes: Math.max(0, cutBatchBytes), problem }
}

function problemAt(bytes: Uint8Array, at: number): string | undefined {
  const magic = bytes[at + batchField.magic]
  if (magic !== currentMagic) return `message format v${magic} instead of v${currentMagic}`
  const { sizeInBytes, lastOffsetDelta, baseOffset } = readBatchHeader(bytes, at)
  if (sizeInBytes < batchHeaderBytes) return `a batch of ${sizeInBytes} bytes`
  if (lastOffsetDelta < 0) return `a last offset delta of ${lastOffsetDelta}`
  if (!Number.isSafeInteger(baseOffset)) return 'an offset beyond 2^53'
  return undefined
}

/** Follows producers through the batches of one answer, as they open and end transactions. */
class TransactionFilter {
  readonly #aborted: readonly AbortedTransaction[]
  #next = 0
  /** Producers whose records are of an aborted transaction here. */
  readonly #aborting = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[] | null) {
    const sorted = [...(aborted ?? [])]
    this.#aborted = sorted.sort((a, b) => a.firstOffset - b.firstOffset)
  }

  passes(header: BatchHeader, batch: Uint8Array): boolean {
    const lastOffset = lastOffsetOf(header)
    for (;;) {
      const transaction = this.#aborted[this.#next]
      if (transaction === undefined || transaction.firstOffset > lastOffset) break
      this.#aborting.add(transaction.producerId)
      this.#next += 1
    }
    if (isControlBatch(header)) {
      if (isAbortMarker(batch)) this.#aborting.delete(header.producerId)
      return false
    }
    return !(isTransactionalBatch(header) && this.#aborting.has(header.producerId))
  }
}

/**
 * Whether the first record of a control batch, which is never compressed, has a key that says
 * `abort`: version, then type 0.
 */
function isAbortMarker(batch: Uint8Array): boolean {
  let at: number = batchHeaderBytes
  // Length of the record, attributes, timestamp delta, offset delta, length of the key.
  at = afterVarint(batch, at) + 1
  at = afterVarint(batch, afterVarint(batch, at))
  at = afterVarint(batch, at)
  return at + 4 <= batch.length && batch[at + 2] === 0 && batch[at + 3] === 0
}

function afterVarint(bytes: Uint8Array, at: number): number {
  let end = at
  while (end < bytes.length && (bytes[end] ?? 0) > 0x7f) end += 1
  return end + 1
}
