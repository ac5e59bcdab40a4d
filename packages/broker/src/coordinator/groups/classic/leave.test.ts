import { expect, test } from 'vitest'
import { joinAll, stableGroup, syncAll } from '../../testing/form-group.ts'
import { TestShard } from '../../testing/test-shard.ts'

test('a member that leaves makes the others join again', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  expect(shard.leave([{ memberId: 'a' }]).reply.members).toEqual([
    { memberId: 'a', groupInstanceId: undefined, error: 'NONE' },
  ])
  expect(shard.join({ memberId: 'b' }).reply).toMatchObject({ leader: 'b', generationId: 2 })
})

test('the last member to leave leaves an empty group behind, in the log too', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.leave([{ memberId: 'a' }])
  const after = shard.failOver()
  for (const { groups } of [shard, after]) {
    expect(groups.groups.get('g')).toMatchObject({
      state: 'empty',
      generationId: 2,
      protocolType: 'consumer',
      protocolName: undefined,
      leaderId: undefined,
    })
  }
})

test('leaving is answered when it is logged that the group is empty', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.commitsAtOnce = false
  const left = shard.leave([{ memberId: 'a' }])
  expect(left.isAnswered).toBe(false)
  shard.commit()
  expect(left.reply.members[0]?.error).toBe('NONE')
})

test('several members leave with one request, each with its own result', () => {
  const shard = new TestShard()
  shard.join({ groupInstanceId: 'i' }, 's')
  shard.join({}, 'a')
  shard.join({}, 'b')
  shard.advance(0)
  syncAll(shard)
  const { members } = shard.leave([
    { memberId: 'a' },
    { groupInstanceId: 'i' },
    { memberId: 'x' },
    { groupInstanceId: 'unknown' },
    { memberId: 'a' },
    {},
  ]).reply
  expect(members.map(({ error }) => error)).toEqual([
    'NONE',
    'NONE',
    'UNKNOWN_MEMBER_ID',
    'UNKNOWN_MEMBER_ID',
    'UNKNOWN_MEMBER_ID',
    'UNKNOWN_MEMBER_ID',
  ])
  expect([...(shard.groups.groups.get('g')?.members.keys() ?? [])]).toEqual(['b'])
})

test('an administrator removes a static member by its instance id, not with a wrong member id', () => {
  const shard = new TestShard()
  shard.join({ groupInstanceId: 'i' }, 's')
  shard.advance(0)
  syncAll(shard)
  const wrong = shard.leave([{ memberId: 'x', groupInstanceId: 'i' }])
  expect(wrong.reply.members[0]?.error).toBe('FENCED_INSTANCE_ID')
  expect(shard.leave([{ groupInstanceId: 'i' }]).reply.members[0]?.error).toBe('NONE')
  expect(shard.groups.groups.get('g')?.state).toBe('empty')
})

test('who was only given an id may leave with it', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.join({ requiresKnownMemberId: true }, 'b')
  const rejoin = shard.join({ memberId: 'a' })
  expect(shard.leave([{ memberId: 'b' }]).reply.members[0]?.error).toBe('NONE')
  expect(rejoin.reply.generationId).toBe(2)
})

test('what a removed member waits for is answered', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  const join = shard.join({ memberId: 'a' })
  shard.leave([{ memberId: 'a' }])
  expect(join.reply).toMatchObject({ error: 'UNKNOWN_MEMBER_ID', memberId: '' })
  shard.join({ memberId: 'b' })
  const sync = shard.sync({ memberId: 'b', generationId: 3 })
  expect(sync.reply.error).toBe('ILLEGAL_GENERATION')
})

test('a member removed while it waits for its assignment is answered', () => {
  const shard = new TestShard()
  joinAll(shard, ['a', 'b'])
  const sync = shard.sync({ memberId: 'b' })
  shard.leave([{ memberId: 'b' }])
  expect(sync.reply.error).toBe('UNKNOWN_MEMBER_ID')
})

test('leaving during the first wait does not cut it short', () => {
  const shard = new TestShard({ config: { initialRebalanceDelayMs: 3_000 } })
  const a = shard.join({}, 'a')
  shard.join({}, 'b')
  shard.leave([{ memberId: 'b' }])
  expect(a.isAnswered).toBe(false)
  shard.advance(6_000)
  expect(a.reply.members).toHaveLength(1)
})

test('nobody can leave a group that does not exist, and it does not exist afterwards', () => {
  const shard = new TestShard()
  expect(shard.leave([{ memberId: 'a' }]).reply.members[0]?.error).toBe('UNKNOWN_MEMBER_ID')
  expect(shard.groups.groups.size).toBe(0)
})
