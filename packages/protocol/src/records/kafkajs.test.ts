// KafkaJS has its own encoder and decoder of record batches: ours is read by theirs and theirs by
// ours. It leaves checksums unchecked and writes gzip by itself; the other codecs are handed to it.

import { createRequire } from 'node:module'
import { expect, test } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { type CompressionName, compressionNames, readBatchHeader } from './batch-header.ts'
import { readBatches, verifyCrc } from './batch-view.ts'
import { compress, decompress } from './compression.ts'
import { readRecords } from './record-iterator.ts'

interface TheirRecord {
  offset: string
  timestamp: string
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, Buffer>
}

interface TheirBatch {
  firstOffset: string
  maxTimestamp: string
  producerId: string
  producerEpoch: number
  firstSequence: number
  inTransaction: boolean
  records: TheirRecord[]
}

interface Encoder {
  buffer: Buffer
}

const require = createRequire(import.meta.url)
const theirs = (path: string) => require(`kafkajs/src/protocol/${path}`)
const decodeBatch: (decoder: unknown) => Promise<TheirBatch> = theirs('recordBatch/v0/decoder')
const { RecordBatch }: { RecordBatch: (batch: object) => Promise<Encoder> } =
  theirs('recordBatch/v0')
const encodeRecord: (record: object) => Encoder = theirs('recordBatch/record/v0')
const Decoder: new (bytes: Buffer) => unknown = theirs('decoder')
const { Codecs }: { Codecs: Record<number, unknown> } = theirs('message/compression')

for (const codec of ['snappy', 'lz4', 'zstd'] as const) {
  Codecs[compressionNames.indexOf(codec)] = () => ({
    compress: async (encoder: Encoder) => Buffer.from(compress(codec, encoder.buffer)),
    decompress: async (bytes: Buffer) => Buffer.from(decompress(codec, bytes, 1 << 20)),
  })
}

for (const compression of compressionNames) {
  test(`KafkaJS reads our ${compression} batches`, async () => {
    const builder = new BatchBuilder()
    builder.append({ key: Buffer.from('a'), value: Buffer.from('one'), timestamp: 1000 })
    builder.append({
      key: null,
      value: Buffer.from('two'),
      headers: [{ key: 'h', value: Buffer.from('x') }],
      timestamp: 990,
    })
    const batch = builder.build({
      compression,
      baseOffset: 500,
      producerId: 77,
      producerEpoch: 1,
      baseSequence: 12,
      isTransactional: true,
    })
    const decoded = await decodeBatch(new Decoder(Buffer.from(batch)))
    expect(decoded).toMatchObject({
      firstOffset: '500',
      maxTimestamp: '1000',
      producerId: '77',
      producerEpoch: 1,
      firstSequence: 12,
      inTransaction: true,
    })
    expect(decoded.records.map(({ offset, timestamp }) => [offset, timestamp])).toEqual([
      ['500', '1000'],
      ['501', '990'],
    ])
    expect(decoded.records.map(({ key, value }) => [key?.toString(), value?.toString()])).toEqual([
      ['a', 'one'],
      [undefined, 'two'],
    ])
    expect(decoded.records[1]?.headers).toEqual({ h: Buffer.from('x') })
  })

  test(`we read KafkaJS's ${compression} batches`, async () => {
    const batch = await theirBatch(compression)
    expect(readBatches(batch)).toHaveLength(1)
    expect(verifyCrc(batch)).toBe(true)
    expect(readBatchHeader(batch)).toMatchObject({ recordCount: 3, producerId: 9, baseSequence: 4 })
    const records = [...readRecords(batch)].map(({ offset, timestamp, key, value, headers }) => ({
      offset,
      timestamp,
      key: key && Buffer.from(key).toString(),
      value: value && Buffer.from(value).toString(),
      headers: headers.map(header => [header.key, Buffer.from(header.value ?? []).toString()]),
    }))
    expect(records).toEqual([
      { offset: 0, timestamp: 1000, key: 'k0', value: 'v0', headers: [['h', '0']] },
      { offset: 1, timestamp: 1003, key: 'k1', value: 'v1', headers: [['h', '1']] },
      { offset: 2, timestamp: 1006, key: 'k2', value: null, headers: [['h', '2']] },
    ])
  })
}

async function theirBatch(compression: CompressionName): Promise<Buffer> {
  const records = [0, 1, 2].map(i =>
    encodeRecord({
      offsetDelta: i,
      timestampDelta: 3 * i,
      key: `k${i}`,
      value: i === 2 ? null : `v${i}`,
      headers: { h: `${i}` },
    }),
  )
  const encoder = await RecordBatch({
    compression: compressionNames.indexOf(compression),
    firstTimestamp: 1000,
    maxTimestamp: 1006,
    lastOffsetDelta: 2,
    producerId: 9,
    producerEpoch: 0,
    firstSequence: 4,
    records,
  })
  return encoder.buffer
}
