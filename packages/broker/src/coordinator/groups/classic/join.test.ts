import { expect, test } from 'vitest'
import { joinAll, rejoinAll, stableGroup, syncAll } from '../../testing/form-group.ts'
import { TestShard } from '../../testing/test-shard.ts'

const range = (...bytes: number[]) => [{ name: 'range', metadata: new Uint8Array(bytes) }]

function stateOf(shard: TestShard): string | undefined {
  return shard.groups.groups.get('g')?.state
}

test('the first member leads a group of one after the initial delay', () => {
  const shard = new TestShard({ config: { initialRebalanceDelayMs: 3_000 } })
  const join = shard.join({ clientId: 'a' }, 'a')
  shard.advance(2_999)
  expect(join.isAnswered).toBe(false)
  shard.advance(1)
  expect(join.reply).toEqual({
    error: 'NONE',
    memberId: 'a',
    generationId: 1,
    protocolType: 'consumer',
    protocolName: 'range',
    leader: 'a',
    skipAssignment: false,
    members: [{ memberId: 'a', groupInstanceId: undefined, metadata: new Uint8Array([1]) }],
  })
})

test('the initial delay grows while members keep coming, up to the rebalance time-out', () => {
  const shard = new TestShard({ config: { initialRebalanceDelayMs: 3_000 } })
  const first = shard.join({ rebalanceTimeoutMs: 8_000 }, 'a')
  for (const [id, waitMs] of [
    ['b', 2_000],
    ['c', 2_000],
    ['d', 3_000],
  ] as const) {
    shard.advance(waitMs)
    shard.join({ rebalanceTimeoutMs: 8_000 }, id)
    expect(first.isAnswered).toBe(false)
  }
  shard.advance(999)
  expect(first.isAnswered).toBe(false)
  shard.advance(1)
  expect(shard.nowMs).toBe(8_000)
  expect(first.reply.members.map(({ memberId }) => memberId)).toEqual(['a', 'b', 'c', 'd'])
})

test('the initial delay ends when nobody else comes', () => {
  const shard = new TestShard({ config: { initialRebalanceDelayMs: 3_000 } })
  const first = shard.join({}, 'a')
  shard.advance(1_000)
  shard.join({}, 'b')
  shard.advance(5_000)
  expect(first.isAnswered).toBe(true)
  expect(first.reply.members).toHaveLength(2)
})

test('only the leader is told who the members are', () => {
  const shard = new TestShard()
  const [a, b] = joinAll(shard, ['a', 'b'])
  expect(a?.reply.members).toHaveLength(2)
  expect(b?.reply).toMatchObject({ leader: 'a', members: [], generationId: 1, error: 'NONE' })
})

test('a dynamic member that must come back with its id is not a member before it does', () => {
  const shard = new TestShard()
  const first = shard.join({ requiresKnownMemberId: true }, 'a')
  expect(first.reply).toMatchObject({
    error: 'MEMBER_ID_REQUIRED',
    memberId: 'a',
    generationId: -1,
  })
  expect(shard.groups.groups.get('g')?.members.size).toBe(0)
  const second = shard.join({ requiresKnownMemberId: true, memberId: 'a' })
  shard.advance(0)
  expect(second.reply).toMatchObject({ error: 'NONE', memberId: 'a', generationId: 1 })
})

test('an id that is not used within the session time-out is forgotten, and the group with it', () => {
  const shard = new TestShard()
  shard.join({ requiresKnownMemberId: true, sessionTimeoutMs: 7_000 }, 'a')
  shard.advance(6_999)
  expect(shard.groups.groups.has('g')).toBe(true)
  shard.advance(1)
  expect(shard.groups.groups.has('g')).toBe(false)
  expect(shard.join({ memberId: 'a' }).reply.error).toBe('UNKNOWN_MEMBER_ID')
})

test('a rebalance waits for a member that was given an id', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.join({ requiresKnownMemberId: true }, 'b')
  const rejoin = shard.join({ memberId: 'a' })
  expect(rejoin.isAnswered).toBe(false)
  shard.join({ requiresKnownMemberId: true, memberId: 'b' })
  expect(rejoin.reply.members).toHaveLength(2)
})

