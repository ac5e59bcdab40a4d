import { InvariantError } from '@klamm/base'
import { expect, test } from 'vitest'
import { checkLogOffsets, checkWatermarks } from './watermarks.ts'

const watermarks = {
  logStartOffset: 1,
  lastStableOffset: 2,
  highWatermark: 3,
  durableEndOffset: 4,
  logEndOffset: 5,
}

test('watermarks in their order pass, also when they are equal', () => {
  checkWatermarks(watermarks)
  checkWatermarks({
    logStartOffset: 3,
    lastStableOffset: 3,
    highWatermark: 3,
    durableEndOffset: 3,
    logEndOffset: 3,
  })
})

test.each([
  { logStartOffset: -1 },
  { logStartOffset: 4 },
  { lastStableOffset: 0 },
  { lastStableOffset: 4 },
  { highWatermark: 5 },
  { durableEndOffset: 6 },
])('watermarks out of order are a bug: %j', wrong => {
  expect(() => checkWatermarks({ ...watermarks, ...wrong })).toThrow(InvariantError)
})

test('a log without a last stable offset is checked as well', () => {
  expect(() => checkLogOffsets({ ...watermarks, highWatermark: 0 })).toThrow(InvariantError)
})
