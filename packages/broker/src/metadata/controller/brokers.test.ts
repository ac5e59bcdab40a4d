import { expect, test } from 'vitest'
import { TestCluster, testId } from '../testing/test-cluster.ts'
import type { RegisterBrokerRequest } from './types.ts'

function request(c: TestCluster, given: Partial<RegisterBrokerRequest>): RegisterBrokerRequest {
  return {
    brokerId: 1,
    clusterId: c.options.clusterId,
    incarnationId: testId(99),
    endpoints: [],
    features: [],
    zone: undefined,
    logDirs: ['d'],
    previousBrokerEpoch: -1,
    ...given,
  }
}

function register(c: TestCluster, given: Partial<RegisterBrokerRequest> = {}) {
  return c.commit(c.controller.registerBroker(request(c, given), c.nextOffset, c.nowMs))
}

test('the epoch of a broker is the offset of its registration', () => {
  const c = new TestCluster()
  expect(register(c).brokerEpoch).toBe(0)
  expect(register(c, { brokerId: 2, incarnationId: testId(2), logDirs: ['e'] }).brokerEpoch).toBe(1)
  expect(c.image.cluster.broker(1)).toMatchObject({ epoch: 0, fenced: true })
})

test('the same process may register again, with news, and keeps its epoch and its state', () => {
  const c = new TestCluster()
  register(c)
  c.heartbeat(1)
  c.createPartition('t', [1])
  const before = c.partition('t')
  expect(register(c, { zone: 'a' })).toMatchObject({ error: 'NONE', brokerEpoch: 0 })
  expect(c.image.cluster.broker(1)).toMatchObject({ epoch: 0, fenced: false, zone: 'a' })
  expect(c.partition('t')).toBe(before)
})

test('another process with the id of one that is alive is refused', () => {
  const c = new TestCluster()
  register(c)
  c.heartbeat(1)
  const other = { incarnationId: testId(2), logDirs: ['other'] }
  expect(register(c, other)).toMatchObject({
    error: 'DUPLICATE_BROKER_REGISTRATION',
    brokerEpoch: -1,
  })
  c.nowMs += c.options.sessionTimeoutMs
  expect(register(c, other).error).toBe('NONE')
})

test('a process of another cluster or with the disk of another broker is refused', () => {
  const c = new TestCluster()
  expect(register(c, { clusterId: 'other' }).error).toBe('INCONSISTENT_CLUSTER_ID')
  expect(register(c, { brokerId: -1 }).error).toBe('INVALID_REQUEST')
  expect(register(c, { logDirs: ['d', 'd'] }).error).toBe('INVALID_REGISTRATION')
  expect(register(c).error).toBe('NONE')
  expect(register(c, { brokerId: 2 }).error).toBe('INVALID_REGISTRATION')
})

test('a broker that cannot work with a finalized feature is refused', () => {
  const c = new TestCluster()
  const level = { kind: 'featureLevel', name: 'group.version', level: 1 } as const
  c.commit({ records: [level], reply: undefined })
  const knows = (minLevel: number, maxLevel: number) => ({
    features: [{ name: 'group.version', minLevel, maxLevel }],
  })
  expect(register(c).error).toBe('UNSUPPORTED_VERSION')
  expect(register(c, knows(0, 0)).error).toBe('UNSUPPORTED_VERSION')
  expect(register(c, knows(2, 3)).error).toBe('UNSUPPORTED_VERSION')
  expect(register(c, knows(0, 2)).error).toBe('NONE')
})

test('a broker that is unregistered is forgotten, and its partitions go on without it', () => {
  const c = new TestCluster()
  c.start([1, 2])
  c.createPartition('t', [1, 2], [['min.insync.replicas', '2']])
  c.createPartition('u', [1, 2])
  c.proposeIsr('u', [1])
  expect(c.commit(c.controller.unregisterBroker(1)).error).toBe('NONE')
  expect(c.image.cluster.broker(1)).toBe(undefined)
  expect(c.partition('t')).toMatchObject({ leader: 2, isr: [2], elr: [] })
  // What comes back under its id may have nothing: it is no heir by name.
  expect(c.partition('u')).toMatchObject({ leader: -1, isr: [], elr: [], lastKnownElr: [] })
  expect(c.commit(c.controller.unregisterBroker(1)).error).toBe('BROKER_ID_NOT_REGISTERED')
})

