import { expect, test } from 'vitest'
import { assignmentOf, subscription, syncAll } from '../../testing/form-group.ts'
import { TestShard } from '../../testing/test-shard.ts'

const topics = (names: readonly string[], owned: readonly number[] = []) => {
  return [{ name: 'range', metadata: subscription(names, owned) }]
}

/** A stable group of static members: instance `i-a` is member `a` and so on; `a` leads. */
function staticGroup(shard = new TestShard(), memberIds: readonly string[] = ['a', 'b']) {
  for (const id of memberIds) {
    shard.join({ groupInstanceId: `i-${id}`, protocols: topics(['t'], [1]) }, id)
  }
  shard.advance(0)
  syncAll(shard)
  expect(shard.groups.groups.get('g')?.state).toBe('stable')
  return shard
}

/** Instance `i-<id>` was restarted and joins without knowing its member id. */
function restart(shard: TestShard, id: string, newId: string, names = ['t']) {
  return shard.join({ groupInstanceId: `i-${id}`, protocols: topics(names) }, newId)
}

test('a static member gets its id at once, it need not come back with it', () => {
  const shard = new TestShard()
  const join = shard.join({ groupInstanceId: 'i', requiresKnownMemberId: true }, 'a')
  shard.advance(0)
  expect(join.reply).toMatchObject({ error: 'NONE', memberId: 'a', generationId: 1 })
  expect(join.reply.members[0]?.groupInstanceId).toBe('i')
})

test('a restarted static member finds its assignment again without a rebalance', () => {
  const shard = staticGroup()
  const join = restart(shard, 'b', 'b2')
  expect(join.reply).toMatchObject({
    error: 'NONE',
    memberId: 'b2',
    generationId: 1,
    leader: 'a',
    skipAssignment: false,
    members: [],
  })
  expect(shard.groups.groups.get('g')?.state).toBe('stable')
  const sync = shard.sync({ memberId: 'b2', groupInstanceId: 'i-b' })
  expect(sync.reply).toMatchObject({ error: 'NONE', assignment: assignmentOf('b') })
  expect(shard.heartbeat({ memberId: 'a' })).toBe('NONE')
})

test('a restarted static leader is told to skip the assignment and who the members are', () => {
  const shard = staticGroup()
  const { reply } = restart(shard, 'a', 'a2')
  expect(reply).toMatchObject({ memberId: 'a2', leader: 'a2', skipAssignment: true })
  expect(reply.members.map(({ memberId }) => memberId)).toEqual(['a2', 'b'])
})

test('a restarted static leader that cannot skip is not told that it leads', () => {
  const shard = staticGroup()
  const join = shard.join(
    { groupInstanceId: 'i-a', protocols: topics(['t']), supportsSkippingAssignment: false },
    'a2',
  )
  expect(join.reply).toMatchObject({ leader: 'a', members: [], skipAssignment: false })
})

test('the return of a static member is answered when its new id is committed', () => {
  const shard = staticGroup()
  shard.commitsAtOnce = false
  const join = restart(shard, 'b', 'b2')
  expect(join.isAnswered).toBe(false)
  shard.commit()
  expect(join.reply.memberId).toBe('b2')
  const after = shard.failOver()
  expect(after.heartbeat({ memberId: 'b2', groupInstanceId: 'i-b' })).toBe('NONE')
  expect(after.heartbeat({ memberId: 'b', groupInstanceId: 'i-b' })).toBe('FENCED_INSTANCE_ID')
})

test('a return that cannot be logged has changed nothing', () => {
  const shard = staticGroup()
  shard.refusal = 'NOT_ENOUGH_REPLICAS'
  expect(restart(shard, 'b', 'b2').error).toBe('NOT_ENOUGH_REPLICAS')
  expect(shard.heartbeat({ memberId: 'b', groupInstanceId: 'i-b' })).toBe('NONE')
  expect(shard.heartbeat({ memberId: 'b2', groupInstanceId: 'i-b' })).toBe('FENCED_INSTANCE_ID')
})

