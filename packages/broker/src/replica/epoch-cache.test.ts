import { InvariantError } from '@klamm/base'
import { type Choices, exhaustive } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { EpochCache, epochCacheOf } from './epoch-cache.ts'

/** Epochs of the records of a log, one record per batch: never falling, from 0 to 3. */
function someLog(choices: Choices, maxLength: number): number[] {
  const length = choices.choose(maxLength + 1)
  const log: number[] = []
  for (let offset = 0; offset < length; offset++) {
    const from = log.at(-1) ?? 0
    log.push(from + choices.choose(4 - from))
  }
  return log
}

function cacheOf(log: readonly number[], logStartOffset = 0): EpochCache {
  const batches = log.map((partitionLeaderEpoch, baseOffset) => ({
    baseOffset,
    partitionLeaderEpoch,
  }))
  return epochCacheOf(batches.slice(logStartOffset), logStartOffset)
}

test('a cache that was cut at either end is the one of the log that is left', () => {
  const cases = exhaustive(choices => {
    const log = someLog(choices, 5)
    const cache = new EpochCache()
    log.forEach((epoch, offset) => {
      cache.assign(epoch, offset)
    })
    const end = choices.choose(log.length + 1)
    const start = choices.choose(end + 1)
    cache.truncateFromEnd(end)
    cache.truncateFromStart(start, end)
    expect(cache.entries).toEqual(cacheOf(log.slice(0, end), start).entries)
    expect(cache.equals(cacheOf(log.slice(0, end), start))).toBe(true)
    if (start > 0) expect(cache.epochBeforeStart).toBe(log[start - 1])
  })
  expect(cases).toBeGreaterThan(1000)
})

test('an epoch ends where the first record of a greater one is', () => {
  exhaustive(choices => {
    const log = someLog(choices, 5)
    const cache = cacheOf(log)
    const epoch = choices.choose(5)
    const end = cache.endOffsetFor(epoch, log.length)
    const greater = log.findIndex(each => each > epoch)
    const floor = log.filter(each => each <= epoch).at(-1)
    if (greater < 0 && floor !== epoch) expect(end).toBeUndefined()
    else {
      const endOffset = greater < 0 ? log.length : greater
      expect(end).toEqual({ leaderEpoch: floor ?? epoch, endOffset })
    }
  })
})

test('the epoch of a record is that of the last entry at or before it', () => {
  exhaustive(choices => {
    const log = someLog(choices, 4)
    const cache = cacheOf(log)
    log.forEach((epoch, offset) => {
      expect(cache.epochAt(offset)).toBe(epoch)
    })
    expect(cache.latestEpoch).toBe(log.at(-1))
  })
})

test('a batch that begins before the log tells the epoch before the start', () => {
  const batches = [
    { baseOffset: 3, partitionLeaderEpoch: 1 },
    { baseOffset: 7, partitionLeaderEpoch: 2 },
  ]
  const cache = epochCacheOf(batches, 5)
  expect(cache.entries).toEqual([
    { epoch: 1, startOffset: 5 },
    { epoch: 2, startOffset: 7 },
  ])
  expect(cache.epochBeforeStart).toBe(1)
})

test('deleting records that are gone already changes nothing', () => {
  const cache = cacheOf([0, 1, 1], 1)
  cache.truncateFromStart(1, 3)
  expect(cache.entries).toEqual([{ epoch: 1, startOffset: 1 }])
})

test('a log that starts anew remembers nothing', () => {
  const cache = cacheOf([0, 1, 1])
  cache.truncateFromStart(2, 3)
  expect(cache.epochBeforeStart).toBe(1)
  cache.clear()
  expect(cache.entries).toEqual([])
  expect(cache.epochBeforeStart).toBeUndefined()
})

test('a falling epoch is a bug, not something to store', () => {
  const cache = cacheOf([0, 2])
  expect(() => cache.assign(1, 2)).toThrow(InvariantError)
  expect(() => cache.assign(3, 1)).toThrow(InvariantError)
})
