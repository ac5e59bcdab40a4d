import { expect, test } from 'vitest'
import { assignmentOf, joinAll, stableGroup, syncAll } from '../../testing/form-group.ts'
import { TestShard } from '../../testing/test-shard.ts'

const both = ['a', 'b'].map(memberId => ({ memberId, assignment: assignmentOf(memberId) }))

function joined(memberIds: readonly string[] = ['a', 'b'], rebalanceTimeoutMs = 60_000) {
  const shard = new TestShard()
  joinAll(shard, memberIds, { rebalanceTimeoutMs, sessionTimeoutMs: 500_000 })
  return shard
}

function stateOf(shard: TestShard): string | undefined {
  return shard.groups.groups.get('g')?.state
}

test('followers wait until the leader has assigned, then each gets its own', () => {
  const shard = joined()
  const b = shard.sync({ memberId: 'b' })
  expect(b.isAnswered).toBe(false)
  const a = shard.sync({ memberId: 'a', assignments: both })
  expect(a.reply).toEqual({
    error: 'NONE',
    protocolType: 'consumer',
    protocolName: 'range',
    assignment: assignmentOf('a'),
  })
  expect(b.reply.assignment).toEqual(assignmentOf('b'))
  expect(stateOf(shard)).toBe('stable')
})

test('a member that asks when the group is stable gets its assignment at once', () => {
  const shard = joined()
  shard.sync({ memberId: 'a', assignments: both })
  expect(shard.sync({ memberId: 'b' }).reply.assignment).toEqual(assignmentOf('b'))
  expect(shard.sync({ memberId: 'b' }).reply.assignment).toEqual(assignmentOf('b'))
})

test('nobody gets an assignment before it is committed', () => {
  const shard = joined()
  shard.commitsAtOnce = false
  const b = shard.sync({ memberId: 'b' })
  const a = shard.sync({ memberId: 'a', assignments: both })
  expect([a.isAnswered, b.isAnswered, stateOf(shard)]).toEqual([
    false,
    false,
    'completingRebalance',
  ])
  shard.commit()
  expect([a.isAnswered, b.isAnswered, stateOf(shard)]).toEqual([true, true, 'stable'])
})

test('an assignment that is committed after the next rebalance began is given to nobody', () => {
  const shard = joined()
  shard.commitsAtOnce = false
  const a = shard.sync({ memberId: 'a', assignments: both })
  const c = shard.join({}, 'c')
  expect(a.reply.error).toBe('REBALANCE_IN_PROGRESS')
  shard.commit()
  expect(stateOf(shard)).toBe('preparingRebalance')
  for (const memberId of ['a', 'b']) shard.join({ memberId })
  expect(c.reply.generationId).toBe(2)
  shard.commit()
  expect(stateOf(shard)).toBe('completingRebalance')
})

test('a leader that asks again cannot replace the assignment it has already made', () => {
  const shard = joined()
  shard.commitsAtOnce = false
  const first = shard.sync({ memberId: 'a', assignments: both })
  const other = [{ memberId: 'a', assignment: new Uint8Array([9]) }]
  const second = shard.sync({ memberId: 'a', assignments: other })
  expect(first.reply.error).toBe('REBALANCE_IN_PROGRESS')
  expect(shard.log.batches).toHaveLength(1)
  shard.commit()
  expect(second.reply.assignment).toEqual(assignmentOf('a'))
})

