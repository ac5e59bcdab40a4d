// Record batches: what a broker does to one (header, checksum, offset) against what it avoids
// (opening it), and what a client pays to build and to read one with each codec.

import { seededRandom } from '@klamm/base'
import {
  BatchBuilder,
  type CompressionName,
  compressionNames,
  type NewRecord,
  openRecords,
  patchBatchStart,
  readBatches,
  readBatchHeader,
  readRecords,
  verifyCrc,
} from '@klamm/protocol'
import type { Comparison } from './compare.ts'

const random = seededRandom('batches')
const words = Array.from({ length: 64 }, () => random.bytes(8))

/** 100 records of about 100 bytes that compress as text does. */
const records: readonly NewRecord[] = Array.from({ length: 100 }, (_, index) => {
  const value = new Uint8Array(96)
  for (let at = 0; at < value.length; at += 8) value.set(random.pick(words), at)
  return { key: random.bytes(4), value, timestamp: 1_700_000_000_000 + index }
})

export function comparisons(): Comparison[] {
  return [brokerPath(), building(), reading()]
}

function build(compression: CompressionName): Uint8Array {
  const builder = new BatchBuilder({ initialBytes: 16 * 1024 })
  for (const record of records) builder.append(record)
  return builder.build({ compression })
}

function brokerPath(): Comparison {
  const batch = build('none')
  return {
    name: 'a produced batch of 100 records',
    variants: [
      {
        name: 'check and stamp it, as the broker does',
        run: () => {
          readBatches(batch)
          verifyCrc(batch)
          patchBatchStart(batch, 1_000_000, 3)
        },
      },
      { name: 'its checksum alone', run: () => verifyCrc(batch) },
      { name: 'walk its records', run: () => countRecords(batch) },
      { name: 'read its records', run: () => [...readRecords(batch)] },
    ],
  }
}

function building(): Comparison {
  return {
    name: 'build a batch of 100 records',
    variants: compressionNames.map(name => ({ name, run: () => build(name) })),
  }
}

function reading(): Comparison {
  return {
    name: 'read a batch of 100 records',
    variants: compressionNames.map(name => {
      const batch = build(name)
      return { name, run: () => [...readRecords(batch)] }
    }),
  }
}

function countRecords(batch: Uint8Array): number {
  const cursor = openRecords(batch, readBatchHeader(batch))
  let count = 0
  while (cursor.next()) count += 1
  return count
}