test('a given id that expires does not hold up the rebalance any longer', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.join({ requiresKnownMemberId: true, sessionTimeoutMs: 8_000 }, 'b')
  const rejoin = shard.join({ memberId: 'a' })
  shard.advance(8_000)
  expect(rejoin.reply.members).toHaveLength(1)
})

test('an unknown member id is refused, whether or not the group exists', () => {
  const shard = new TestShard()
  expect(shard.join({ memberId: 'x' }).reply.error).toBe('UNKNOWN_MEMBER_ID')
  stableGroup(shard, ['a'])
  const { reply } = shard.join({ memberId: 'x' })
  expect(reply).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: 'x', generationId: -1 })
})

test('a given id cannot be used with an instance id', () => {
  const shard = new TestShard()
  shard.join({ requiresKnownMemberId: true }, 'a')
  const { reply } = shard.join({ memberId: 'a', groupInstanceId: 'i' })
  expect(reply.error).toBe('UNKNOWN_MEMBER_ID')
})

test('session time-outs outside the configured range are refused', () => {
  const shard = new TestShard()
  const asked = [5_999, 6_000, 1_800_000, 1_800_001].map(sessionTimeoutMs => {
    return shard.join({ groupId: `g${sessionTimeoutMs}`, sessionTimeoutMs })
  })
  shard.advance(0)
  expect(asked.map(({ reply }) => reply.error)).toEqual([
    'INVALID_SESSION_TIMEOUT',
    'NONE',
    'NONE',
    'INVALID_SESSION_TIMEOUT',
  ])
})

test('the empty group id is refused', () => {
  expect(new TestShard().join({ groupId: '' }).reply.error).toBe('INVALID_GROUP_ID')
})

test('a negative rebalance time-out means the session time-out', () => {
  const shard = new TestShard()
  joinAll(shard, ['a'], { sessionTimeoutMs: 9_000, rebalanceTimeoutMs: -1 })
  expect(shard.groups.groups.get('g')?.member('a')?.rebalanceTimeoutMs).toBe(9_000)
})

test('the protocol that most members prefer among those all support is selected', () => {
  const shard = new TestShard()
  const list = (...names: string[]) => names.map(name => ({ name, metadata: new Uint8Array(1) }))
  shard.join({ protocols: list('sticky', 'range') }, 'a')
  shard.join({ protocols: list('range', 'sticky') }, 'b')
  const c = shard.join({ protocols: list('own', 'range', 'sticky') }, 'c')
  shard.advance(0)
  expect(c.reply.protocolName).toBe('range')
})

test('a member of another protocol type, or with nothing in common, is refused', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  const errors = [
    shard.join({ protocolType: 'connect' }).reply.error,
    shard.join({ protocols: [{ name: 'sticky', metadata: new Uint8Array(0) }] }).reply.error,
    shard.join({ protocols: [] }).reply.error,
    shard.join({ groupId: 'new', protocolType: '' }).reply.error,
    shard.join({ groupId: 'new', protocols: [] }).reply.error,
  ]
  expect(new Set(errors)).toEqual(new Set(['INCONSISTENT_GROUP_PROTOCOL']))
  expect(stateOf(shard)).toBe('stable')
  expect(shard.groups.groups.has('new')).toBe(false)
})

test('an empty group takes members of another protocol type', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.leave([{ memberId: 'a' }])
  const join = shard.join({ protocolType: 'connect' }, 'w')
  shard.advance(0)
  expect(join.reply).toMatchObject({ error: 'NONE', protocolType: 'connect', generationId: 3 })
})

test('a new member makes everybody join again', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  const c = shard.join({}, 'c')
  expect(shard.heartbeat({ memberId: 'a' })).toBe('REBALANCE_IN_PROGRESS')
  shard.join({ memberId: 'b' })
  expect(c.isAnswered).toBe(false)
  shard.join({ memberId: 'a' })
  expect(c.reply).toMatchObject({ generationId: 2, leader: 'a' })
})

test('who does not join again within the longest rebalance time-out is out', () => {
  const shard = new TestShard()
  const sessionTimeoutMs = 100_000
  stableGroup(shard, ['a', 'b'], { rebalanceTimeoutMs: 20_000, sessionTimeoutMs })
  const c = shard.join({ rebalanceTimeoutMs: 30_000, sessionTimeoutMs }, 'c')
  shard.advance(29_999)
  expect(c.isAnswered).toBe(false)
  shard.advance(1)
  expect(c.reply).toMatchObject({ generationId: 2, leader: 'c' })
  expect([...(shard.groups.groups.get('g')?.members.keys() ?? [])]).toEqual(['c'])
  expect(shard.heartbeat({ memberId: 'a' })).toBe('UNKNOWN_MEMBER_ID')
})

