import { type Choices, exhaustive } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { EpochCache, type EpochEnd, epochCacheOf } from './epoch-cache.ts'
import { divergence, epochEndOnLeader, type LeaderLog, truncationOffset } from './truncation.ts'

/** Epochs of the records, one per offset. */
type Log = readonly number[]

const maxEpoch = 3

function someLog(choices: Choices, maxLength: number): Log {
  const length = choices.choose(maxLength + 1)
  const log: number[] = []
  for (let offset = 0; offset < length; offset++) {
    const from = log.at(-1) ?? 0
    log.push(from + choices.choose(maxEpoch + 1 - from))
  }
  return log
}

/**
 * One leader writes in an epoch, so two logs that both have records of it have the same ones
 * before.
 */
function couldExist(a: Log, b: Log): boolean {
  const common = commonLength(a, b)
  return a.every(epoch => {
    const first = a.indexOf(epoch)
    return !b.includes(epoch) || (b.indexOf(epoch) === first && first < common)
  })
}

function commonLength(a: Log, b: Log): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length += 1
  return length
}

function cacheOf(log: Log, logStartOffset = 0): EpochCache {
  const batches = log.map((partitionLeaderEpoch, baseOffset) => ({
    baseOffset,
    partitionLeaderEpoch,
  }))
  return epochCacheOf(batches.slice(logStartOffset), logStartOffset)
}

/** The follower cuts until the leader has nothing against it; undefined: it cannot tell. */
function settle(leader: LeaderLog, follower: Log): Log | undefined {
  let log = follower
  for (let round = 0; round <= follower.length; round++) {
    const answer = divergence(leader, log.at(-1) ?? -1, log.length)
    if (answer === undefined) return log
    if (answer === 'unknown') return undefined
    const offset = truncationOffset(cacheOf(log), log.length, answer)
    expect(offset).toBeLessThan(log.length)
    log = log.slice(0, offset)
  }
  throw new Error('the follower never settles')
}

test('a follower ends with what its log has in common with the leader', () => {
  let differing = 0
  exhaustive(choices => {
    const leader = someLog(choices, 4)
    const follower = someLog(choices, 4)
    if (!couldExist(leader, follower)) return
    const common = commonLength(leader, follower)
    const leaderEpoch = maxEpoch + choices.choose(2)
    // Records of the leader's own epoch come from it.
    if (follower.at(-1) === leaderEpoch && common < follower.length) return
    if (common < follower.length) differing += 1
    const log = { epochs: cacheOf(leader), leaderEpoch, logEndOffset: leader.length }
    // Who cannot be compared begins with an empty log.
    expect(settle(log, follower) ?? []).toEqual(follower.slice(0, common))
  })
  expect(differing).toBeGreaterThan(100)
})

test('no agreement where the leader has deleted what it would have to compare with', () => {
  exhaustive(choices => {
    const leader = someLog(choices, 4)
    const follower = someLog(choices, 4)
    const start = choices.choose(leader.length + 1)
    // Below the start the leader refuses the fetch before it compares anything.
    if (!couldExist(leader, follower) || follower.length < start) return
    const epochs = cacheOf(leader)
    epochs.truncateFromStart(start, leader.length)
    // As after a restart, when it is not known any more.
    const isForgotten = choices.boolean()
    const known = isForgotten ? new EpochCache(epochs.entries) : epochs
    const log = { epochs: known, leaderEpoch: maxEpoch + 1, logEndOffset: leader.length }
    const settled = settle(log, follower)
    if (settled === undefined || settled.length < start) return
    expect(leader.slice(0, settled.length)).toEqual(settled)
  })
})

test('a follower that ends where the leader begins is recognized by its last epoch', () => {
  const epochs = cacheOf([0, 0, 1, 2])
  epochs.truncateFromStart(2, 4)
  const log = { epochs, leaderEpoch: 2, logEndOffset: 4 }
  expect(divergence(log, 0, 2)).toBeUndefined()
  const empty = cacheOf([0, 0, 1, 2])
  empty.truncateFromStart(4, 4)
  expect(divergence({ epochs: empty, leaderEpoch: 5, logEndOffset: 4 }, 2, 4)).toBeUndefined()
  expect(divergence({ epochs: empty, leaderEpoch: 5, logEndOffset: 4 }, 1, 4)).toBe('unknown')
})

test('an empty log agrees with every leader', () => {
  const log = { epochs: cacheOf([1]), leaderEpoch: 1, logEndOffset: 1 }
  expect(divergence(log, -1, 0)).toBeUndefined()
})

test('an epoch of the future is unknown', () => {
  const log = { epochs: cacheOf([1]), leaderEpoch: 2, logEndOffset: 1 }
  expect(epochEndOnLeader(log, 3)).toBeUndefined()
  expect(divergence(log, 3, 1)).toBe('unknown')
})

test('the epoch of a leader that has written nothing ends where its log does', () => {
  const end: EpochEnd = { leaderEpoch: 7, endOffset: 3 }
  expect(
    epochEndOnLeader({ epochs: cacheOf([0, 1, 1]), leaderEpoch: 7, logEndOffset: 3 }, 7),
  ).toEqual(end)
})
