// What the client knows of topics and leaders, and when it asks again.

import { errorCodes, Metadata, type ResponseOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import type { MetadataChange } from './metadata.ts'

/** An answer about one topic only. */
function topicError(name: string, errorCode: number): ResponseOf<typeof Metadata> {
  return {
    throttleTimeMs: 0,
    brokers: [{ nodeId: 1, host: 'broker-1', port: 9092, rack: null }],
    clusterId: null,
    controllerId: 1,
    topics: [
      {
        errorCode,
        name,
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        isInternal: false,
        partitions: [],
        topicAuthorizedOperations: 0,
      },
    ],
    clusterAuthorizedOperations: 0,
    errorCode: 0,
  }
}

test('a topic is asked for once and then known', async () => {
  await using fake = new FakeCluster({ topics: { a: 3 } })
  await using core = openCore(fake.options())
  const topic = await fake.settle(core.metadata.topic('a'))
  expect(topic.partitions.map(({ leaderId }) => leaderId)).toEqual([1, 2, 3])
  expect(topic.topicId).toBe(fake.topicId('a'))
  expect(await core.metadata.topic('a')).toBe(topic)
  expect(core.metadata.cached('a')).toBe(topic)
  expect(core.metadata.nameOf(topic.topicId)).toBe('a')
  expect([...core.metadata.brokers.keys()]).toEqual([1, 2, 3])
  expect(core.metadata.clusterId).toBe('fake-cluster-0000000-w')
  expect(fake.requests(Metadata)).toHaveLength(1)
})

test('topics asked for together travel in one request', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1, c: 1 } })
  await using core = openCore(fake.options())
  await fake.settle(Promise.all(['a', 'b', 'a', 'c'].map(name => core.metadata.topic(name))))
  const asked = fake.requests(Metadata).map(({ request }) => request.topics?.map(t => t.name))
  expect(asked).toEqual([['a', 'b', 'c']])
})

test('a topic that nobody knows is given up soon; one being created is waited for', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  expect(await fake.rejection(core.metadata.topic('typo'))).toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
    topic: 'typo',
  })
  expect(fake.nowMs).toBeLessThan(4_000)
  const waiting = core.metadata.topic('late', { allowAutoTopicCreation: true })
  const made = fake.run(8_000).then(() => fake.createTopic('late', 1))
  await made
  expect(await fake.settle(waiting)).toMatchObject({ name: 'late' })
  expect(fake.requests(Metadata).at(-1)?.request.allowAutoTopicCreation).toBe(true)
})

test.each([
  ['LEADER_NOT_AVAILABLE', true],
  ['INVALID_TOPIC_EXCEPTION', false],
  ['TOPIC_AUTHORIZATION_FAILED', false],
] as const)('%s: tried again %s', async (code, isRetried) => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  fake.once(Metadata, topicError('a', errorCodes[code]))
  const asked = core.metadata.topic('a')
  if (isRetried) expect(await fake.settle(asked)).toMatchObject({ name: 'a' })
  else expect(await fake.rejection(asked)).toMatchObject({ code, retriable: false, topic: 'a' })
})

test('a partition without leader holds nobody up', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  await using core = openCore(fake.options())
  fake.moveLeader('a', 1, -1)
  const topic = await fake.settle(core.metadata.topic('a'))
  expect(topic.partitions.map(({ leaderId }) => leaderId)).toEqual([1, -1])
})

test.each(['close', 'drop', 'garbage'] as const)(
  'one answer lost by %s costs a retry',
  async how => {
    await using fake = new FakeCluster({ topics: { a: 1 } })
    await using core = openCore(fake.options())
    fake.once(Metadata, how)
    const asked = core.metadata.topic('a')
    if (how === 'garbage')
      expect(await fake.rejection(asked)).toMatchObject({ code: 'ERR_PROTOCOL' })
    else expect(await fake.settle(asked)).toMatchObject({ name: 'a' })
  },
)

test('no broker at all is tried until the time is over', async () => {
  await using fake = new FakeCluster({ brokers: 1 })
  await using core = openCore(fake.options())
  fake.kill(1)
  const error = await fake.rejection(core.metadata.topic('a', { timeoutMs: 5_000 }))
  expect(error.code).toBe('ERR_CONNECTION')
  expect(fake.nowMs).toBeGreaterThan(3_500)
  expect(fake.nowMs).toBeLessThan(5_100)
})

test('the caller’s signal ends the waiting and not the work of others', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  for (const id of [1, 2, 3]) fake.delay(id, 1_000)
  const abort = new AbortController()
  const [given, kept] = [
    core.metadata.topic('a', { signal: abort.signal }),
    core.metadata.topic('a'),
  ]
  const rejected = fake.rejection(given)
  abort.abort(new Error('enough'))
  expect(await rejected).toMatchObject({ code: 'ERR_ABORTED', cause: { message: 'enough' } })
  expect(await fake.settle(kept)).toMatchObject({ name: 'a' })
})

test('after invalidate it is asked for again, readable all the while', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  await fake.settle(core.metadata.topic('a'))
  fake.moveLeader('a', 0, 2)
  core.metadata.invalidate('a')
  expect(core.metadata.cached('a')?.partitions[0]?.leaderId).toBe(1)
  const topic = await fake.settle(core.metadata.topic('a'))
  expect(topic.partitions[0]).toMatchObject({ leaderId: 2, leaderEpoch: 1 })
})

