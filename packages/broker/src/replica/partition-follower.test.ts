import { InvariantError } from '@klamm/base'
import { expect, test } from 'vitest'
import { EpochCache } from './epoch-cache.ts'
import { type FetchedPartition, PartitionFollower } from './partition-follower.ts'

const answer: FetchedPartition = {
  error: 'NONE',
  highWatermark: 8,
  logStartOffset: 0,
  divergingEpoch: undefined,
  batches: [],
}

const offsets = { logStartOffset: 0, highWatermark: 2, durableEndOffset: 10, logEndOffset: 10 }

function follower(epochs = new EpochCache([{ epoch: 1, startOffset: 0 }])) {
  return new PartitionFollower({ leaderEpoch: 4, offsets, epochs, lossIsAccepted: false })
}

function ask(machine: PartitionFollower) {
  const fetch = machine.nextFetch()
  if (fetch === undefined) throw new Error('the follower asks nothing')
  return fetch
}

test('a tail of an earlier epoch that is not durable is flushed before anything is asked', () => {
  const machine = new PartitionFollower({
    leaderEpoch: 4,
    offsets: { ...offsets, durableEndOffset: 6 },
    epochs: new EpochCache([{ epoch: 1, startOffset: 0 }]),
    lossIsAccepted: false,
  })
  expect(machine.nextFetch()).toBeUndefined()
  machine.durable(10)
  expect(ask(machine)).toMatchObject({ fetchOffset: 10, lastFetchedEpoch: 1 })
})

test('an answer that belongs to another question is ignored', () => {
  const machine = follower()
  const fetch = ask(machine)
  for (const other of [
    { ...fetch, fetchOffset: 9 },
    { ...fetch, lastFetchedEpoch: 0 },
    { ...fetch, currentLeaderEpoch: 3 },
  ]) {
    expect(machine.fetched(other, answer)).toEqual({ kind: 'ignored' })
  }
  expect(machine.highWatermark).toBe(2)
})

test('the same answer twice is worked off once', () => {
  const machine = follower()
  const fetch = ask(machine)
  const batches = [{ baseOffset: 10, lastOffsetDelta: 1, partitionLeaderEpoch: 4 }]
  expect(machine.fetched(fetch, { ...answer, batches }).kind).toBe('append')
  expect(machine.fetched(fetch, { ...answer, batches }).kind).toBe('ignored')
})

test('a leader that says nothing of its high watermark changes nothing', () => {
  const machine = follower()
  machine.fetched(ask(machine), { ...answer, highWatermark: -1, logStartOffset: -1 })
  expect(machine.takeEffects()).toEqual([])
})

test('a diverging epoch that would cut nothing is not believed', () => {
  const machine = follower()
  const divergingEpoch = { leaderEpoch: 1, endOffset: 10 }
  expect(machine.fetched(ask(machine), { ...answer, divergingEpoch }).kind).toBe('retry')
})

test('a driver that cuts the log without its epochs is caught', () => {
  const epochs = new EpochCache([
    { epoch: 1, startOffset: 0 },
    { epoch: 3, startOffset: 6 },
  ])
  const machine = follower(epochs)
  const divergingEpoch = { leaderEpoch: 1, endOffset: 6 }
  expect(machine.fetched(ask(machine), { ...answer, divergingEpoch })).toEqual({
    kind: 'truncate',
    toOffset: 6,
  })
  expect(() => machine.truncated(6)).toThrow('the epoch cache is cut together with the log')
})

test('a cut below what is committed is caught, wherever it comes from', () => {
  const epochs = new EpochCache([{ epoch: 1, startOffset: 0 }])
  const machine = follower(epochs)
  machine.fetched(ask(machine), { ...answer, divergingEpoch: { leaderEpoch: 1, endOffset: 6 } })
  expect(() => machine.truncated(1)).toThrow(InvariantError)
})

test('appends and truncations that were not asked for are caught', () => {
  const machine = follower()
  expect(() => machine.appended(11)).toThrow(InvariantError)
  expect(() => machine.truncated(9)).toThrow(InvariantError)
  expect(() => machine.restarted(10)).toThrow(InvariantError)
  expect(() => machine.durable(9)).toThrow(InvariantError)
})
