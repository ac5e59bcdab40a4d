// When a node asks for votes without having waited for a whole time-out.

import { seededRandom } from '@klamm/base'
import { TestClock } from '@klamm/base/testing'
import type { Role } from '@klamm/raft'
import { expect, test } from 'vitest'
import { Campaigns } from './campaigns.ts'

function campaigning() {
  const clock = new TestClock()
  const status = {
    role: 'follower' as Role,
    term: 4,
    leader: undefined as { nodeId: number; directoryId: string } | undefined,
  }
  const atMs: number[] = []
  const campaigns = new Campaigns({
    clock,
    random: seededRandom(1),
    status: () => status,
    campaign: () => atMs.push(clock.monotonicMs()),
  })
  return { clock, status, atMs, campaigns }
}

test('votes are asked for again and again until somebody leads', () => {
  const { clock, status, atMs, campaigns } = campaigning()
  campaigns.begin(50)
  clock.advance(1_000)
  expect(atMs[0]).toBe(50)
  expect(atMs.length).toBeGreaterThanOrEqual(5)
  for (const [i, ms] of atMs.slice(1).entries()) {
    const pauseMs = ms - (atMs[i] ?? 0)
    expect(pauseMs >= 100 && pauseMs <= 200).toBe(true)
  }
  status.leader = { nodeId: 2, directoryId: 'd' }
  atMs.length = 0
  clock.advance(1_000)
  expect(atMs).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test('an election in a new term is given its time', () => {
  const { clock, status, atMs, campaigns } = campaigning()
  campaigns.begin(50)
  status.term = 5
  clock.advance(50)
  expect(atMs).toEqual([])
  clock.advance(200)
  expect(atMs).toHaveLength(1)
})

test('a candidate goes on waiting for the votes it has asked for', () => {
  const { clock, status, atMs, campaigns } = campaigning()
  campaigns.begin(50)
  status.role = 'candidate'
  clock.advance(900)
  expect(atMs).toEqual([])
  status.role = 'follower'
  clock.advance(200)
  expect(atMs).not.toEqual([])
})

test('a node that cannot read its state asks for nothing', () => {
  const { clock, status, atMs, campaigns } = campaigning()
  status.role = 'unreadable'
  campaigns.begin(50)
  clock.advance(50)
  expect([atMs.length, clock.pendingTimers]).toEqual([0, 0])
})

test('a new beginning takes the place of the one before, and an end ends it', () => {
  const { clock, atMs, campaigns } = campaigning()
  campaigns.begin(50)
  campaigns.begin(80)
  clock.advance(90)
  expect(atMs).toEqual([80])
  campaigns[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
})