test('a heartbeat of a former incarnation changes nothing', () => {
  const c = new TestCluster()
  c.start([1])
  const stale = {
    brokerId: 1,
    brokerEpoch: c.brokerEpoch(1) - 1,
    currentMetadataOffset: 0,
    wantFence: true,
    wantShutDown: false,
  }
  for (const wrong of [stale, { ...stale, brokerId: 7 }]) {
    const outcome = c.controller.heartbeat(wrong, c.nowMs)
    expect(outcome.records).toEqual([])
    expect(outcome.reply).toMatchObject({ error: 'STALE_BROKER_EPOCH', isFenced: true })
  }
})

test('brokers that fall silent are fenced when their session has run out, not before', () => {
  const c = new TestCluster()
  c.start([1, 2])
  expect(c.wait(c.options.sessionTimeoutMs - 1, [2])).toEqual([])
  expect(c.wait(2, [2])).toEqual([1])
  expect(c.image.cluster.isUnfenced(1)).toBe(false)
  expect(c.image.cluster.isUnfenced(2)).toBe(true)
})

test('the controller asks to be called in time, and not at all without brokers', () => {
  const c = new TestCluster({ sessionTimeoutMs: 8_000 })
  expect(c.controller.nextDeadlineMs()).toBe(undefined)
  c.start([1])
  expect(c.controller.nextDeadlineMs()).toBe(3_000)
  c.nowMs = 3_000
  c.commit(c.controller.expireSessions(c.nowMs))
  expect(c.controller.nextDeadlineMs()).toBe(5_000)
  c.kill([1])
  expect(c.controller.nextDeadlineMs()).toBe(undefined)
})

test('time in which the controller itself stood still counts for nobody', () => {
  const c = new TestCluster()
  c.start([1, 2])
  // Heartbeats wait in the socket, and the timer runs first.
  c.nowMs += 60_000
  expect(c.commit(c.controller.expireSessions(c.nowMs))).toEqual([])
  expect(c.wait(c.options.sessionTimeoutMs + 1, [2])).toEqual([1])
})

test('another controller gives everybody a whole session, from its beginning on', () => {
  const c = new TestCluster()
  c.start([1, 2])
  c.wait(c.options.sessionTimeoutMs - 10, [2])
  c.failOver()
  expect(c.wait(c.options.sessionTimeoutMs - 10, [2])).toEqual([])
  expect(c.wait(20, [2])).toEqual([1])
})

test('blocks of producer ids never overlap, whoever asks, and across controllers', () => {
  const c = new TestCluster()
  c.start([1, 2])
  const ask = (id: number) =>
    c.commit(c.controller.allocateProducerIds(id, c.brokerEpoch(id))).producerIdStart
  expect([ask(1), ask(2)]).toEqual([0, 1000])
  c.failOver()
  expect(ask(1)).toBe(2000)
  const stale = c.commit(c.controller.allocateProducerIds(1, 77))
  expect(stale.error).toBe('STALE_BROKER_EPOCH')
})

test('leadership goes back only to preferred leaders that are in the ISR, so many at a time', () => {
  const c = new TestCluster()
  c.start([1, 2])
  for (const name of ['a', 'b', 'c', 'd']) c.createPartition(name, [1, 2])
  c.kill([1])
  c.heartbeat(1)
  expect(c.commit(c.controller.balanceLeaders(10))).toBe(0)
  for (const name of ['a', 'b', 'c']) c.proposeIsr(name, [2, 1])
  expect(c.commit(c.controller.balanceLeaders(2))).toBe(2)
  expect(c.commit(c.controller.balanceLeaders(2))).toBe(1)
  expect(c.commit(c.controller.balanceLeaders(2))).toBe(0)
  expect(c.partition('d').leader).toBe(2)
})

