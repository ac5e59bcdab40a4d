import { isUuid, zeroUuid } from '@klamm/base'
import { expect, test } from 'vitest'
import { TestCluster } from '../testing/test-cluster.ts'
import type { CreateTopicsRequest, NewTopic } from './types.ts'

function cluster(brokers = [1, 2, 3], staticConfigs: [string, string][] = []): TestCluster {
  const cluster = new TestCluster({ staticConfigs: new Map(staticConfigs) })
  cluster.start(brokers)
  return cluster
}

function newTopic(name: string, topic: Partial<NewTopic> = {}): NewTopic {
  const counts = { partitionCount: 1, replicationFactor: 1 }
  return { name, ...counts, assignments: [], configs: [], ...topic }
}

function create(c: TestCluster, topics: readonly NewTopic[], validateOnly = false) {
  const request: CreateTopicsRequest = { topics, validateOnly }
  return c.commit(c.controller.createTopics(request, c.random))
}

test('a created topic has an id, its partitions, and leaders among its replicas', () => {
  const c = cluster()
  const created = c.createTopic('t', { partitionCount: 6, replicationFactor: 2 })
  expect(created).toMatchObject({ error: 'NONE', partitionCount: 6, replicationFactor: 2 })
  expect(isUuid(created.topicId)).toBe(true)
  const topic = c.image.topics.byName('t')
  expect(topic?.id).toBe(created.topicId)
  expect(topic?.partitions.length).toBe(6)
  for (const partition of topic?.partitions ?? []) {
    expect(partition.replicas.length).toBe(2)
    expect(partition.isr).toEqual(partition.replicas)
    expect(partition.leader).toBe(partition.replicas[0])
  }
})

test('counts of -1 are the defaults of the cluster', () => {
  const c = cluster(
    [1, 2, 3],
    [
      ['num.partitions', '4'],
      ['default.replication.factor', '3'],
    ],
  )
  const defaults = { partitionCount: -1, replicationFactor: -1 }
  expect(c.createTopic('t', defaults)).toMatchObject({ partitionCount: 4, replicationFactor: 3 })
})

test('wrong counts are refused', () => {
  const c = cluster()
  const wrong = [
    [{ partitionCount: 0 }, 'INVALID_PARTITIONS'],
    [{ partitionCount: -2 }, 'INVALID_PARTITIONS'],
    [{ partitionCount: 10_001 }, 'INVALID_PARTITIONS'],
    [{ replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
    [{ replicationFactor: -2 }, 'INVALID_REPLICATION_FACTOR'],
    [{ replicationFactor: 4 }, 'INVALID_REPLICATION_FACTOR'],
  ] as const
  for (const [counts, error] of wrong) {
    expect(c.createTopic('t', counts)).toMatchObject({
      error,
      topicId: zeroUuid,
      partitionCount: -1,
    })
  }
  expect(c.image.topics.size).toBe(0)
})

test('without a broker that is there no topic is created', () => {
  const c = cluster([1])
  c.kill([1])
  expect(c.createTopic('t').error).toBe('INVALID_REPLICATION_FACTOR')
})

test('names are checked', () => {
  const c = cluster()
  for (const name of ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250), '__cluster_metadata']) {
    expect(c.createTopic(name).error).toBe('INVALID_TOPIC_EXCEPTION')
  }
  for (const name of ['a', 'A-b.c_1', '...', 'x'.repeat(249), '__consumer_offsets']) {
    expect(c.createTopic(name).error).toBe('NONE')
  }
})

test('names that differ only in dots and underscores collide, also within one request', () => {
  const c = cluster()
  c.createTopic('a.b')
  expect(c.createTopic('a.b').error).toBe('TOPIC_ALREADY_EXISTS')
  expect(c.createTopic('a_b').error).toBe('INVALID_TOPIC_EXCEPTION')
  const reply = create(c, [newTopic('c_d'), newTopic('c.d'), newTopic('cd')])
  expect(reply.map(({ error }) => error)).toEqual(['NONE', 'INVALID_TOPIC_EXCEPTION', 'NONE'])
})