test('a storm of doubts makes few requests', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  await fake.settle(core.metadata.topic('a'))
  for (let i = 0; i < 200; i++) {
    core.metadata.invalidate('a')
    await fake.run(10)
  }
  expect(fake.requests(Metadata).length).toBeLessThan(10)
  expect(fake.requests(Metadata).length).toBeGreaterThan(2)
})

test('a leader that a broker tells of is believed when its epoch is newer', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  await fake.settle(core.metadata.topic('a'))
  const { metadata } = core
  expect(metadata.leaderHint('a', 0, 2, 0)).toBe(false)
  expect(metadata.leaderHint('a', 0, 9, 5)).toBe(false)
  expect(metadata.leaderHint('a', 0, 9, 5, [{ id: 9, host: 'n', port: 1, rack: null }])).toBe(true)
  expect(metadata.cached('a')?.partitions[0]).toMatchObject({ leaderId: 9, leaderEpoch: 5 })
  expect(metadata.brokers.get(9)?.host).toBe('n')
  // A broker that has not heard of it yet does not take it back.
  await fake.settle(metadata.refresh())
  expect(metadata.cached('a')?.partitions[0]).toMatchObject({ leaderId: 9, leaderEpoch: 5 })
})

test('a topic that was deleted and made anew begins with its own epochs', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  fake.moveLeader('a', 0, 2)
  const { topicId } = await fake.settle(core.metadata.topic('a'))
  fake.deleteTopic('a')
  fake.createTopic('a', 1)
  await fake.settle(core.metadata.refresh())
  const topic = core.metadata.cached('a')
  expect(topic?.topicId).not.toBe(topicId)
  expect(topic?.partitions[0]?.leaderEpoch).toBe(0)
  expect(core.metadata.nameOf(topicId)).toBeUndefined()
})

test('a watch tells of what changed among its topics, by age and by doubt', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1 } })
  await using core = openCore(fake.options({ metadataMaxAgeMs: 60_000 }))
  using watch = core.metadata.watch(['a'])
  const seen: MetadataChange[] = []
  watch.onChange(change => seen.push(change))
  await fake.run(1_000)
  expect(seen).toMatchObject([{ changed: [{ name: 'a' }], gone: [] }])
  await fake.settle(core.metadata.topic('b'))
  expect(seen).toHaveLength(1)
  fake.addPartitions('a', 2)
  await fake.run(61_000)
  expect(seen[1]?.changed[0]?.partitions).toHaveLength(2)
  fake.moveLeader('a', 0, 3)
  core.metadata.invalidate('a')
  await fake.run(1_000)
  expect(seen[2]?.changed[0]?.partitions[0]?.leaderId).toBe(3)
  fake.deleteTopic('a')
  await fake.run(61_000)
  expect(seen[3]).toEqual({ changed: [], gone: ['a'] })
})

test('a watched topic that does not exist yet is seen soon after it was made', async () => {
  await using fake = new FakeCluster()
  await using core = openCore(fake.options())
  using watch = core.metadata.watch(['later'])
  const seen: MetadataChange[] = []
  watch.onChange(change => seen.push(change))
  await fake.run(10_000)
  fake.createTopic('later', 1)
  await fake.run(3_000)
  expect(seen).toMatchObject([{ changed: [{ name: 'later' }] }])
})

test('a watch of all topics sees topics come and go', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options({ metadataMaxAgeMs: 1_000 }))
  using watch = core.metadata.watch('all')
  const names: string[] = []
  watch.onChange(({ changed, gone }) => {
    names.push(...changed.map(({ name }) => `+${name}`), ...gone.map(name => `-${name}`))
  })
  await fake.run(500)
  fake.createTopic('b', 1)
  fake.deleteTopic('a')
  await fake.run(1_500)
  expect(names).toEqual(['+a', '+b', '-a'])
})

test('without a watch nothing goes on by itself', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options({ metadataMaxAgeMs: 1_000 }))
  const watch = core.metadata.watch(['a'])
  await fake.run(5_500)
  const count = fake.requests(Metadata).length
  expect(count).toBeGreaterThan(3)
  watch[Symbol.dispose]()
  await fake.run(10_000)
  expect(fake.requests(Metadata)).toHaveLength(count)
  expect(fake.pendingTimers).toBe(0)
})

test('topics leaves out what does not exist', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1 } })
  await using core = openCore(fake.options())
  const some = await fake.settle(core.metadata.topics(['b', 'x', 'b']))
  expect(some.map(({ name }) => name)).toEqual(['b'])
  const all = await fake.settle(core.metadata.topics('all'))
  expect(all.map(({ name }) => name)).toEqual(['a', 'b'])
})

test('a cluster that says nothing of it is known any more begins at the bootstrap', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using core = openCore(fake.options())
  await fake.settle(core.metadata.topics('all'))
  fake.once(Metadata, {
    ...topicError('a', 0),
    topics: [],
    errorCode: errorCodes.REBOOTSTRAP_REQUIRED,
  })
  const refused = core.metadata.refresh()
  expect(await fake.rejection(refused)).toMatchObject({ code: 'REBOOTSTRAP_REQUIRED' })
  expect(core.brokers.known.size).toBe(0)
  core.metadata.invalidate()
  expect(await fake.settle(core.metadata.topic('a'))).toMatchObject({ name: 'a' })
})
