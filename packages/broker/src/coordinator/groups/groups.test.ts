import { expect, test } from 'vitest'
import { assignmentOf, joinAll, stableGroup, syncAll } from '../testing/form-group.ts'
import { TestShard } from '../testing/test-shard.ts'
import type { DeletedGroup, DescribedGroup, ListedGroup } from './types.ts'

function describe(shard: TestShard, groupId = 'g') {
  return shard.ask<DescribedGroup>(ticket => ({ kind: 'describeGroup', request: groupId, ticket }))
}

function list(shard: TestShard, states: readonly string[] = [], types: readonly string[] = []) {
  const request = { states, types }
  const asked = shard.ask<readonly ListedGroup[]>(ticket => ({
    kind: 'listGroups',
    request,
    ticket,
  }))
  return asked.reply.map(({ groupId }) => groupId)
}

function deleteGroup(shard: TestShard, groupId = 'g') {
  return shard.ask<DeletedGroup>(ticket => ({ kind: 'deleteGroup', request: groupId, ticket }))
}

test('a stable group is described with what its members subscribe to and own', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  expect(describe(shard).reply).toEqual({
    groupId: 'g',
    error: 'NONE',
    state: 'Stable',
    protocolType: 'consumer',
    protocolName: 'range',
    members: [
      {
        memberId: 'a',
        groupInstanceId: undefined,
        clientId: 'a',
        clientHost: '/127.0.0.1',
        metadata: new Uint8Array([1]),
        assignment: assignmentOf('a'),
      },
    ],
  })
})

test('a group that rebalances is described without them', () => {
  const shard = new TestShard()
  const state = () => describe(shard).reply.state
  shard.join({}, 'a')
  expect(state()).toBe('PreparingRebalance')
  shard.advance(0)
  expect(describe(shard).reply).toMatchObject({
    state: 'CompletingRebalance',
    protocolName: '',
    members: [{ memberId: 'a', metadata: new Uint8Array(0), assignment: new Uint8Array(0) }],
  })
  syncAll(shard)
  shard.leave([{ memberId: 'a' }])
  expect(describe(shard).reply).toMatchObject({ state: 'Empty', protocolType: 'consumer' })
})

test('an unknown group is dead; an id under which only offsets are stored is an empty group', () => {
  const shard = new TestShard()
  expect(describe(shard).reply).toMatchObject({ error: 'GROUP_ID_NOT_FOUND', state: 'Dead' })
  shard.commitOffset(1)
  expect(describe(shard).reply).toMatchObject({ error: 'NONE', state: 'Empty', protocolType: '' })
})

test('groups are listed by state and type, whatever the case', () => {
  const shard = new TestShard()
  shard.commitOffset(1, { groupId: 'store' })
  stableGroup(shard, ['a'], { groupId: 'stable' })
  shard.join({ groupId: 'joining' })
  expect(list(shard)).toEqual(['stable', 'joining', 'store'])
  expect(list(shard, ['stable'])).toEqual(['stable'])
  expect(list(shard, ['EMPTY', 'PreparingRebalance'])).toEqual(['joining', 'store'])
  expect(list(shard, [], ['Classic'])).toEqual(['stable', 'joining', 'store'])
  expect(list(shard, ['Stable'], ['consumer'])).toEqual([])
  expect(list(shard, ['nonsense'])).toEqual([])
})

test('what is told of groups is committed', () => {
  const shard = new TestShard()
  shard.commitsAtOnce = false
  shard.commitOffset(1)
  const described = describe(shard)
  expect(described.isAnswered).toBe(false)
  shard.commit()
  expect(described.reply.state).toBe('Empty')
})

test('an empty group is deleted with its offsets', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.commitOffset(4, { memberId: 'a', generationId: 1 })
  expect(deleteGroup(shard).reply.error).toBe('NON_EMPTY_GROUP')
  shard.leave([{ memberId: 'a' }])
  shard.commitsAtOnce = false
  const deleted = deleteGroup(shard)
  expect(deleted.isAnswered).toBe(false)
  expect(shard.committedOffsetOf()).toBe(4)
  shard.commit()
  expect(deleted.reply.error).toBe('NONE')
  expect(shard.committedOffsetOf()).toBe(-1)
  expect(deleteGroup(shard).reply.error).toBe('GROUP_ID_NOT_FOUND')
  const after = shard.failOver()
  expect(list(after)).toEqual([])
})

test('a commit that is under way is deleted with its group', () => {
  const shard = new TestShard()
  shard.commitsAtOnce = false
  shard.commitOffset(4)
  deleteGroup(shard)
  shard.commit()
  expect(shard.committedOffsetOf()).toBe(-1)
  expect([...shard.failOver().groups.offsets.groupIds()]).toEqual([])
})

test('a group that only expects members is deleted, and they must begin again', () => {
  const shard = new TestShard()
  shard.join({ requiresKnownMemberId: true }, 'a')
  expect(deleteGroup(shard).reply.error).toBe('NONE')
  expect(shard.join({ memberId: 'a' }).reply.error).toBe('UNKNOWN_MEMBER_ID')
  expect(shard.log.batches).toEqual([])
})

test('after a fail-over members go on as if nothing had happened', () => {
  const before = new TestShard()
  stableGroup(before, ['a', 'b'])
  before.commitOffset(7, { memberId: 'a', generationId: 1 })
  const shard = before.failOver()
  expect(shard.heartbeat({ memberId: 'a' })).toBe('NONE')
  expect(shard.sync({ memberId: 'b' }).reply.assignment).toEqual(assignmentOf('b'))
  expect(shard.commitOffset(8, { memberId: 'b', generationId: 1 }).error).toBeUndefined()
  expect(shard.committedOffsetOf()).toBe(8)
  expect(describe(shard).reply).toEqual(describe(before).reply)
})

test('after a fail-over each member has its whole session time-out', () => {
  const before = new TestShard()
  stableGroup(before, ['a', 'b'])
  before.advance(9_000)
  const shard = before.failOver()
  shard.advance(9_999)
  expect(shard.groups.groups.get('g')?.members.size).toBe(2)
  shard.advance(1)
  expect(shard.groups.groups.get('g')?.state).toBe('empty')
})

test('a rebalance under way at a fail-over begins again from the last generation', () => {
  const before = new TestShard()
  stableGroup(before, ['a', 'b'])
  before.leave([{ memberId: 'b' }])
  before.join({ memberId: 'a' })
  const shard = before.failOver()
  expect(shard.heartbeat({ memberId: 'a', generationId: 2 })).toBe('ILLEGAL_GENERATION')
  expect(shard.commitOffset(1, { memberId: 'a', generationId: 2 }).error).toBe('ILLEGAL_GENERATION')
  const join = shard.join({ memberId: 'a' })
  shard.advance(10_000)
  expect(join.reply).toMatchObject({ generationId: 2, leader: 'a' })
})

test('the leader of a loaded group leads on', () => {
  const before = new TestShard()
  joinAll(before, ['a', 'b', 'c'])
  syncAll(before)
  before.leave([{ memberId: 'a' }])
  for (const memberId of ['b', 'c']) before.join({ memberId })
  syncAll(before)
  const shard = before.failOver()
  expect(shard.groups.groups.get('g')).toMatchObject({ leaderId: 'b', state: 'stable' })
  expect(shard.join({ memberId: 'c' }).reply).toMatchObject({ leader: 'b', generationId: 2 })
})