test('members the leader forgot get nothing, strangers it names are ignored', () => {
  const shard = joined()
  const b = shard.sync({ memberId: 'b' })
  const assignments = ['a', 'x'].map(memberId => ({ memberId, assignment: new Uint8Array([1]) }))
  shard.sync({ memberId: 'a', assignments })
  expect(b.reply).toMatchObject({ error: 'NONE', assignment: new Uint8Array(0) })
  const record = shard.groups.logged.get('g')
  expect(record?.members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
})

test('an assignment from anybody but the leader is ignored', () => {
  const shard = joined()
  shard.sync({ memberId: 'b', assignments: both })
  expect(stateOf(shard)).toBe('completingRebalance')
  expect(shard.log.batches).toHaveLength(0)
})

test('an assignment that cannot be logged leaves the leader free to try again', () => {
  const shard = joined()
  const b = shard.sync({ memberId: 'b' })
  shard.refusal = 'NOT_ENOUGH_REPLICAS'
  expect(shard.sync({ memberId: 'a', assignments: both }).error).toBe('NOT_ENOUGH_REPLICAS')
  expect(b.isAnswered).toBe(false)
  shard.refusal = undefined
  shard.sync({ memberId: 'a', assignments: both })
  expect(b.reply.assignment).toEqual(assignmentOf('b'))
})

test('each mistake has its own error', () => {
  const shard = joined()
  const errors = [
    shard.sync({ groupId: 'none', memberId: 'a' }),
    shard.sync({ memberId: 'x' }),
    shard.sync({ memberId: 'a', groupInstanceId: 'i' }),
    shard.sync({ memberId: 'a', generationId: 0 }),
    shard.sync({ memberId: 'a', generationId: 2 }),
    shard.sync({ memberId: 'a', protocolType: 'connect' }),
    shard.sync({ memberId: 'a', protocolName: 'sticky' }),
  ].map(({ reply }) => reply.error)
  expect(errors).toEqual([
    'UNKNOWN_MEMBER_ID',
    'UNKNOWN_MEMBER_ID',
    'UNKNOWN_MEMBER_ID',
    'ILLEGAL_GENERATION',
    'ILLEGAL_GENERATION',
    'INCONSISTENT_GROUP_PROTOCOL',
    'INCONSISTENT_GROUP_PROTOCOL',
  ])
})

test('the right protocol type and name are accepted', () => {
  const shard = joined(['a'])
  const protocol = { protocolType: 'consumer', protocolName: 'range' }
  expect(shard.sync({ memberId: 'a', ...protocol }).reply.error).toBe('NONE')
})

test('who asks for an assignment during a rebalance is told to join again', () => {
  const shard = joined()
  syncAll(shard)
  shard.join({}, 'c')
  expect(shard.sync({ memberId: 'b' }).reply.error).toBe('REBALANCE_IN_PROGRESS')
})

test('nobody is in a group that has become empty', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.leave([{ memberId: 'a' }])
  expect(shard.sync({ memberId: 'a', generationId: 2 }).reply.error).toBe('UNKNOWN_MEMBER_ID')
})

test('a leader that never assigns is out after the rebalance time-out, and the others rejoin', () => {
  const shard = joined(['a', 'b'], 20_000)
  const b = shard.sync({ memberId: 'b' })
  shard.advance(19_999)
  expect(b.isAnswered).toBe(false)
  shard.advance(1)
  expect(b.reply.error).toBe('REBALANCE_IN_PROGRESS')
  expect(shard.heartbeat({ memberId: 'a' })).toBe('UNKNOWN_MEMBER_ID')
  expect(shard.join({ memberId: 'b' }).reply).toMatchObject({ leader: 'b', generationId: 2 })
})

test('a follower that never asks is out after the rebalance time-out, though it sends heartbeats', () => {
  const shard = joined(['a', 'b'], 20_000)
  shard.sync({ memberId: 'a', assignments: both })
  shard.advance(19_999)
  expect(shard.heartbeat({ memberId: 'b' })).toBe('NONE')
  shard.advance(1)
  expect(shard.heartbeat({ memberId: 'b' })).toBe('UNKNOWN_MEMBER_ID')
  expect(stateOf(shard)).toBe('preparingRebalance')
})

test('once everybody has asked, the sync time-out means nothing', () => {
  const shard = joined(['a', 'b'], 20_000)
  shard.sync({ memberId: 'a', assignments: both })
  shard.sync({ memberId: 'b' })
  shard.advance(400_000)
  expect(stateOf(shard)).toBe('stable')
})

test('an assignment that is not committed in time is given up and all join again', () => {
  const shard = joined(['a', 'b'], 20_000)
  shard.commitsAtOnce = false
  const a = shard.sync({ memberId: 'a', assignments: both })
  const b = shard.sync({ memberId: 'b' })
  shard.advance(20_000)
  expect([a.reply.error, b.reply.error]).toEqual(['REBALANCE_IN_PROGRESS', 'REBALANCE_IN_PROGRESS'])
  expect(shard.groups.groups.get('g')?.members.size).toBe(2)
  shard.commit()
  expect(stateOf(shard)).toBe('preparingRebalance')
})

test('the session of who waited for the assignment begins again when it comes', () => {
  const shard = new TestShard()
  joinAll(shard, ['a', 'b'])
  const b = shard.sync({ memberId: 'b' })
  for (let i = 0; i < 3; i++) {
    shard.advance(8_000)
    shard.heartbeat({ memberId: 'a' })
  }
  shard.sync({ memberId: 'a', assignments: both })
  expect(b.reply.error).toBe('NONE')
  shard.advance(9_999)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(true)
  shard.advance(1)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(false)
})