test('the old process of a restarted static member is fenced everywhere', () => {
  const shard = staticGroup()
  restart(shard, 'b', 'b2')
  const old = { memberId: 'b', groupInstanceId: 'i-b' }
  expect(shard.heartbeat(old)).toBe('FENCED_INSTANCE_ID')
  expect(shard.sync(old).reply.error).toBe('FENCED_INSTANCE_ID')
  expect(shard.join({ ...old, protocols: topics(['t']) }).reply.error).toBe('FENCED_INSTANCE_ID')
  expect(shard.leave([old]).reply.members[0]?.error).toBe('FENCED_INSTANCE_ID')
  expect(shard.commitOffset(1, { ...old, generationId: 1 }).error).toBe('FENCED_INSTANCE_ID')
  expect(shard.committedOffsetOf()).toBe(-1)
})

test('without its instance id the old process is simply unknown', () => {
  const shard = staticGroup()
  restart(shard, 'b', 'b2')
  expect(shard.heartbeat({ memberId: 'b' })).toBe('UNKNOWN_MEMBER_ID')
  expect(shard.heartbeat({ memberId: 'b2', groupInstanceId: 'i-x' })).toBe('UNKNOWN_MEMBER_ID')
})

test('what the old process waits for is answered when the new one comes', () => {
  const shard = staticGroup()
  shard.join({}, 'c')
  const waiting = shard.join({ memberId: 'b', groupInstanceId: 'i-b', protocols: topics(['t']) })
  const b2 = restart(shard, 'b', 'b2')
  expect(waiting.reply).toMatchObject({ error: 'FENCED_INSTANCE_ID', memberId: 'b' })
  expect(b2.isAnswered).toBe(false)
  shard.join({ memberId: 'a', groupInstanceId: 'i-a', protocols: topics(['t']) })
  expect(b2.reply).toMatchObject({ error: 'NONE', generationId: 2 })
})

test('a static member that comes back with other topics makes everybody join again', () => {
  const shard = staticGroup()
  const b2 = restart(shard, 'b', 'b2', ['t', 'u'])
  expect(b2.isAnswered).toBe(false)
  expect(shard.heartbeat({ memberId: 'a' })).toBe('REBALANCE_IN_PROGRESS')
})

test('a static member that comes back while the leader assigns begins the rebalance again', () => {
  const shard = new TestShard()
  shard.join({ groupInstanceId: 'i-a', protocols: topics(['t']) }, 'a')
  shard.join({ groupInstanceId: 'i-b', protocols: topics(['t']) }, 'b')
  shard.advance(0)
  const waiting = shard.sync({ memberId: 'b', groupInstanceId: 'i-b' })
  const b2 = restart(shard, 'b', 'b2')
  expect(waiting.reply.error).toBe('FENCED_INSTANCE_ID')
  const a = shard.join({ memberId: 'a', groupInstanceId: 'i-a', protocols: topics(['t']) })
  expect(a.reply.generationId).toBe(2)
  expect(b2.reply.generationId).toBe(2)
})

