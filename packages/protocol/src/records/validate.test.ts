import { fromHex } from '@klamm/base'
import { expect, test } from 'vitest'
import { BatchBuilder, type NewRecord } from './batch-builder.ts'
import { batchField, batchHeaderBytes, readBatchHeader } from './batch-header.ts'
import { maxRecordErrors } from './limits.ts'
import { errorNameOf } from './testing/error-name.ts'
import { twoRecords } from './testing/golden.ts'
import { type RecordRules, validateRecords } from './validate.ts'

function batchOf(records: readonly Partial<NewRecord>[], compression?: 'gzip'): Uint8Array {
  const builder = new BatchBuilder()
  for (const record of records) {
    builder.append({ key: fromHex('61'), value: null, timestamp: 1000, ...record })
  }
  return builder.build({ compression })
}

function validate(batch: Uint8Array, rules: Partial<RecordRules> = {}) {
  return validateRecords(batch, readBatchHeader(batch), { needsKeys: false, ...rules })
}

test('good records are valid, and tell their latest timestamp', () => {
  const batch = batchOf([{ timestamp: 5 }, { timestamp: 9 }, { timestamp: 7 }], 'gzip')
  expect(validate(batch, { needsKeys: true })).toEqual({ kind: 'valid', maxTimestamp: 9 })
})

test('on a compacted topic every record without a key is named', () => {
  const batch = batchOf([{}, { key: null }, {}, { key: null }])
  expect(validate(batch, { needsKeys: true })).toMatchObject({
    kind: 'invalid',
    error: 'INVALID_RECORD',
    recordErrors: [{ batchIndex: 1 }, { batchIndex: 3 }],
  })
  expect(validate(batch).kind).toBe('valid')
})

test('an empty key is a key', () => {
  expect(validate(batchOf([{ key: new Uint8Array(0) }]), { needsKeys: true }).kind).toBe('valid')
})

test('timestamps out of range are named; none at all is always in range', () => {
  const batch = batchOf([10, 11, 20, 21, -1].map(timestamp => ({ timestamp })))
  expect(validate(batch, { minTimestamp: 11, maxTimestamp: 20 })).toMatchObject({
    kind: 'invalid',
    error: 'INVALID_TIMESTAMP',
    recordErrors: [{ batchIndex: 0 }, { batchIndex: 3 }],
  })
  expect(validate(batch, { minTimestamp: 10, maxTimestamp: 21 }).kind).toBe('valid')
})

test('offset deltas other than 0, 1, 2 are named', () => {
  const batch = twoRecords.slice()
  // The second record's delta, from 1 to 0.
  batch[batchHeaderBytes + 11 + 3] = 0
  expect(validate(batch)).toMatchObject({
    error: 'INVALID_RECORD',
    recordErrors: [{ batchIndex: 1 }],
  })
})

test('a last offset delta that does not fit the count is refused as a whole', () => {
  const batch = twoRecords.slice()
  batch[batchField.lastOffsetDelta + 3] = 2
  expect(errorNameOf(() => validate(batch))).toBe('INVALID_RECORD')
})

test('records that pass the bound when opened are too large', () => {
  const batch = batchOf([{ value: new Uint8Array(100_000) }], 'gzip')
  expect(errorNameOf(() => validate(batch, { maxOpenedBytes: 50_000 }))).toBe('MESSAGE_TOO_LARGE')
})

test('a bound number of errors is told, but all records are looked at', () => {
  const records: Partial<NewRecord>[] = Array.from({ length: maxRecordErrors + 5 }, () => ({
    key: null,
  }))
  const verdict = validate(batchOf([...records, { timestamp: 5 }]), {
    needsKeys: true,
    minTimestamp: 6,
  })
  expect(verdict).toMatchObject({ kind: 'invalid', error: 'INVALID_TIMESTAMP' })
  if (verdict.kind === 'invalid') expect(verdict.recordErrors).toHaveLength(maxRecordErrors)
})
