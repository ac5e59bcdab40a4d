import { StorageError } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { Appended } from './appended.ts'
import { BatchIndex } from './batch-index.ts'
import { type ExpectedBatch, verifyBatch } from './batch-row.ts'
import { damagedMark, IndexRecord, IndexRecordWriter, rowKind } from './index-record.ts'
import { LogState } from './log-state.ts'
import { makeBatch } from './testing/batches.ts'

test('a record is read back as it was written', () => {
  const record = new IndexRecord(written(), 'a test')
  expect(record.header).toEqual({
    segmentId: 7,
    isCheckpoint: true,
    commitNumber: 2 ** 40,
    sequence: 2 ** 50,
    valueCount: 3,
    valueBytes: 1234,
    checkpointRows: 2,
  })
  const kinds = Array.from({ length: record.rowCount }, (_, row) => record.kind(row))
  const { log, truncate, batch, start, watermark, damage } = rowKind
  expect(kinds).toEqual([log, truncate, batch, start, rowKind.delete, watermark, damage, log])
  expect([record.id(0), record.number(0, 0), record.number(0, 1)]).toEqual([longId, 5, 2 ** 45])
  expect([record.number(0, 2), record.number(7, 2)]).toEqual([2 ** 44, damagedMark])
  expect([record.logNumber(5), record.number(5, 0), record.logNumber(6)]).toEqual([11, 2 ** 43, 11])
  expect([record.number(1, 0), record.number(1, 1), record.number(1, 2)]).toEqual([8, 9, 2 ** 49])
  expect([record.baseOffset(2), record.endOffset(2)]).toEqual([20, 24])
  expect(record.valueSequence(2)).toBe(2 ** 50 + 1 + 2)
  expect([3, 4].map(row => record.logNumber(row))).toEqual([12, 0xffff_ffff])
  const index = new BatchIndex()
  index.appendStored(record.batchRow(2), 7, record.valueSequence(2))
  expect(index.info(0)).toEqual(indexOfOne().info(0))
  expect([index.segmentId(0), index.sequence(0)]).toEqual([7, 2 ** 50 + 3])
})

test('a record at an odd address is read as well', () => {
  const bytes = written()
  const shifted = new Uint8Array(bytes.length + 3).subarray(3)
  shifted.set(bytes)
  expect(new IndexRecord(shifted, 'a test').header.segmentId).toBe(7)
})

test('no bit of a record can change unnoticed', () => {
  const bytes = written()
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = flip(bytes, bit)
    expect(() => new IndexRecord(flipped, 'a test'), `bit ${bit}`).toThrow(StorageError)
  }
})

test('a record that is cut off is refused', () => {
  const bytes = written()
  for (let length = 0; length < bytes.length; length++) {
    const cut = bytes.slice(0, length)
    expect(() => new IndexRecord(cut, 'a test'), `${length} bytes`).toThrow(StorageError)
  }
})

test('no bit of a batch can change unnoticed', () => {
  const { bytes, header } = makeBatch({ baseOffset: 2 ** 40, leaderEpoch: 3, sizeBytes: 300 })
  const expected: ExpectedBatch = {
    baseOffset: 2 ** 40,
    leaderEpoch: 3,
    size: 300,
    crc: header.crc,
  }
  verifyBatch(bytes, expected, 'a test')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = flip(bytes, bit)
    expect(() => verifyBatch(flipped, expected, 'a test'), `bit ${bit}`).toThrow(StorageError)
  }
  expect(() => verifyBatch(bytes.subarray(0, 299), expected, 'a test')).toThrow(StorageError)
})

test('another batch in the place of one is refused, its own checksum notwithstanding', () => {
  const expected = { baseOffset: 5, leaderEpoch: 0, size: 100, crc: crcOf({ seed: 1 }) }
  verifyBatch(makeBatch({ baseOffset: 5, seed: 1 }).bytes, expected, 'a test')
  const other = makeBatch({ baseOffset: 5, seed: 2 }).bytes
  expect(() => verifyBatch(other, expected, 'a test')).toThrow(StorageError)
})

const longId = 'x'.repeat(39)

/** A record with a row of each kind. */
function written(): Uint8Array {
  const writer = new IndexRecordWriter(8)
  const log = {
    number: 11,
    idBytes: new TextEncoder().encode(longId),
    startOffset: 5,
    endOffset: 2 ** 45,
    highWatermark: 2 ** 44,
    isDamaged: false,
  }
  writer.log(log)
  writer.truncate(11, 8, 9, 2 ** 49)
  writer.batch(11, indexOfOne(), 0, 2)
  writer.start(12, 2 ** 52)
  writer.delete(0xffff_ffff)
  writer.watermark(11, 2 ** 43)
  writer.damage(11)
  writer.log({ ...log, isDamaged: true })
  return writer.finish({
    segmentId: 7,
    isCheckpoint: true,
    commitNumber: 2 ** 40,
    sequence: 2 ** 50,
    valueCount: 3,
    valueBytes: 1234,
    checkpointRows: 2,
  })
}

function indexOfOne(): BatchIndex {
  const state = new LogState(11, longId, 0, () => {})
  const { bytes, header } = makeBatch({
    baseOffset: 20,
    count: 4,
    leaderEpoch: -1,
    maxTimestamp: -1,
    producerId: 2 ** 52,
    producerEpoch: 3,
    baseSequence: 0,
    attributes: 0x17,
  })
  const appended = new Appended(state, 0, 24, bytes)
  state.index.append(header, appended)
  return state.index
}

function crcOf({ seed }: { readonly seed: number }): number {
  return makeBatch({ baseOffset: 5, seed }).header.crc
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice()
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return flipped
}