test('a name given twice is refused, once', () => {
  const c = cluster()
  const reply = create(c, [newTopic('a'), newTopic('b'), newTopic('a')])
  expect(reply.map(({ name, error }) => [name, error])).toEqual([
    ['a', 'INVALID_REQUEST'],
    ['b', 'NONE'],
  ])
})

test('one topic of a request is refused, the others are created', () => {
  const c = cluster()
  const reply = create(c, [newTopic('a'), newTopic('b', { partitionCount: 0 }), newTopic('c')])
  expect(reply.map(({ error }) => error)).toEqual(['NONE', 'INVALID_PARTITIONS', 'NONE'])
  expect(c.image.topics.sortedNames()).toEqual(['a', 'c'])
})

test('validating creates nothing and answers the same', () => {
  const c = cluster()
  const [valid] = create(c, [newTopic('t', { partitionCount: 3 })], true)
  expect(valid).toMatchObject({ error: 'NONE', partitionCount: 3 })
  expect(c.image.topics.size).toBe(0)
})

test('replicas may be placed by hand, within reason', () => {
  const c = cluster()
  const assign = (...brokerIds: number[][]) => ({
    assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids })),
  })
  expect(c.createTopic('t', assign([3, 1], [1, 2]))).toMatchObject({
    error: 'NONE',
    partitionCount: 2,
    replicationFactor: 2,
  })
  expect(c.partition('t', 0)).toMatchObject({ replicas: [3, 1], leader: 3 })
  for (const wrong of [assign([]), assign([1, 1]), assign([9]), assign([1], [1, 2])]) {
    expect(c.createTopic('u', wrong).error).toBe('INVALID_REPLICA_ASSIGNMENT')
  }
  const gap = { assignments: [{ partitionIndex: 1, brokerIds: [1] }] }
  expect(c.createTopic('u', gap).error).toBe('INVALID_REPLICA_ASSIGNMENT')
  const both = { ...assign([1]), partitionCount: 1 }
  expect(c.createTopic('u', both).error).toBe('INVALID_REQUEST')
})

test('a replica on a broker that is away is no member of the ISR', () => {
  const c = cluster()
  c.kill([1])
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2, 3] }]
  expect(c.createTopic('t', { assignments }).error).toBe('NONE')
  expect(c.partition('t')).toMatchObject({ replicas: [1, 2, 3], isr: [2, 3], leader: 2 })
  const alone = [{ partitionIndex: 0, brokerIds: [1] }]
  expect(c.createTopic('u', { assignments: alone }).error).toBe('INVALID_REPLICA_ASSIGNMENT')
})

test('configs come with the topic, and wrong ones keep it from being created', () => {
  const c = cluster()
  const withConfig = (name: string, value: string | undefined) => ({ configs: [{ name, value }] })
  const created = c.createTopic('t', withConfig('retention.ms', '5'))
  expect([...created.configs]).toEqual([['retention.ms', '5']])
  expect(c.image.configs.of('topic', 't').get('retention.ms')).toBe('5')
  for (const [name, value] of [
    ['no.such.config', '1'],
    ['retention.ms', 'soon'],
    ['cleanup.policy', 'shred'],
    ['min.insync.replicas', '0'],
    ['retention.ms', undefined],
    ['remote.storage.enable', 'true'],
  ] as const) {
    expect(c.createTopic('u', withConfig(name, value)).error).toBe('INVALID_CONFIG')
  }
})

test('a request that is too large for one entry of the log is refused', () => {
  const c = new TestCluster({ maxRecordsPerOperation: 10 })
  c.start([1])
  const reply = create(c, [
    newTopic('a', { partitionCount: 6 }),
    newTopic('b', { partitionCount: 6 }),
  ])
  expect(reply.map(({ error }) => error)).toEqual(['NONE', 'POLICY_VIOLATION'])
})