test('a static member keeps its place through a rebalance it misses', () => {
  const shard = new TestShard()
  const slow = { groupInstanceId: 'i-b', sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 20_000 }
  shard.join({ rebalanceTimeoutMs: 20_000 }, 'a')
  shard.join(slow, 'b')
  shard.advance(0)
  syncAll(shard)
  const a = shard.join({ memberId: 'a' })
  shard.advance(60_000)
  expect(a.reply.generationId).toBe(2)
  expect(a.reply.members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
  expect(shard.heartbeat({ memberId: 'b', groupInstanceId: 'i-b' })).toBe('ILLEGAL_GENERATION')
})

test('a static member that is gone is out when its session ends, whatever rebalances happen', () => {
  const shard = new TestShard()
  const b = { groupInstanceId: 'i-b', sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 10_000 }
  shard.join({ rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 20_000 }, 'a')
  shard.join(b, 'b')
  shard.advance(0)
  syncAll(shard)
  shard.join({ memberId: 'a', rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 20_000 })
  shard.advance(10_000)
  syncAll(shard)
  for (const generationId of [2, 2, 2]) {
    shard.advance(5_000)
    shard.heartbeat({ memberId: 'a', generationId })
  }
  expect(shard.nowMs).toBe(25_000)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(true)
  shard.advance(5_000)
  expect(shard.groups.groups.get('g')?.members.has('b')).toBe(false)
})

test('when only static members are left and none is here, the rebalance waits for one', () => {
  const shard = new TestShard()
  const long = { rebalanceTimeoutMs: 10_000, sessionTimeoutMs: 500_000 }
  for (const id of ['a', 'b']) shard.join({ ...long, groupInstanceId: `i-${id}` }, id)
  shard.advance(0)
  syncAll(shard)
  shard.join(long, 'c')
  shard.leave([{ memberId: 'c' }])
  shard.advance(35_000)
  expect(shard.groups.groups.get('g')).toMatchObject({
    state: 'preparingRebalance',
    generationId: 1,
  })
  const b = shard.join({ ...long, memberId: 'b', groupInstanceId: 'i-b' })
  shard.advance(4_999)
  expect(b.isAnswered).toBe(false)
  shard.advance(1)
  expect(b.reply).toMatchObject({ leader: 'b', generationId: 2 })
  expect(b.reply.members.map(({ memberId }) => memberId)).toEqual(['a', 'b'])
})

test('a leader that misses the rebalance hands over to a member that is there', () => {
  const shard = new TestShard()
  const slow = { groupInstanceId: 'i-a', sessionTimeoutMs: 500_000, rebalanceTimeoutMs: 10_000 }
  shard.join(slow, 'a')
  shard.join({ rebalanceTimeoutMs: 10_000 }, 'b')
  shard.advance(0)
  syncAll(shard)
  shard.join({ rebalanceTimeoutMs: 10_000 }, 'c')
  const b = shard.join({ memberId: 'b', rebalanceTimeoutMs: 10_000 })
  shard.advance(10_000)
  expect(b.reply).toMatchObject({ leader: 'b', generationId: 2 })
  expect(b.reply.members.map(({ memberId }) => memberId)).toEqual(['a', 'b', 'c'])
})

test('a static member whose return changes the selected protocol makes everybody join again', () => {
  const shard = new TestShard()
  const both = ['range', 'sticky'].map(name => ({ name, metadata: subscription(['t']) }))
  shard.join({ groupInstanceId: 'i-a', protocols: both }, 'a')
  shard.join({ groupInstanceId: 'i-b', protocols: both }, 'b')
  shard.advance(0)
  syncAll(shard)
  const b2 = shard.join({ groupInstanceId: 'i-b', protocols: both.slice(1) }, 'b2')
  expect(b2.isAnswered).toBe(false)
  shard.join({ memberId: 'a', groupInstanceId: 'i-a', protocols: both })
  expect(b2.reply).toMatchObject({ generationId: 2, protocolName: 'sticky' })
})

test('who has not asked for its assignment when it is restarted has to ask after that, too', () => {
  const shard = new TestShard()
  const timeouts = { rebalanceTimeoutMs: 20_000, sessionTimeoutMs: 500_000 }
  const protocols = topics(['t'])
  for (const id of ['a', 'b']) {
    shard.join({ ...timeouts, groupInstanceId: `i-${id}`, protocols }, id)
  }
  shard.advance(0)
  shard.sync({ memberId: 'a', groupInstanceId: 'i-a' })
  const b2 = shard.join({ ...timeouts, groupInstanceId: 'i-b', protocols }, 'b2')
  expect(b2.reply.generationId).toBe(1)
  shard.advance(20_000)
  expect([...(shard.groups.groups.get('g')?.members.keys() ?? [])]).toEqual(['a'])
})
