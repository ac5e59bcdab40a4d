import { batchAttribute as attribute, type BatchHeader } from '@klamm/protocol/batch-header'
import { expect, test } from 'vitest'
import { type AppendContext, type AppendRules, validateAppend } from './append-validator.ts'

const now = 1_700_000_000_000

const header: BatchHeader = {
  baseOffset: 0,
  sizeInBytes: 200,
  batchLength: 188,
  crc: 0,
  partitionLeaderEpoch: -1,
  magic: 2,
  attributes: 0,
  lastOffsetDelta: 2,
  baseTimestamp: now,
  maxTimestamp: now,
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  recordCount: 3,
}

const idempotent = { producerId: 7, producerEpoch: 0, baseSequence: 0 }

const rules: AppendRules = {
  maxMessageBytes: 1000,
  messageTimestampType: 'CreateTime',
  messageTimestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  messageTimestampAfterMaxMs: 3_600_000,
  compressionType: 'producer',
  isCompacted: false,
}

function verdict(
  change: Partial<BatchHeader> = {},
  ruleChange: Partial<AppendRules> = {},
  contextChange: Partial<AppendContext> = {},
) {
  return validateAppend([{ ...header, ...change }], {
    rules: { ...rules, ...ruleChange },
    origin: 'client',
    logEndOffset: 100,
    wallMs: now,
    zstdIsAllowed: true,
    ...contextChange,
  })
}

test('a batch gets the next offsets and is stored as it came', () => {
  expect(verdict()).toEqual({
    kind: 'accepted',
    baseOffset: 100,
    lastOffset: 102,
    logAppendTimeMs: undefined,
    needsDeepInspection: undefined,
  })
  expect(verdict(idempotent).kind).toBe('accepted')
})

test('a partition of a request has exactly one batch', () => {
  const context: AppendContext = {
    rules,
    origin: 'client',
    logEndOffset: 0,
    wallMs: now,
    zstdIsAllowed: true,
  }
  expect(validateAppend([], context)).toMatchObject({ error: 'INVALID_RECORD' })
  expect(validateAppend([header, header], context)).toMatchObject({ error: 'INVALID_RECORD' })
})

test.each([
  ['an old format', { magic: 1 }, 'INVALID_RECORD'],
  ['no records', { recordCount: 0, lastOffsetDelta: -1 }, 'INVALID_RECORD'],
  ['a negative count', { recordCount: -1, lastOffsetDelta: -2 }, 'INVALID_RECORD'],
  ['offsets that do not match the count', { lastOffsetDelta: 3 }, 'INVALID_RECORD'],
  [
    'more records than its bytes can hold',
    { recordCount: 1000, lastOffsetDelta: 999 },
    'INVALID_RECORD',
  ],
  ['too many bytes', { sizeInBytes: 1001 }, 'MESSAGE_TOO_LARGE'],
  ['control records', { attributes: attribute.control }, 'INVALID_RECORD'],
  ['a delete horizon', { attributes: attribute.deleteHorizon }, 'INVALID_RECORD'],
  ['a transaction without a producer', { attributes: attribute.transactional }, 'INVALID_RECORD'],
  ['a producer id that does not exist', { producerId: -2 }, 'INVALID_RECORD'],
  ['no producer epoch', { ...idempotent, producerEpoch: -1 }, 'INVALID_RECORD'],
  ['no sequence', { ...idempotent, baseSequence: -1 }, 'INVALID_RECORD'],
  ['an unknown compression', { attributes: 5 }, 'UNSUPPORTED_COMPRESSION_TYPE'],
  [
    'the timestamp type of the broker',
    { attributes: attribute.logAppendTime },
    'INVALID_TIMESTAMP',
  ],
  ['a timestamp of the far future', { maxTimestamp: now + 3_600_001 }, 'INVALID_TIMESTAMP'],
] as const)('a client must not send %s', (_what, change, error) => {
  expect(verdict(change)).toMatchObject({ kind: 'rejected', error })
})

test('limits are inclusive', () => {
  expect(verdict({ sizeInBytes: 1000 }).kind).toBe('accepted')
  expect(verdict({ maxTimestamp: now + 3_600_000 }).kind).toBe('accepted')
})

test('a compressed batch may hold more records than bytes', () => {
  const compressed = { attributes: 4, recordCount: 1000, lastOffsetDelta: 999 }
  expect(verdict(compressed).kind).toBe('accepted')
})

test('zstd is for clients that know of it', () => {
  const error = 'UNSUPPORTED_COMPRESSION_TYPE'
  expect(verdict({ attributes: 4 }, {}, { zstdIsAllowed: false })).toMatchObject({ error })
})

test('a coordinator writes control batches, and transactional ones without sequences', () => {
  const origin = 'coordinator' as const
  expect(verdict({ attributes: attribute.control }, {}, { origin }).kind).toBe('accepted')
  const offsets = { ...idempotent, baseSequence: -1, attributes: attribute.transactional }
  expect(verdict(offsets, {}, { origin }).kind).toBe('accepted')
})

test('with LogAppendTime the broker says when, whatever the client did', () => {
  const change = { baseTimestamp: 5, maxTimestamp: now * 2 }
  expect(verdict(change, { messageTimestampType: 'LogAppendTime' })).toMatchObject({
    logAppendTimeMs: now,
    needsDeepInspection: undefined,
  })
})

test('records without timestamps are not too old', () => {
  const change = { baseTimestamp: -1, maxTimestamp: -1 }
  expect(verdict(change, { messageTimestampBeforeMaxMs: 1000 }).kind).toBe('accepted')
})

test('the oldest timestamp is in the records only, so they are looked at where it matters', () => {
  const bounded = { messageTimestampBeforeMaxMs: 1000 }
  expect(verdict({ baseTimestamp: now - 1001 }, bounded)).toMatchObject({
    error: 'INVALID_TIMESTAMP',
  })
  expect(verdict({}, bounded)).toMatchObject({
    needsDeepInspection: { keys: false, minTimestamp: now - 1000, recompressTo: undefined },
  })
})

test('in a compacted topic the keys are looked at', () => {
  expect(verdict({}, { isCompacted: true })).toMatchObject({
    needsDeepInspection: { keys: true, minTimestamp: undefined, recompressTo: undefined },
  })
})

test.each([
  ['producer', 4, undefined],
  ['zstd', 4, undefined],
  ['uncompressed', 0, undefined],
  ['uncompressed', 4, 'none'],
  ['lz4', 4, 'lz4'],
  ['gzip', 0, 'gzip'],
] as const)('compression.type=%s of a batch with codec %i', (compressionType, codec, wanted) => {
  const result = verdict({ attributes: codec }, { compressionType })
  expect(result).toMatchObject({
    needsDeepInspection: wanted === undefined ? undefined : { recompressTo: wanted },
  })
})
