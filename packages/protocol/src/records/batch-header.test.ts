import { expect, test } from 'vitest'
import {
  addToSequence,
  batchAttribute,
  compressionOf,
  hasDeleteHorizon,
  isControlBatch,
  isTransactionalBatch,
  lastOffsetOf,
  lastSequenceOf,
  readBatchHeader,
  timestampTypeOf,
} from './batch-header.ts'
import { commitMarker, twoRecords } from './testing/golden.ts'

test('the header of a batch is read from where the format puts it', () => {
  const { crc, ...header } = readBatchHeader(twoRecords)
  expect(crc).toBeGreaterThan(0)
  expect(header).toEqual({
    baseOffset: 5,
    batchLength: 74,
    partitionLeaderEpoch: 3,
    magic: 2,
    attributes: 0,
    lastOffsetDelta: 1,
    baseTimestamp: 1000,
    maxTimestamp: 1005,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 2,
    sizeInBytes: twoRecords.length,
  })
})

test('a batch is found at an offset of the bytes', () => {
  const bytes = new Uint8Array(200)
  bytes.set(commitMarker, 50)
  const header = readBatchHeader(bytes, 50)
  expect(header.baseOffset).toBe(40)
  expect(header.producerId).toBe(7)
  expect(header.producerEpoch).toBe(2)
})

test('negative and large numbers keep their value', () => {
  const bytes = twoRecords.slice()
  // Base offset 2^53 - 1, max timestamp -2, CRC with the top bit.
  bytes.set([0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], 0)
  bytes.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe], 35)
  bytes.set([0x80, 0x00, 0x00, 0x01], 17)
  const header = readBatchHeader(bytes)
  expect(header.baseOffset).toBe(Number.MAX_SAFE_INTEGER)
  expect(header.maxTimestamp).toBe(-2)
  expect(header.crc).toBe(0x80000001)
})

test('fewer bytes than a header are refused', () => {
  expect(() => readBatchHeader(twoRecords.subarray(0, 60))).toThrow(RangeError)
})

test('each attribute has its bit', () => {
  expect([0, 1, 2, 3, 4, 5, 7].map(attributes => compressionOf({ attributes }))).toEqual([
    'none',
    'gzip',
    'snappy',
    'lz4',
    'zstd',
    undefined,
    undefined,
  ])
  const flags = (attributes: number) => [
    timestampTypeOf({ attributes }) === 'LogAppendTime',
    isTransactionalBatch({ attributes }),
    isControlBatch({ attributes }),
    hasDeleteHorizon({ attributes }),
  ]
  expect(flags(batchAttribute.logAppendTime)).toEqual([true, false, false, false])
  expect(flags(batchAttribute.transactional)).toEqual([false, true, false, false])
  expect(flags(batchAttribute.control)).toEqual([false, false, true, false])
  expect(flags(batchAttribute.deleteHorizon)).toEqual([false, false, false, true])
  expect(flags(batchAttribute.compressionMask)).toEqual([false, false, false, false])
})

test('sequences start again at 0 after 2^31 - 1', () => {
  expect(addToSequence(0x7fffffff, 1)).toBe(0)
  expect(lastSequenceOf({ baseSequence: 0x7ffffffe, lastOffsetDelta: 1 })).toBe(0x7fffffff)
  expect(lastSequenceOf({ baseSequence: 0x7ffffffe, lastOffsetDelta: 3 })).toBe(1)
  expect(lastSequenceOf({ baseSequence: -1, lastOffsetDelta: 3 })).toBe(-1)
  expect(lastOffsetOf({ baseOffset: 5, lastOffsetDelta: 1 })).toBe(6)
})