test('the leader that joins again forces a rebalance, another member does not', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  expect(shard.join({ memberId: 'b' }).reply).toMatchObject({
    error: 'NONE',
    generationId: 1,
    leader: 'a',
    members: [],
  })
  expect(stateOf(shard)).toBe('stable')
  expect(shard.join({ memberId: 'a' }).isAnswered).toBe(false)
  expect(stateOf(shard)).toBe('preparingRebalance')
})

test('a member that subscribes to something else forces a rebalance', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  const b = shard.join({ memberId: 'b', protocols: range(2) })
  expect(b.isAnswered).toBe(false)
  const a = shard.join({ memberId: 'a' })
  expect(a.reply.members[1]?.metadata).toEqual(new Uint8Array([2]))
})

test('a join repeated while the leader assigns tells of the same generation', () => {
  const shard = new TestShard()
  joinAll(shard, ['a', 'b'])
  const again = [shard.join({ memberId: 'a' }), shard.join({ memberId: 'b' })]
  expect(again[0]?.reply).toMatchObject({ generationId: 1, leader: 'a' })
  expect(again[0]?.reply.members).toHaveLength(2)
  expect(again[1]?.reply).toMatchObject({ generationId: 1, leader: 'a', members: [] })
})

test('a join with other metadata while the leader assigns begins again', () => {
  const shard = new TestShard()
  joinAll(shard, ['a', 'b'])
  const waiting = shard.sync({ memberId: 'b' })
  const a = shard.join({ memberId: 'a', protocols: range(7) })
  expect(waiting.reply.error).toBe('REBALANCE_IN_PROGRESS')
  shard.join({ memberId: 'b' })
  expect(a.reply.generationId).toBe(2)
})

test('of two joins of one member the later counts and the earlier is answered too', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  const first = shard.join({ memberId: 'a' })
  const second = shard.join({ memberId: 'a', protocols: range(9) })
  expect(first.reply).toMatchObject({ error: 'REBALANCE_IN_PROGRESS', memberId: 'a' })
  shard.join({ memberId: 'b' })
  expect(second.reply.members[0]?.metadata).toEqual(new Uint8Array([9]))
})

test('a group takes no more members than group.max.size', () => {
  const shard = new TestShard({ config: { maxSize: 2 } })
  const joins = joinAll(shard, ['a', 'b', 'c'])
  expect(joins.map(({ reply }) => reply.error)).toEqual(['NONE', 'NONE', 'GROUP_MAX_SIZE_REACHED'])
  expect(joins[2]?.reply.memberId).toBe('')
  syncAll(shard)
  expect(shard.join({}, 'd').reply.error).toBe('GROUP_MAX_SIZE_REACHED')
  expect(stateOf(shard)).toBe('stable')
  rejoinAll(shard)
  expect(shard.groups.groups.get('g')?.members.size).toBe(2)
})

test('a group that was loaded with more members than are allowed keeps those that rejoin first', () => {
  const before = new TestShard()
  stableGroup(before, ['a', 'b', 'c'])
  const shard = before.failOver({ config: { maxSize: 2 } })
  expect(stateOf(shard)).toBe('preparingRebalance')
  const joins = ['c', 'b', 'a'].map(memberId => shard.join({ memberId }))
  expect(joins.map(({ reply }) => reply.error)).toEqual(['NONE', 'NONE', 'GROUP_MAX_SIZE_REACHED'])
  expect([...(shard.groups.groups.get('g')?.members.keys() ?? [])]).toEqual(['b', 'c'])
})

test('a new member whose join is never answered is given up after five minutes', () => {
  const shard = new TestShard()
  const long = { sessionTimeoutMs: 1_000_000, rebalanceTimeoutMs: 1_000_000 }
  stableGroup(shard, ['a'], long)
  const b = shard.join(long, 'b')
  shard.advance(299_999)
  expect(b.isAnswered).toBe(false)
  shard.advance(1)
  expect(b.reply).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: '' })
})
