// Any bytes are batches or a RecordsError. Valid batches are changed in the ways that break
// readers: lengths, counts, varints, bits; the checksum is made right again, as an attacker would.

import { type Random, seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { BatchBuilder } from './batch-builder.ts'
import { batchField, batchHeaderBytes, compressionNames } from './batch-header.ts'
import { readBatches, readWholeBatches, sealCrc, verifyCrc } from './batch-view.ts'
import { readMarker } from './control-records.ts'
import { firstRecordAtOrAfter, readRecords } from './record-iterator.ts'
import { RecordsError } from './records-error.ts'
import { validateRecords } from './validate.ts'

const maxOpenedBytes = 20_000

interface Tally {
  valid: number
  refused: number
  unchanged: number
}

for (const compression of compressionNames) {
  test(`changed ${compression} batches are read or refused`, () => {
    const random = seededRandom(`fuzz ${compression}`)
    const tally: Tally = { valid: 0, refused: 0, unchanged: 0 }
    for (let round = 0; round < 1500; round++) {
      const batch = changed(validBatch(random, compression), random)
      consume(batch, tally)
    }
    // Neither everything passes nor everything stops at the first check.
    expect(tally.valid).toBeGreaterThan(50)
    expect(tally.refused).toBeGreaterThan(200)
  })
}

test('random bytes are read or refused', () => {
  const random = seededRandom('noise')
  const tally: Tally = { valid: 0, refused: 0, unchanged: 0 }
  for (let round = 0; round < 3000; round++) {
    const bytes = random.bytes(random.below(200))
    if (bytes.length > batchField.magic && random.chance(0.9)) bytes[batchField.magic] = 2
    consume(bytes, tally)
  }
  expect(tally.refused).toBeGreaterThan(1000)
})

/** Everything that reads batches, on bytes of unknown worth. */
function consume(bytes: Uint8Array, tally: Tally): void {
  try {
    readWholeBatches(bytes)
    for (const header of readBatches(bytes)) {
      verifyCrc(bytes)
      const batch = bytes.subarray(0, header.sizeInBytes)
      for (const record of readRecords(batch, header, maxOpenedBytes)) {
        const size = (record.key?.length ?? 0) + (record.value?.length ?? 0)
        expect(size).toBeLessThanOrEqual(maxOpenedBytes)
      }
      firstRecordAtOrAfter(batch, header.maxTimestamp, maxOpenedBytes)
      validateRecords(batch, header, { needsKeys: true, maxOpenedBytes })
      if (header.recordCount > 0) readMarker(batch, header)
    }
    tally.valid += 1
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error
    tally.refused += 1
  }
}

function validBatch(random: Random, compression: (typeof compressionNames)[number]): Uint8Array {
  const builder = new BatchBuilder()
  for (let i = random.below(20); i >= 0; i--) {
    builder.append({
      // Four bytes: also a control record of some kind.
      key: random.chance(0.9) ? Uint8Array.of(0, 0, 0, random.below(4)) : null,
      value: random.chance(0.9) ? new Uint8Array(6 + random.below(60)) : null,
      headers: random.chance(0.3) ? [{ key: 'h', value: random.bytes(3) }] : [],
      timestamp: 1_700_000_000_000 + random.below(10_000),
    })
  }
  return builder.build({ compression })
}

const int32Fields = ['batchLength', 'lastOffsetDelta', 'baseSequence', 'recordCount'] as const
const edges = [-1, 0, 1, 2, 48, 49, 0x7fff, 0x7fffffff, -0x80000000]

function changed(original: Uint8Array, random: Random): Uint8Array {
  const batch = original.slice(0, random.chance(0.1) ? random.below(original.length) : undefined)
  if (batch.length < batchHeaderBytes) return batch
  const view = new DataView(batch.buffer)
  const kind = random.below(5)
  if (kind === 0) {
    view.setInt32(batchField[random.pick(int32Fields)], random.pick(edges))
  } else if (kind === 1) {
    view.setInt16(batchField.attributes, random.below(0x80))
  } else if (kind === 2) {
    batch[random.below(batch.length)] = random.below(256)
  } else if (batch.length > batchHeaderBytes) {
    // The records, near their beginning more often: lengths, varints, headers of codecs.
    const room = batch.length - batchHeaderBytes
    const within = random.chance(0.5) ? Math.min(room, 24) : room
    for (let i = random.below(3); i >= 0; i--) {
      const byte = random.pick([0x00, 0x01, 0x7f, 0x80, 0xff, random.below(256)])
      batch[batchHeaderBytes + random.below(within)] = byte
    }
  }
  if (view.getInt32(batchField.batchLength) === batch.length - 12) sealCrc(batch)
  return batch
}
