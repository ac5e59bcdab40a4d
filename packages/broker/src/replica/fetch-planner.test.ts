import { InvariantError } from '@klamm/base'
import { expect, test } from 'vitest'
import { type FetchPlan, FetchPlanner } from './fetch-planner.ts'

const [a, b, c] = ['a', 'b', 'c'].map(topicId => ({ topicId, partitionIndex: 0 }))

type Followed = NonNullable<typeof a>

function planner(maxPartitions = 10) {
  return new FetchPlanner({
    maxBytes: 1000,
    partitionMaxBytes: 100,
    backoffMs: 50,
    busyWaitMs: 20,
    maxPartitions,
  })
}

function fetchFrom(fetchOffset: number, currentLeaderEpoch = 1) {
  return { fetchOffset, lastFetchedEpoch: 0, currentLeaderEpoch, logStartOffset: 0 }
}

function add(machine: FetchPlanner, ...partitions: (Followed | undefined)[]): void {
  for (const partition of partitions) {
    machine.add(partition!, 1)
    machine.ready(partition!, fetchFrom(0))
  }
}

function asked(plan: FetchPlan): string[] {
  return plan.partitions.map(({ topicId, fetch }) => `${topicId}${fetch.fetchOffset}`)
}

test('one request is in flight', () => {
  const machine = planner()
  add(machine, a)
  const plan = machine.next(0)
  expect(asked(plan)).toEqual(['a0'])
  expect(machine.next(0).partitions).toEqual([])
  machine.completed(plan)
  machine.ready(a!, fetchFrom(5))
  expect(asked(machine.next(0))).toEqual(['a5'])
})

test('nothing to follow: nothing to ask, and nothing to wait for', () => {
  expect(planner().next(0)).toMatchObject({ partitions: [], wakeAtMs: undefined })
})

test('those with data take turns with those without', () => {
  const machine = planner()
  add(machine, a, b, c)
  const plan = machine.next(0)
  machine.completed(plan)
  // Only `a` had data, so it is ready again later than the others.
  machine.ready(b!, fetchFrom(0))
  machine.ready(c!, fetchFrom(0))
  machine.ready(a!, fetchFrom(9))
  expect(asked(machine.next(0))).toEqual(['b0', 'c0', 'a9'])
})

test('who does not fit into a request is in the next one', () => {
  const machine = planner(2)
  add(machine, a, b, c)
  const first = machine.next(0)
  expect(asked(first)).toEqual(['a0', 'b0'])
  machine.completed(first)
  machine.ready(a!, fetchFrom(0))
  machine.ready(b!, fetchFrom(0))
  expect(asked(machine.next(0))).toEqual(['c0', 'a0'])
})

test('a request waits a moment for a partition that is being worked off', () => {
  const machine = planner()
  add(machine, a, b)
  machine.completed(machine.next(0))
  machine.ready(b!, fetchFrom(0))
  expect(machine.state(a!)).toBe('busy')
  expect(machine.next(10)).toMatchObject({ partitions: [], wakeAtMs: 30 })
  expect(machine.next(29).partitions).toEqual([])
  // A slow truncation does not keep the others from the leader.
  expect(asked(machine.next(30))).toEqual(['b0'])
})

test('a partition with an error waits, the others go on', () => {
  const machine = planner()
  add(machine, a, b)
  machine.completed(machine.next(0))
  machine.delayed(a!, 0)
  machine.ready(b!, fetchFrom(0))
  const plan = machine.next(10)
  expect(asked(plan)).toEqual(['b0'])
  machine.completed(plan)
  machine.delayed(b!, 10)
  expect(machine.next(20)).toMatchObject({ partitions: [], wakeAtMs: 50 })
  expect(asked(machine.next(50))).toEqual(['a0'])
})

test('a request that failed as a whole is made again after the back-off', () => {
  const machine = planner()
  add(machine, a)
  machine.failed(machine.next(0), 0)
  expect(machine.next(49)).toMatchObject({ partitions: [], wakeAtMs: 50 })
  expect(asked(machine.next(50))).toEqual(['a0'])
})

test('what comes late for an earlier leader epoch changes nothing', () => {
  const machine = planner()
  add(machine, a)
  const plan = machine.next(0)
  machine.add(a!, 2)
  machine.completed(plan)
  machine.ready(a!, fetchFrom(3, 1))
  expect(machine.state(a!)).toBe('busy')
  machine.ready(a!, fetchFrom(4, 2))
  expect(asked(machine.next(0))).toEqual(['a4'])
})

test('a partition that is followed no more is not asked for', () => {
  const machine = planner()
  add(machine, a, b)
  const plan = machine.next(0)
  machine.remove(a!)
  machine.completed(plan)
  machine.ready(a!, fetchFrom(1))
  machine.delayed(a!, 0)
  machine.ready(b!, fetchFrom(1))
  expect(asked(machine.next(0))).toEqual(['b1'])
  expect(machine.size).toBe(1)
})

test('only the plan in flight has an outcome', () => {
  const machine = planner()
  add(machine, a)
  const plan = machine.next(0)
  machine.completed(plan)
  expect(() => machine.completed(plan)).toThrow(InvariantError)
  expect(() => machine.failed(plan, 0)).toThrow(InvariantError)
})
