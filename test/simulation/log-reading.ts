// Reads the log of a replica for the checkers: batches with their records, or only what tells one
// batch from another.

import { assert } from '@klamm/base'
import type { Broker } from '@klamm/broker'
import { type BatchHeader, readBatches, readRecords, splitBatches } from '@klamm/protocol'
import { fingerprintOf } from './durable-batches.ts'

export type Replica = ReturnType<Broker['partitions']['get']> & object

export interface ReadBatch {
  readonly header: BatchHeader
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly endOffset: number
  readonly fingerprint: string
}

export interface ReadRecord {
  readonly offset: number
  readonly value: string
}

/** The batches from the one that holds `from` on that end at or before `to`. */
export function* batchesOf(partition: Replica, from: number, to: number): Generator<ReadBatch> {
  let offset = Math.max(from, partition.log.logStartOffset)
  while (offset < to) {
    const { chunks, nextOffset } = partition.log.read(offset, 1 << 20, to, true)
    assert(nextOffset > offset, 'a log has what its offsets say')
    for (const chunk of chunks) {
      for (const bytes of splitBatches(chunk)) yield readBatch(bytes)
    }
    offset = nextOffset
  }
}

export function recordsOf(bytes: Uint8Array): ReadRecord[] {
  const decoder = new TextDecoder()
  return [...readRecords(bytes)].map(({ offset, value }) => ({
    offset,
    value: value === null ? '' : decoder.decode(value),
  }))
}

function readBatch(bytes: Uint8Array): ReadBatch {
  const [header] = readBatches(bytes)
  assert(header !== undefined, 'a batch has a header')
  const { baseOffset } = header
  return {
    header,
    bytes,
    baseOffset,
    endOffset: baseOffset + header.lastOffsetDelta + 1,
    fingerprint: fingerprintOf(header),
  }
}
