import { concatBytes, fromHex } from '@klamm/base'
import { expect, test } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { batchField, batchHeaderBytes, readBatchHeader } from './batch-header.ts'
import { stampLogAppendTime } from './batch-view.ts'
import { firstRecordAtOrAfter, openRecords, readRecords } from './record-iterator.ts'
import { errorNameOf } from './testing/error-name.ts'
import { twoRecords } from './testing/golden.ts'

test('the records of a batch written by hand', () => {
  const text = (value: string) => new TextEncoder().encode(value)
  expect([...readRecords(twoRecords)]).toEqual([
    { offset: 5, timestamp: 1000, key: text('a'), value: text('one'), headers: [] },
    {
      offset: 6,
      timestamp: 1005,
      key: null,
      value: text('two'),
      headers: [{ key: 'h', value: text('x') }],
    },
  ])
})

test('keys and values are views of the batch', () => {
  const [first] = readRecords(twoRecords)
  expect(first?.value?.buffer).toBe(twoRecords.buffer)
})

test('records are opened one at a time: a bad one does not take away those before it', () => {
  const batch = twoRecords.slice()
  batch[batchHeaderBytes + 11] = 0x1c
  const records = readRecords(batch)
  expect(records.next().value?.offset).toBe(5)
  expect(errorNameOf(() => records.next())).toBe('INVALID_RECORD')
})

/** A batch with the given records, whose header says how many there should be. */
function batchOf(recordCount: number, ...records: string[]): Uint8Array {
  const bytes = concatBytes([twoRecords.subarray(0, batchHeaderBytes), fromHex(records.join(''))])
  const view = new DataView(bytes.buffer)
  view.setInt32(batchField.batchLength, bytes.length - 12)
  view.setInt32(batchField.recordCount, recordCount)
  return bytes
}

const lies = [
  { lie: 'a record too few', batch: batchOf(1, '0c000000010100', '0c000002010100') },
  { lie: 'a record too many', batch: batchOf(2, '0c000000010100') },
  { lie: 'more records than bytes', batch: batchOf(0x7fffffff, '0c000000010100') },
  { lie: 'a negative record count', batch: batchOf(-1, '0c000000010100') },
  { lie: 'a negative record length', batch: batchOf(1, '0b000000010100') },
  { lie: 'a record longer than the batch', batch: batchOf(1, '0e000000010100') },
  { lie: 'a record shorter than its fields', batch: batchOf(1, '0a0000000101' + '0000') },
  { lie: 'a record longer than its fields', batch: batchOf(1, '0e00000001010000') },
  {
    lie: 'a record that holds the next one',
    batch: batchOf(2, '1a000000010100', '0c000000010100'),
  },
  { lie: 'a key length below null', batch: batchOf(1, '0c000000030100') },
  { lie: 'a value length below null', batch: batchOf(1, '0c000000010300') },
  { lie: 'a key beyond the record', batch: batchOf(1, '0c0000000a0100', '0c000000010100') },
  { lie: 'a negative header count', batch: batchOf(1, '0c000000010101') },
  { lie: 'more headers than bytes', batch: batchOf(1, '0e00000001010400') },
  { lie: 'a header without a key', batch: batchOf(1, '10000000010102' + '0101') },
  { lie: 'a header value below null', batch: batchOf(1, '10000000010102' + '0003') },
  { lie: 'a header key beyond the record', batch: batchOf(1, '10000000010102' + '0800') },
  { lie: 'a varint of six bytes', batch: batchOf(1, '8c8080808000' + '000000010100') },
  { lie: 'a varint beyond 32 bits', batch: batchOf(1, '140000' + 'ffffffff1f' + '010100') },
  {
    lie: 'a varlong of eleven bytes',
    batch: batchOf(1, `2000${'80'.repeat(10)}0000010100`),
  },
  {
    lie: 'a timestamp beyond exact numbers',
    batch: batchOf(1, `1c00${'ff'.repeat(8)}0100010100`),
  },
  {
    lie: 'a timestamp just beyond exact numbers',
    batch: batchOf(1, '1a00', '8280808080808010', '00010100'),
  },
]
for (const { lie, batch } of lies) {
  test(`${lie} is an invalid record`, () => {
    expect(errorNameOf(() => [...readRecords(batch)])).toBe('INVALID_RECORD')
  })
}

test('the lies above differ from this truth', () => {
  expect([...readRecords(batchOf(1, '0c000000010100'))]).toHaveLength(1)
  // A longer encoding of a number than needed is allowed, as in Kafka.
  expect([...readRecords(batchOf(1, '8c00' + '000000010100'))]).toHaveLength(1)
  expect([...readRecords(batchOf(1, '10000000010102' + '0001'))][0]?.headers).toEqual([
    { key: '', value: null },
  ])
})

test('a batch emptied by compaction has no records', () => {
  expect([...readRecords(batchOf(0))]).toEqual([])
  const gzipped = batchOf(0)
  gzipped[batchField.attributes + 1] = 1
  expect([...readRecords(gzipped)]).toEqual([])
})

test('offsets with gaps, as compaction leaves them, are kept', () => {
  const batch = batchOf(2, '0c000004010100', '0c00000e010100')
  expect([...readRecords(batch)].map(({ offset }) => offset)).toEqual([7, 12])
})

test('a codec that does not exist is told apart from bad bytes', () => {
  const batch = twoRecords.slice()
  batch[batchField.attributes + 1] = 5
  expect(errorNameOf(() => openRecords(batch, readBatchHeader(batch)))).toBe(
    'UNSUPPORTED_COMPRESSION_TYPE',
  )
})

test('the first record not before a time is found, also when times go up and down', () => {
  const builder = new BatchBuilder()
  for (const timestamp of [10, 30, 20, 40, 40]) {
    builder.append({ key: null, value: null, timestamp })
  }
  const batch = builder.build({ compression: 'lz4', baseOffset: 100 })
  expect(firstRecordAtOrAfter(batch, 0)).toEqual({ offset: 100, timestamp: 10 })
  expect(firstRecordAtOrAfter(batch, 11)).toEqual({ offset: 101, timestamp: 30 })
  expect(firstRecordAtOrAfter(batch, 31)).toEqual({ offset: 103, timestamp: 40 })
  expect(firstRecordAtOrAfter(batch, 40)).toEqual({ offset: 103, timestamp: 40 })
  expect(firstRecordAtOrAfter(batch, 41)).toBeUndefined()
})

test('with LogAppendTime the first record has the time of all', () => {
  const batch = twoRecords.slice()
  stampLogAppendTime(batch, 9000)
  expect(firstRecordAtOrAfter(batch, 1003)).toEqual({ offset: 5, timestamp: 9000 })
  expect(firstRecordAtOrAfter(batch, 9001)).toBeUndefined()
})