test('elections of all partitions leave out those that need none', () => {
  const c = new TestCluster()
  c.start([1, 2])
  for (const name of ['a', 'b', 'c']) c.createPartition(name, [1, 2])
  c.kill([1])
  c.heartbeat(1)
  c.proposeIsr('b', [2, 1])
  c.createPartition('d', [1, 2])
  const request = { electionType: 'preferred', partitions: undefined } as const
  const reply = c.commit(c.controller.electLeaders(request))
  expect(reply.map(({ topicName, error }) => [topicName, error])).toEqual([
    ['a', 'PREFERRED_LEADER_NOT_AVAILABLE'],
    ['b', 'NONE'],
    ['c', 'PREFERRED_LEADER_NOT_AVAILABLE'],
  ])
})

test('a proposal names each partition once, and partitions that exist', () => {
  const c = new TestCluster()
  c.start([1, 2])
  const { topicId } = c.createPartition('t', [1, 2])
  const proposed = {
    partitionIndex: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
    newIsr: [{ brokerId: 1, brokerEpoch: -1 }],
    leaderRecoveryState: 'recovered',
  } as const
  const ask = (brokerEpoch: number, id: string, indexes: readonly number[]) => {
    const partitions = indexes.map(partitionIndex => ({ ...proposed, partitionIndex }))
    const topics = [{ topicId: id, partitions }]
    const reply = c.commit(c.controller.alterPartition({ brokerId: 1, brokerEpoch, topics }))
    return [reply.error, reply.topics[0]?.partitions.map(({ error }) => error)]
  }
  const epoch = c.brokerEpoch(1)
  expect(ask(epoch - 1, topicId, [0])).toEqual(['STALE_BROKER_EPOCH', undefined])
  expect(ask(epoch, testId(1), [0])).toEqual(['NONE', ['UNKNOWN_TOPIC_ID']])
  expect(ask(epoch, topicId, [1])).toEqual(['NONE', ['UNKNOWN_TOPIC_OR_PARTITION']])
  expect(ask(epoch, topicId, [0, 0])).toEqual(['NONE', ['NONE', 'INVALID_REQUEST']])
})

test.each([
  ['is known to have ended', Number.NEGATIVE_INFINITY, 3_000],
  ['was heard of long ago', 0, 3_000],
  ['was heard of 2 s ago', 98_000, 7_000],
  ['was heard of just now', 100_000, 9_000],
])(
  'a new controller whose predecessor %s fences it after what is left',
  (_how, heardMs, leftMs) => {
    const c = new TestCluster({ sessionTimeoutMs: 9_000 })
    for (const id of [1, 2, 3]) c.register(id)
    for (const id of [1, 2, 3]) c.heartbeat(id)
    c.nowMs = 100_000
    c.failOver({ brokerId: 1, heardMs })
    const fencedAt = new Map<number, number>()
    for (let ms = 0; ms <= 9_000; ms += 1_000) {
      for (const id of c.commit(c.controller.expireSessions(100_000 + ms))) fencedAt.set(id, ms)
    }
    // Of the others nothing is known: each has a whole session.
    expect([...fencedAt]).toEqual(
      leftMs === 9_000
        ? [1, 2, 3].map(id => [id, 9_000])
        : [
            [1, leftMs],
            [2, 9_000],
            [3, 9_000],
          ],
    )
  },
)

test('a predecessor that is heard of again has a whole session', () => {
  const c = new TestCluster({ sessionTimeoutMs: 9_000 })
  c.register(1)
  c.heartbeat(1)
  c.failOver({ brokerId: 1, heardMs: Number.NEGATIVE_INFINITY })
  const startMs = c.nowMs
  const fencedAt: number[] = []
  for (; c.nowMs <= startMs + 12_000; c.nowMs += 1_000) {
    if (c.nowMs === startMs + 2_000) c.heartbeat(1)
    const fenced = c.commit(c.controller.expireSessions(c.nowMs))
    if (fenced.length > 0) fencedAt.push(c.nowMs - startMs)
  }
  expect(fencedAt).toEqual([11_000])
})
