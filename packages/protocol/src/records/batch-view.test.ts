import { concatBytes } from '@klamm/base'
import { expect, test } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { batchField, readBatchHeader } from './batch-header.ts'
import {
  patchBaseOffset,
  patchBatchStart,
  patchLeaderEpoch,
  readBatches,
  readWholeBatches,
  splitBatches,
  stampLogAppendTime,
  stampMaxTimestamp,
  stampProducer,
  verifyCrc,
} from './batch-view.ts'
import { readRecords } from './record-iterator.ts'
import { errorNameOf } from './testing/error-name.ts'
import { commitMarker, twoRecords } from './testing/golden.ts'

const both = concatBytes([twoRecords, commitMarker])

test('batches that lie back to back are told apart', () => {
  expect(readBatches(both).map(({ baseOffset }) => baseOffset)).toEqual([5, 40])
  expect(splitBatches(both)).toEqual([twoRecords, commitMarker])
  expect(readBatches(new Uint8Array(0))).toEqual([])
})

test('a batch cut off anywhere is corrupt, and the rest of a fetch when that is expected', () => {
  for (let length = twoRecords.length + 1; length < both.length; length++) {
    const cut = both.subarray(0, length)
    expect(errorNameOf(() => readBatches(cut))).toBe('CORRUPT_MESSAGE')
    const { batches, incompleteBytes } = readWholeBatches(cut)
    expect(batches).toHaveLength(1)
    expect(incompleteBytes).toBe(length - twoRecords.length)
  }
  expect(readWholeBatches(both).incompleteBytes).toBe(0)
})

test('the checksums of batches written by hand hold, and fail for any changed byte', () => {
  expect(verifyCrc(both)).toBe(true)
  expect(verifyCrc(both, twoRecords.length)).toBe(true)
  for (let at = batchField.crc; at < twoRecords.length; at++) {
    const changed = twoRecords.slice()
    changed[at] = (changed[at] as number) ^ 0x10
    expect(verifyCrc(changed)).toBe(false)
  }
})

const lies = [
  { lie: 'a negative length', at: batchField.batchLength, bytes: [0xff, 0xff, 0xff, 0xff] },
  { lie: 'a length below the header', at: batchField.batchLength, bytes: [0, 0, 0, 48] },
  { lie: 'a format of the future', at: batchField.magic, bytes: [3] },
  { lie: 'a negative format', at: batchField.magic, bytes: [0xff] },
  { lie: 'the oldest format', at: batchField.magic, bytes: [0], error: 'INVALID_RECORD' },
  { lie: 'an old format', at: batchField.magic, bytes: [1], error: 'INVALID_RECORD' },
  {
    lie: 'a negative offset delta',
    at: batchField.lastOffsetDelta,
    bytes: [0x80],
    error: 'INVALID_RECORD',
  },
  {
    lie: 'a negative record count',
    at: batchField.recordCount,
    bytes: [0x80],
    error: 'INVALID_RECORD',
  },
  {
    lie: 'a timestamp beyond exact numbers',
    at: batchField.maxTimestamp,
    bytes: [0x7f],
    error: 'INVALID_TIMESTAMP',
  },
  {
    lie: 'an offset beyond exact numbers',
    at: batchField.baseOffset,
    bytes: [0x7f],
    error: 'INVALID_RECORD',
  },
]
for (const { lie, at, bytes, error } of lies) {
  test(`${lie} is refused, by both readers`, () => {
    const batch = twoRecords.slice()
    batch.set(bytes, at)
    expect(errorNameOf(() => readBatches(batch))).toBe(error ?? 'CORRUPT_MESSAGE')
    expect(errorNameOf(() => readWholeBatches(batch))).toBe(error ?? 'CORRUPT_MESSAGE')
  })
}

test('offset and leader epoch are written without breaking the checksum', () => {
  const bytes = both.slice()
  const at = twoRecords.length
  patchBaseOffset(bytes, 2 ** 40 + 1, at)
  patchLeaderEpoch(bytes, 77, at)
  const header = readBatchHeader(bytes, at)
  expect(header.baseOffset).toBe(2 ** 40 + 1)
  expect(header.partitionLeaderEpoch).toBe(77)
  expect(verifyCrc(bytes, at)).toBe(true)
  expect(bytes.subarray(0, at)).toEqual(twoRecords)
})

test('what the leader decides is in the header that it gets back', () => {
  const batch = twoRecords.slice()
  const stored = patchBatchStart(batch, 123, 4)
  expect(stored).toEqual(readBatchHeader(batch))
  expect(stored).toMatchObject({ baseOffset: 123, partitionLeaderEpoch: 4, recordCount: 2 })
})

test('the time of the append becomes that of every record, under a new checksum', () => {
  const batch = twoRecords.slice()
  stampLogAppendTime(batch, 1_700_000_000_123)
  expect(verifyCrc(batch)).toBe(true)
  const timestamps = [...readRecords(batch)].map(({ timestamp }) => timestamp)
  expect(timestamps).toEqual([1_700_000_000_123, 1_700_000_000_123])
  // The deltas of the records are untouched: a reader must not use them.
  expect(batch.subarray(batchField.records)).toEqual(twoRecords.subarray(batchField.records))
})

test('a corrected max timestamp leaves the records their own', () => {
  const builder = new BatchBuilder()
  builder.append({ key: null, value: null, timestamp: 10 })
  const batch = builder.build()
  stampMaxTimestamp(batch, 11)
  expect(verifyCrc(batch)).toBe(true)
  expect(readBatchHeader(batch).maxTimestamp).toBe(11)
  expect([...readRecords(batch)][0]?.timestamp).toBe(10)
})

test('a batch that is numbered anew is the one that would have been built so', () => {
  const build = (numbers: { producerEpoch: number; baseSequence: number }): Uint8Array => {
    const builder = new BatchBuilder()
    builder.append({ key: null, value: Uint8Array.of(1), timestamp: 10 })
    return builder.build({ producerId: 2 ** 40 + 1, compression: 'lz4', ...numbers })
  }
  const batch = build({ producerEpoch: 0, baseSequence: 700_000 })
  stampProducer(batch, { producerId: 2 ** 40 + 1, producerEpoch: 32_767, baseSequence: 0 })
  expect(batch).toEqual(build({ producerEpoch: 32_767, baseSequence: 0 }))
})
