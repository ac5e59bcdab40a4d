import { expect, test } from 'vitest'
import { joinAll, stableGroup, syncAll } from '../../testing/form-group.ts'
import { TestShard } from '../../testing/test-shard.ts'

test('a heartbeat says in each state what the member has to do', () => {
  const shard = new TestShard()
  const beat = (generationId: number) => shard.heartbeat({ memberId: 'a', generationId })
  expect(beat(0)).toBe('UNKNOWN_MEMBER_ID')
  joinAll(shard, ['a'])
  expect(beat(1)).toBe('NONE')
  syncAll(shard)
  expect(beat(1)).toBe('NONE')
  expect(beat(0)).toBe('ILLEGAL_GENERATION')
  shard.join({}, 'b')
  expect(beat(1)).toBe('REBALANCE_IN_PROGRESS')
  shard.leave([{ memberId: 'a' }, { memberId: 'b' }])
  expect(beat(2)).toBe('UNKNOWN_MEMBER_ID')
})

test('a member that is silent for its session time-out is out, and the others rejoin', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'], { sessionTimeoutMs: 10_000 })
  shard.advance(9_000)
  expect(shard.heartbeat({ memberId: 'a' })).toBe('NONE')
  shard.advance(999)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(true)
  shard.advance(1)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(false)
  expect(shard.heartbeat({ memberId: 'a' })).toBe('REBALANCE_IN_PROGRESS')
  expect(shard.join({ memberId: 'a' }).reply).toMatchObject({ generationId: 2, leader: 'a' })
})

test('heartbeats keep a member in through a rebalance and while it completes', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  shard.join({}, 'c')
  for (let i = 0; i < 5; i++) {
    shard.advance(9_000)
    expect(shard.heartbeat({ memberId: 'b' })).toBe('REBALANCE_IN_PROGRESS')
  }
  shard.join({ memberId: 'b' })
  const [b, c] = [...(shard.groups.groups.get('g')?.members.keys() ?? [])]
  expect([b, c]).toEqual(['b', 'c'])
  for (let i = 0; i < 3; i++) {
    shard.advance(9_000)
    expect(shard.heartbeat({ memberId: 'b', generationId: 2 })).toBe('NONE')
    expect(shard.heartbeat({ memberId: 'c', generationId: 2 })).toBe('NONE')
  }
  shard.advance(10_000)
  expect(shard.heartbeat({ memberId: 'b', generationId: 2 })).toBe('UNKNOWN_MEMBER_ID')
})

test('a refused heartbeat does not keep anybody in', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  shard.advance(9_000)
  shard.heartbeat({ memberId: 'a' })
  expect(shard.heartbeat({ memberId: 'b', generationId: 7 })).toBe('ILLEGAL_GENERATION')
  shard.advance(1_000)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(false)
})

test('who waits for the coordinator is not silent; the session begins again with the answer', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'], { rebalanceTimeoutMs: 40_000 })
  const a = shard.join({ memberId: 'a', rebalanceTimeoutMs: 40_000 })
  for (let i = 0; i < 4; i++) {
    shard.advance(9_000)
    shard.heartbeat({ memberId: 'b' })
  }
  expect(a.isAnswered).toBe(false)
  shard.join({ memberId: 'b' })
  expect(a.reply.generationId).toBe(2)
  const sync = shard.sync({ memberId: 'b', generationId: 2 })
  shard.advance(9_999)
  expect(shard.groups.groups.get('g')?.members.size).toBe(2)
  shard.advance(1)
  expect(shard.groups.groups.get('g')?.members.has('a')).toBe(false)
  expect(sync.reply.error).toBe('REBALANCE_IN_PROGRESS')
})

test('an expiry that empties the group is tried again until it can be logged', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.refusal = 'NOT_ENOUGH_REPLICAS'
  shard.advance(15_000)
  expect(shard.groups.groups.get('g')?.state).toBe('stable')
  shard.refusal = undefined
  shard.advance(1_000)
  expect(shard.groups.groups.get('g')).toMatchObject({ state: 'empty', generationId: 2 })
  expect(shard.groups.logged.get('g')?.members).toEqual([])
})

test('a heartbeat of who has never been in a generation does not cut its wait short', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'], { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 100_000 })
  const b = shard.join({}, 'b')
  expect(shard.heartbeat({ memberId: 'b' })).toBe('REBALANCE_IN_PROGRESS')
  shard.advance(50_000)
  expect(b.isAnswered).toBe(false)
  shard.join({ memberId: 'a' })
  expect(b.reply.generationId).toBe(2)
})
