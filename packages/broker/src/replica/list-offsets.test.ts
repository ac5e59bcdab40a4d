import { expect, test } from 'vitest'
import {
  earliestLocalTimestamp,
  earliestPendingUploadTimestamp,
  earliestTimestamp,
  latestTieredTimestamp,
  latestTimestamp,
  listOffset,
  maxTimestamp,
} from './list-offsets.ts'
import type { Isolation, ReadableLog } from './read-plan.ts'

const log: ReadableLog = {
  isLeader: true,
  leaderEpoch: 4,
  logStartOffset: 10,
  lastStableOffset: 20,
  highWatermark: 30,
  logEndOffset: 40,
}

function ask(timestamp: number, isolation: Isolation = 'readUncommitted', told?: number) {
  return listOffset({ timestamp, currentLeaderEpoch: -1, isolation }, log, told)
}

test.each([
  [earliestTimestamp, 'readUncommitted', 10],
  [earliestLocalTimestamp, 'readUncommitted', 10],
  [latestTimestamp, 'readUncommitted', 30],
  [latestTimestamp, 'readCommitted', 20],
  [latestTimestamp, 'replica', 40],
  [latestTieredTimestamp, 'readUncommitted', -1],
  [earliestPendingUploadTimestamp, 'readUncommitted', -1],
] as const)('timestamp %i at %s is offset %i', (timestamp, isolation, offset) => {
  expect(ask(timestamp, isolation, 30)).toEqual({ kind: 'offset', offset })
})

test('other timestamps are looked up in what the asker may read', () => {
  expect(ask(1234, 'readCommitted', 30)).toEqual({
    kind: 'lookup',
    timestamp: 1234,
    endOffset: 20,
    mayLag: false,
  })
  expect(ask(maxTimestamp, 'readUncommitted', 30)).toEqual({ kind: 'lookupMax', endOffset: 30 })
})

test('a new leader does not tell an end that may be before the one its predecessor told', () => {
  const error = { kind: 'error', error: 'OFFSET_NOT_AVAILABLE' }
  expect(ask(latestTimestamp)).toEqual(error)
  expect(ask(maxTimestamp)).toEqual(error)
  expect(ask(1234)).toMatchObject({ kind: 'lookup', mayLag: true })
  expect(ask(earliestTimestamp)).toEqual({ kind: 'offset', offset: 10 })
  expect(ask(latestTimestamp, 'replica')).toEqual({ kind: 'offset', offset: 40 })
})

test.each([
  [{ currentLeaderEpoch: 3 }, {}, 'FENCED_LEADER_EPOCH'],
  [{ currentLeaderEpoch: 5 }, {}, 'UNKNOWN_LEADER_EPOCH'],
  [{}, { isLeader: false }, 'NOT_LEADER_OR_FOLLOWER'],
  [{ timestamp: -7 }, {}, 'UNSUPPORTED_VERSION'],
] as const)('the question %j to %j is refused', (change, logChange, error) => {
  const question = { timestamp: 0, currentLeaderEpoch: -1, isolation: 'readUncommitted' as const }
  expect(listOffset({ ...question, ...change }, { ...log, ...logChange }, 30)).toEqual({
    kind: 'error',
    error,
  })
})

test('nobody leads', () => {
  const question = { timestamp: 0, currentLeaderEpoch: -1, isolation: 'readUncommitted' as const }
  expect(listOffset(question, undefined, undefined)).toEqual({
    kind: 'error',
    error: 'NOT_LEADER_OR_FOLLOWER',
  })
})