test('topics are deleted by name or id, and are named in full', () => {
  const c = cluster()
  const a = c.createTopic('a').topicId
  const b = c.createTopic('b').topicId
  const unknown = c.createTopic('c').topicId
  c.commit(c.controller.deleteTopics([{ name: 'c', topicId: undefined }]))
  const reply = c.commit(
    c.controller.deleteTopics([
      { name: 'a', topicId: undefined },
      { name: undefined, topicId: b },
      { name: 'nowhere', topicId: undefined },
      { name: undefined, topicId: unknown },
      { name: undefined, topicId: undefined },
    ]),
  )
  expect(reply.map(({ name, topicId, error }) => [name, topicId, error])).toEqual([
    ['a', a, 'NONE'],
    ['b', b, 'NONE'],
    ['nowhere', undefined, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [undefined, unknown, 'UNKNOWN_TOPIC_ID'],
    [undefined, undefined, 'INVALID_REQUEST'],
  ])
  expect(c.image.topics.size).toBe(0)
})

test('a topic named twice, be it by name and by id, is not deleted', () => {
  const c = cluster()
  const topicId = c.createTopic('a').topicId
  const twice = [
    { name: 'a', topicId: undefined },
    { name: undefined, topicId },
  ]
  const reply = c.commit(c.controller.deleteTopics(twice))
  expect(reply.map(({ error }) => error)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
  expect(c.image.topics.size).toBe(1)
})

test('topics cannot be deleted where that is switched off', () => {
  const c = cluster([1], [['delete.topic.enable', 'false']])
  c.createTopic('a')
  const [reply] = c.commit(c.controller.deleteTopics([{ name: 'a', topicId: undefined }]))
  expect(reply?.error).toBe('TOPIC_DELETION_DISABLED')
})

function addPartitions(
  c: TestCluster,
  name: string,
  partitionCount: number,
  assignments?: readonly (readonly number[])[],
  validateOnly = false,
) {
  const topics = [{ name, partitionCount, assignments }]
  const [reply] = c.commit(c.controller.createPartitions({ topics, validateOnly }, c.random))
  return reply?.error
}

test('partitions are added to those that are there', () => {
  const c = cluster()
  c.createTopic('t', { partitionCount: 2, replicationFactor: 2 })
  const before = c.image.topics.byName('t')?.partitions
  expect(addPartitions(c, 't', 6)).toBe('NONE')
  const after = c.image.topics.byName('t')?.partitions
  expect(after?.slice(0, 2)).toEqual(before)
  expect(after?.map(({ replicas }) => replicas.length)).toEqual([2, 2, 2, 2, 2, 2])
  expect(new Set(after?.map(({ leader }) => leader)).size).toBe(3)
  expect(addPartitions(c, 't', 7, [[3, 1]])).toBe('NONE')
  expect(c.partition('t', 6).replicas).toEqual([3, 1])
})

test('partitions are never taken away, and added ones must fit', () => {
  const c = cluster()
  c.createTopic('t', { partitionCount: 2, replicationFactor: 2 })
  expect(addPartitions(c, 'nowhere', 3)).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  expect(addPartitions(c, 't', 2)).toBe('INVALID_PARTITIONS')
  expect(addPartitions(c, 't', 1)).toBe('INVALID_PARTITIONS')
  expect(addPartitions(c, 't', 10_001)).toBe('INVALID_PARTITIONS')
  expect(addPartitions(c, 't', 4, [[1, 2]])).toBe('INVALID_REPLICA_ASSIGNMENT')
  expect(addPartitions(c, 't', 3, [[1]])).toBe('INVALID_REPLICA_ASSIGNMENT')
  expect(addPartitions(c, 't', 3, [[1, 9]])).toBe('INVALID_REPLICA_ASSIGNMENT')
  expect(addPartitions(c, 't', 3, undefined, true)).toBe('NONE')
  expect(c.image.topics.byName('t')?.partitions.length).toBe(2)
  const topics = [3, 4].map(partitionCount => ({
    name: 't',
    partitionCount,
    assignments: undefined,
  }))
  const reply = c.commit(c.controller.createPartitions({ topics, validateOnly: false }, c.random))
  expect(reply.map(({ error }) => error)).toEqual(['INVALID_REQUEST', 'INVALID_REQUEST'])
})
