import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { type Isolation, type ReadableLog, ReadPlan, type ReadRequest } from './read-plan.ts'

const log: ReadableLog = {
  isLeader: true,
  leaderEpoch: 4,
  logStartOffset: 10,
  lastStableOffset: 20,
  highWatermark: 30,
  logEndOffset: 40,
}

const request: ReadRequest = { fetchOffset: 10, partitionMaxBytes: 100, currentLeaderEpoch: -1 }

function plan(isolation: Isolation = 'readUncommitted', minBytes = 1, maxBytes = 250) {
  return new ReadPlan({ minBytes, maxBytes, isolation })
}

test.each([
  ['readCommitted', 20],
  ['readUncommitted', 30],
  ['replica', 40],
] as const)('%s reads up to %i', (isolation, endOffset) => {
  expect(plan(isolation).next(request, log)).toMatchObject({ kind: 'read', endOffset })
  const atEnd = { ...request, fetchOffset: endOffset }
  expect(plan(isolation).next(atEnd, log)).toEqual({ kind: 'nothing' })
})

test('the first batch that is found comes whatever its size, the others within the limits', () => {
  const machine = plan()
  const step = { kind: 'read', fromOffset: 10, endOffset: 30, maxBytes: 100, atLeastOne: true }
  expect(machine.next(request, log)).toEqual(step)
  machine.read(0)
  // That partition had nothing after all.
  expect(machine.next(request, log)).toEqual(step)
  machine.read(200)
  expect(machine.next(request, log)).toEqual({ ...step, maxBytes: 50, atLeastOne: false })
  machine.read(50)
  expect(machine.next(request, log)).toEqual({ kind: 'nothing' })
})

test('a consumer that asks for no bytes at all still gets ahead', () => {
  const step = plan('readUncommitted', 1, 0).next({ ...request, partitionMaxBytes: 0 }, log)
  expect(step).toMatchObject({ maxBytes: 0, atLeastOne: true })
})

test('a response waits for minBytes', () => {
  const machine = plan('readUncommitted', 60)
  machine.next(request, log)
  machine.read(59)
  expect(machine.isSatisfied).toBe(false)
  machine.next(request, log)
  machine.read(1)
  expect(machine.isSatisfied).toBe(true)
})

test('an error, or what else must be told, does not wait', () => {
  const machine = plan()
  machine.next({ ...request, fetchOffset: 41 }, log)
  expect(machine.isSatisfied).toBe(true)
  const other = plan()
  other.answerNow()
  expect(other.isSatisfied).toBe(true)
})

test.each([
  ['before the log', { fetchOffset: 9 }, 'OFFSET_OUT_OF_RANGE'],
  ['after the log', { fetchOffset: 41 }, 'OFFSET_OUT_OF_RANGE'],
  ['with an old epoch', { currentLeaderEpoch: 3 }, 'FENCED_LEADER_EPOCH'],
  ['with an epoch that is not known yet', { currentLeaderEpoch: 5 }, 'UNKNOWN_LEADER_EPOCH'],
] as const)('a read %s is refused', (_what, change, error) => {
  expect(plan().next({ ...request, ...change }, log)).toEqual({ kind: 'error', error })
})

test('an offset that is not committed yet exists: there is nothing to read, but no error', () => {
  expect(plan().next({ ...request, fetchOffset: 35 }, log)).toEqual({ kind: 'nothing' })
})

test('consumers read from followers, followers only from the leader', () => {
  const follower = { ...log, isLeader: false }
  expect(plan().next(request, follower).kind).toBe('read')
  expect(plan('replica').next(request, follower)).toEqual({
    kind: 'error',
    error: 'NOT_LEADER_OR_FOLLOWER',
  })
})

seededTest('a response is within its limits, or is one batch', 20, random => {
  const maxBytes = random.below(300)
  const machine = plan('readUncommitted', 1, maxBytes)
  const sizes: number[] = []
  for (let i = 0; i < 10; i++) {
    const partitionMaxBytes = random.below(150)
    const step = machine.next({ ...request, partitionMaxBytes }, log)
    if (step.kind !== 'read') continue
    // Batches of one size; the reader takes what it may.
    const batch = 1 + random.below(80)
    const whole = Math.floor(step.maxBytes / batch) * batch
    const size = whole === 0 && step.atLeastOne ? batch : whole
    machine.read(size)
    if (size > 0) sizes.push(size)
    expect(size <= partitionMaxBytes || sizes.length === 1).toBe(true)
  }
  const total = sizes.reduce((sum, size) => sum + size, 0)
  expect(total <= maxBytes || sizes.length === 1).toBe(true)
  expect(sizes.length).toBeGreaterThan(0)
})
