import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { Appended } from './appended.ts'
import { BatchIndex } from './batch-index.ts'
import { LogState } from './log-state.ts'
import type { StoredBatchHeader } from './store-api.ts'

test('rows keep their numbers over several chunks, and the front can go', () => {
  const index = filled(5000)
  expect([index.first, index.end]).toEqual([0, 5000])
  for (const n of [0, 15, 16, 127, 128, 1023, 1024, 4999]) expect(index.baseOffset(n)).toBe(n * 2)
  index.removeBefore(3000)
  expect([index.first, index.end]).toEqual([3000, 5000])
  expect(index.baseOffset(3000)).toBe(6000)
  expect(() => index.baseOffset(2000)).toThrow('a row is in the index')
  index.removeBefore(5000)
  add(index, 5000)
  expect(index.baseOffset(5000)).toBe(10_000)
})

test('the end can go, and its numbers are used again', () => {
  const index = filled(3000)
  const appended = index.appended(2500)
  index.removeFrom(2047)
  expect(index.end).toBe(2047)
  for (let n = 2047; n < 2600; n++) add(index, n, { maxTimestamp: 7 })
  expect(index.maxTimestamp(2500)).toBe(7)
  // What was there before leaves memory without taking along what is there now.
  if (appended !== undefined) index.forget(2500, appended)
  expect(index.appended(2500)).toBeDefined()
  index.removeFrom(0)
  expect(index.end).toBe(0)
})

test('the batch that holds an offset is found at both of its ends', () => {
  const index = filled(3000)
  for (const n of [0, 1, 1023, 1024, 2999]) {
    expect(index.holding(n * 2)).toBe(n)
    expect(index.holding(n * 2 + 1)).toBe(n)
  }
  expect(index.holding(6000)).toBe(3000)
  index.removeBefore(1500)
  expect(index.holding(0)).toBe(1500)
})

test('the first batch with a timestamp is found past chunks that are all older', () => {
  const index = new BatchIndex()
  for (let n = 0; n < 4000; n++) add(index, n, { maxTimestamp: n === 3500 ? 10_000 : n % 100 })
  expect(index.firstAtOrAfterTimestamp(0, 99)).toBe(99)
  expect(index.firstAtOrAfterTimestamp(100, 99)).toBe(199)
  expect(index.firstAtOrAfterTimestamp(0, 100)).toBe(3500)
  expect(index.firstAtOrAfterTimestamp(3501, 100)).toBe(4000)
  index.removeFrom(3500)
  expect(index.firstAtOrAfterTimestamp(0, 100)).toBe(3500)
  expect(index.end).toBe(3500)
})

test('the greatest timestamp is found as by looking at every batch', () => {
  const random = seededRandom('timestamps')
  for (let round = 0; round < 20; round++) {
    const index = new BatchIndex()
    const timestamps = Array.from({ length: 2500 }, () => random.below(10 ** (1 + (round % 4))))
    for (const [n, maxTimestamp] of timestamps.entries()) add(index, n, { maxTimestamp })
    const [from, end] = [random.below(2500), random.below(5001)]
    const among = timestamps.slice(from, Math.max(from, Math.ceil(end / 2)))
    const expected = among.length === 0 ? undefined : from + among.indexOf(Math.max(...among))
    expect(index.ofMaxTimestamp(from, end), `round ${round}`).toBe(expected)
  }
})

test('epochs are found by their end', () => {
  const index = new BatchIndex()
  for (let n = 0; n < 3000; n++) add(index, n, { partitionLeaderEpoch: Math.floor(n / 1000) * 5 })
  expect(index.firstAboveEpoch(0, -1)).toBe(0)
  expect(index.firstAboveEpoch(0, 0)).toBe(1000)
  expect(index.firstAboveEpoch(0, 7)).toBe(2000)
  expect(index.firstAboveEpoch(0, 10)).toBe(3000)
  expect(index.firstAboveEpoch(1500, 0)).toBe(1500)
})

/** Batches of two offsets each. */
function filled(count: number): BatchIndex {
  const index = new BatchIndex()
  for (let n = 0; n < count; n++) add(index, n)
  return index
}

function add(index: BatchIndex, n: number, fields: Partial<StoredBatchHeader> = {}): void {
  const header = {
    baseOffset: n * 2,
    partitionLeaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: 1,
    maxTimestamp: n,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 2,
    crc: 0,
    sizeInBytes: 61,
    ...fields,
  }
  const appended = new Appended(state, n, n * 2 + 2, new Uint8Array(61))
  expect(index.append(header, appended)).toBe(n)
}

const state = new LogState(1, 'log-0', 0, () => {})
