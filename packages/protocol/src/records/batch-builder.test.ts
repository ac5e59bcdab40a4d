import { concatBytes, seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { BatchBuilder, type NewRecord, recompressBatch } from './batch-builder.ts'
import { compressionNames, compressionOf, readBatchHeader } from './batch-header.ts'
import { patchBatchStart, readBatches, verifyCrc } from './batch-view.ts'
import { readRecords } from './record-iterator.ts'
import { twoRecords } from './testing/golden.ts'

const text = (value: string) => new TextEncoder().encode(value)

test('records appended give the bytes of the format', () => {
  const builder = new BatchBuilder({ initialBytes: 1 })
  builder.append({ key: text('a'), value: text('one'), timestamp: 1000 })
  const headers = [{ key: 'h', value: text('x') }]
  builder.append({ key: null, value: text('two'), headers, timestamp: 1005 })
  expect(builder.recordCount).toBe(2)
  const batch = builder.build({ baseOffset: 5, partitionLeaderEpoch: 3 })
  expect(Uint8Array.from(batch)).toEqual(twoRecords)
})

test('what a producer says about itself is in the header', () => {
  const builder = new BatchBuilder()
  builder.append({ key: null, value: null, timestamp: -1 })
  const batch = builder.build({
    producerId: 2 ** 40,
    producerEpoch: 3,
    baseSequence: 0x7fffffff,
    isTransactional: true,
  })
  expect(readBatchHeader(batch)).toMatchObject({
    baseOffset: 0,
    partitionLeaderEpoch: -1,
    attributes: 0x10,
    producerId: 2 ** 40,
    producerEpoch: 3,
    baseSequence: 0x7fffffff,
    baseTimestamp: -1,
    maxTimestamp: -1,
  })
})

test('timestamps may go down and far apart', () => {
  const timestamps = [1_700_000_000_000, 1_699_999_999_999, 0, 2 ** 45, -1]
  const builder = new BatchBuilder()
  for (const timestamp of timestamps) builder.append({ key: null, value: null, timestamp })
  expect(builder.maxTimestamp).toBe(2 ** 45)
  const batch = builder.build()
  expect([...readRecords(batch)].map(({ timestamp }) => timestamp)).toEqual(timestamps)
})

for (const compression of compressionNames) {
  test(`random records come back from a ${compression} batch, in order`, () => {
    const random = seededRandom(`records ${compression}`)
    for (let round = 0; round < 20; round++) {
      const records = Array.from({ length: 1 + random.below(200) }, () => randomRecord(random))
      const builder = new BatchBuilder({ initialBytes: 1 + random.below(300) })
      for (const record of records) {
        const expected = builder.sizeInBytes + builder.sizeOf(record)
        builder.append(record)
        expect(builder.sizeInBytes).toBe(expected)
      }
      const batch = builder.build({ compression, baseOffset: 1000 })
      expect(verifyCrc(batch)).toBe(true)
      const [header] = readBatches(batch)
      expect(header && compressionOf(header)).toBe(compression)
      const stored = [...readRecords(batch)]
      expect(stored.map(plain)).toEqual(records.map(plain))
      expect(stored.map(({ offset }) => offset)).toEqual(records.map((_, i) => 1000 + i))
    }
  })
}

test('a batch of one record beyond the block is whole', () => {
  const value = seededRandom('large').bytes(100_000)
  const builder = new BatchBuilder({ initialBytes: 1 })
  builder.append({ key: null, value, timestamp: 5 })
  expect([...readRecords(builder.build())][0]?.value).toEqual(value)
})

test('recompressing changes the codec, the size and the checksum, nothing else', () => {
  const original = twoRecords.slice()
  const header = patchBatchStart(original, 99, 8)
  let batch: Uint8Array = original
  for (const compression of [...compressionNames, 'none'] as const) {
    batch = recompressBatch(batch, readBatchHeader(batch), compression)
    expect(verifyCrc(batch)).toBe(true)
    const { crc, attributes, batchLength, sizeInBytes, ...others } = readBatchHeader(batch)
    expect(header).toMatchObject(others)
    expect(compressionOf({ attributes })).toBe(compression)
    expect(sizeInBytes).toBe(batch.length)
  }
  expect(Uint8Array.from(batch)).toEqual(original)
})

test('recompressing keeps the bits that are not about compression', () => {
  const builder = new BatchBuilder()
  builder.append({ key: null, value: null, timestamp: 1 })
  const batch = builder.build({ isTransactional: true, producerId: 1, producerEpoch: 0 })
  const gzipped = recompressBatch(batch, readBatchHeader(batch), 'gzip')
  expect(readBatchHeader(gzipped).attributes).toBe(0x11)
})

test('batches built one after the other do not share memory', () => {
  const batches = [1, 2, 3].map(timestamp => {
    const builder = new BatchBuilder({ initialBytes: 64 })
    builder.append({ key: null, value: null, timestamp })
    return builder.build()
  })
  const timestamps = readBatches(concatBytes(batches)).map(({ maxTimestamp }) => maxTimestamp)
  expect(timestamps).toEqual([1, 2, 3])
})

function randomRecord(random: ReturnType<typeof seededRandom>): NewRecord {
  const bytes = () => (random.chance(0.2) ? null : random.bytes(random.below(300)))
  const headers = Array.from({ length: random.below(4) }, () => ({
    key: random.pick(['', 'h', 'ключ', 'x'.repeat(200)]),
    value: bytes(),
  }))
  return {
    key: bytes(),
    value: bytes(),
    headers,
    timestamp: 1_700_000_000_000 + random.below(9999),
  }
}

function plain({ key, value, headers, timestamp }: NewRecord): unknown {
  return { key, value, headers, timestamp }
}
