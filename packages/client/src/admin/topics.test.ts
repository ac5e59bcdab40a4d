// Topics and their pages, against brokers that refuse, lose and forget.

import {
  CreatePartitions,
  type CreatePartitionsResponse,
  CreateTopics,
  type CreateTopicsRequest,
  type CreateTopicsResponse,
  DeleteTopics,
  DescribeTopicPartitions,
  type DescribeTopicPartitionsResponse,
  type ErrorName,
  errorCodes,
  Metadata,
} from '@klamm/protocol'
import { expect, expectTypeOf, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { Admin } from './admin.ts'
import type { Outcome } from './call.ts'
import type { CreatedTopic } from './topics.ts'

function adminOf(fake: FakeCluster): Admin {
  return new Admin(openCore(fake.options()))
}

/** Creates what has no error here. */
function creating(fake: FakeCluster, errors: Readonly<Record<string, ErrorName>> = {}) {
  return ({ topics, validateOnly }: CreateTopicsRequest): CreateTopicsResponse => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, numPartitions }) => {
      const error = errors[name]
      if (error === undefined && !validateOnly) fake.createTopic(name, Math.max(1, numPartitions))
      return {
        name,
        topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
        errorCode: error === undefined ? 0 : errorCodes[error],
        errorMessage: error === undefined ? null : `because of ${name}`,
        topicConfigErrorCode: 0,
        numPartitions,
        replicationFactor: 3,
        configs: [],
      }
    }),
  })
}

const names = (requests: readonly { readonly request: CreateTopicsRequest }[]) =>
  requests.map(({ request }) => request.topics.map(({ name }) => name))

test('what can be tried again is, by itself; what is done stays done', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.once(CreateTopics, 'close')
  fake.once(CreateTopics, creating(fake, { b: 'NOT_CONTROLLER', c: 'POLICY_VIOLATION' }))
  fake.on(CreateTopics, creating(fake))
  const topics = ['a', 'b', 'c'].map(topic => ({ topic }))
  const outcomes = await fake.settle(admin.createTopics({ topics }, { failures: 'return' }))
  expect(outcomes.map(({ key, error }) => [key, error?.message])).toEqual([
    ['a', undefined],
    ['b', undefined],
    ['c', 'creating c: POLICY_VIOLATION: because of c'],
  ])
  expect(names(fake.requests(CreateTopics))).toEqual([['a', 'b', 'c'], ['a', 'b', 'c'], ['b']])
})

test('one failure rejects with that error, several with one that has them all', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  const errors = { a: 'POLICY_VIOLATION', b: 'INVALID_CONFIG' } as const
  fake.on(CreateTopics, creating(fake, errors))
  const one = await fake.rejection(admin.createTopics({ topics: [{ topic: 'a' }] }))
  expect(one).toMatchObject({ code: 'POLICY_VIOLATION', topic: 'a', errors: [] })
  const topics = ['a', 'b', 'c'].map(topic => ({ topic }))
  const many = await fake.rejection(admin.createTopics({ topics }))
  expect(many).toMatchObject({
    code: 'POLICY_VIOLATION',
    retriable: false,
    errors: [{ topic: 'a' }, { topic: 'b', code: 'INVALID_CONFIG' }],
  })
  expect(many.message).toMatch(/^2 of 3 failed: .*because of a; .*because of b$/)
})

test('a time-out of the controller is not tried again: it may have been done', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(CreateTopics, creating(fake, { a: 'REQUEST_TIMED_OUT' }))
  const error = await fake.rejection(admin.createTopics({ topics: [{ topic: 'a' }] }))
  expect(error.code).toBe('REQUEST_TIMED_OUT')
  expect(fake.requests(CreateTopics)).toHaveLength(1)
})

test('a created topic is waited for until it has leaders, and not created again', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(CreateTopics, async (request, { sleep }) => {
    const response = creating(fake)(request)
    fake.moveLeader('a', 0, -1)
    sleep(700).then(() => fake.moveLeader('a', 0, 2))
    return response
  })
  const created = await fake.settle(admin.createTopics({ topics: [{ topic: 'a' }] }))
  expect(created).toMatchObject([{ topic: 'a' }])
  expect(fake.nowMs).toBeGreaterThan(700)
  expect(fake.requests(CreateTopics)).toHaveLength(1)
})

test('it does not wait when it is told not to, or when nothing was created', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(CreateTopics, creating(fake))
  const topics = [{ topic: 'a', replicaAssignment: [{ partition: 0, replicas: [2, 3] }] }]
  await fake.settle(admin.createTopics({ topics, waitForLeaders: false }))
  await fake.settle(admin.createTopics({ topics, validateOnly: true }))
  expect(fake.requests(Metadata)).toEqual([])
  expect(fake.requests(CreateTopics)[0]?.request.topics[0]).toMatchObject({
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [{ partitionIndex: 0, brokerIds: [2, 3] }],
  })
})

test('leaders that do not come are told as such when the time is over', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(CreateTopics, request => {
    const response = creating(fake)(request)
    fake.moveLeader('a', 0, -1)
    return response
  })
  const asked = admin.createTopics({ topics: [{ topic: 'a' }] }, { timeoutMs: 3_000 })
  expect(await fake.rejection(asked)).toMatchObject({
    code: 'LEADER_NOT_AVAILABLE',
    message: 'creating a: it was created and has no leaders yet',
  })
  expect(fake.nowMs).toBeLessThan(3_500)
})

test('a topic given twice is refused, one that is not answered for is told', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  const twice = admin.createTopics({ topics: [{ topic: 'a' }, { topic: 'a' }] })
  expect(await fake.rejection(twice)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  fake.on(CreateTopics, () => ({ throttleTimeMs: 0, topics: [] }))
  const lost = admin.createTopics({ topics: [{ topic: 'a' }] })
  expect(await fake.rejection(lost)).toMatchObject({ code: 'ERR_PROTOCOL' })
})

test('the signal ends a call in the middle of its wait', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(CreateTopics, creating(fake, { a: 'NOT_CONTROLLER' }))
  const abort = new AbortController()
  const { signal } = abort
  const asked = fake.rejection(admin.createTopics({ topics: [{ topic: 'a' }] }, { signal }))
  fake.world.scheduler.after(1_000, () => abort.abort(new Error('enough')))
  expect(await asked).toMatchObject({ code: 'ERR_ABORTED', cause: { message: 'enough' } })
  expect(fake.pendingTimers).toBe(0)
})

test('types say what a call gives', () => {
  const admin = {} as Admin
  const give = () => admin.createTopics({ topics: [] })
  const giveOutcomes = () => admin.createTopics({ topics: [] }, { failures: 'return' })
  const giveWithTime = () => admin.createTopics({ topics: [] }, { timeoutMs: 1 })
  expectTypeOf(give).returns.resolves.toEqualTypeOf<readonly CreatedTopic[]>()
  expectTypeOf(giveWithTime).returns.resolves.toEqualTypeOf<readonly CreatedTopic[]>()
  expectTypeOf(giveOutcomes).returns.resolves.toEqualTypeOf<
    readonly Outcome<string, CreatedTopic>[]
  >()
  expect(give).toBeTypeOf('function')
})

test('topics are deleted by name in every version', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1 } })
  fake.versions(DeleteTopics, [1, 5])
  await using admin = adminOf(fake)
  fake.on(DeleteTopics, ({ topicNames }) => ({
    throttleTimeMs: 0,
    responses: topicNames.map(name => ({
      name,
      topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
      errorCode: name === 'x' ? errorCodes.UNKNOWN_TOPIC_OR_PARTITION : 0,
      errorMessage: null,
    })),
  }))
  const outcomes = await fake.settle(
    admin.deleteTopics({ topics: ['a', 'x', 'a'] }, { failures: 'return' }),
  )
  expect(outcomes.map(({ key, error }) => [key, error?.code])).toEqual([
    ['a', undefined],
    ['x', 'UNKNOWN_TOPIC_OR_PARTITION'],
  ])
  expect(fake.requests(DeleteTopics)).toHaveLength(1)
})

test('partitions are added, placed by hand or not', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(
    CreatePartitions,
    ({ topics }): CreatePartitionsResponse => ({
      throttleTimeMs: 0,
      results: topics.map(({ name, count }) => ({
        name,
        errorCode: count < 2 ? errorCodes.INVALID_PARTITIONS : 0,
        errorMessage: null,
      })),
    }),
  )
  const topicPartitions = [
    {
      topic: 'a',
      count: 3,
      assignments: [
        [1, 2],
        [2, 3],
      ],
    },
    { topic: 'b', count: 1 },
  ]
  const error = await fake.rejection(
    admin.createPartitions({ topicPartitions, validateOnly: true }),
  )
  expect(error).toMatchObject({ code: 'INVALID_PARTITIONS', errors: [{ topic: 'b' }] })
  expect(fake.requests(CreatePartitions)[0]?.request).toMatchObject({
    validateOnly: true,
    topics: [
      { assignments: [{ brokerIds: [1, 2] }, { brokerIds: [2, 3] }] },
      { assignments: null },
    ],
  })
})

function partition(partitionIndex: number) {
  return {
    errorCode: 0,
    partitionIndex,
    leaderId: 1,
    leaderEpoch: 4,
    replicaNodes: [1, 2],
    isrNodes: [1],
    eligibleLeaderReplicas: [2],
    lastKnownElr: null,
    offlineReplicas: [2],
  }
}

function topicPage(name: string, partitions: readonly number[], error: ErrorName = 'NONE') {
  return {
    errorCode: errorCodes[error],
    name,
    topicId: 'AAAAAAAAAAAAAAAAAAAAAA',
    isInternal: name.startsWith('__'),
    partitions: partitions.map(partition),
    topicAuthorizedOperations: 0,
  }
}

function pages(...list: readonly DescribeTopicPartitionsResponse['topics'][]) {
  return list.map((topics, i) => {
    const isLast = i === list.length - 1
    const nextCursor = isLast ? null : { topicName: `page ${i + 1}`, partitionIndex: 7 }
    return { throttleTimeMs: 0, topics, nextCursor }
  })
}

test('a topic that goes over several pages is put together', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  const [first, second, third] = pages(
    [topicPage('__x', [0]), topicPage('a', [0, 1])],
    [topicPage('a', [2, 3])],
    [topicPage('a', [4]), topicPage('b', [0])],
  )
  fake.once(DescribeTopicPartitions, first)
  fake.once(DescribeTopicPartitions, 'close')
  fake.once(DescribeTopicPartitions, second)
  fake.once(DescribeTopicPartitions, third)
  const seen: unknown[] = []
  const run = async (): Promise<void> => {
    for await (const { topic, partitions } of admin.topics({ pageSize: 3 })) {
      seen.push([topic, partitions.length])
    }
  }
  await fake.settle(run())
  expect(seen).toEqual([
    ['a', 5],
    ['b', 1],
  ])
  const cursors = fake.requests(DescribeTopicPartitions).map(({ request }) => request.cursor)
  expect(cursors.map(cursor => cursor?.topicName)).toEqual([
    undefined,
    'page 1',
    'page 1',
    'page 2',
  ])
})

test('a topic that stays unknown is given up after a while; one that shows up is described', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  let asked = 0
  fake.on(DescribeTopicPartitions, ({ topics }) => {
    asked += 1
    const isNew = ({ name }: { readonly name: string }): boolean => name === 'new' && asked < 3
    const answers = topics.map(each =>
      isNew(each) || each.name === 'never'
        ? topicPage(each.name, [], 'UNKNOWN_TOPIC_OR_PARTITION')
        : topicPage(each.name, [0]),
    )
    return pages(answers)[0]
  })
  const outcomes = await fake.settle(
    admin.describeTopics(['never', 'new', 'old'], { failures: 'return' }),
  )
  expect(outcomes.map(({ key, error }) => [key, error?.code])).toEqual([
    ['never', 'UNKNOWN_TOPIC_OR_PARTITION'],
    ['new', undefined],
    ['old', undefined],
  ])
  expect(outcomes[2]?.value?.partitions[0]).toEqual({
    partition: 0,
    leaderId: 1,
    leaderEpoch: 4,
    replicas: [1, 2],
    isr: [1],
    offline: [2],
    eligibleLeaders: [2],
    lastKnownEligibleLeaders: undefined,
  })
  expect(fake.nowMs).toBeLessThan(4_000)
})

test('brokers without pages are asked for their metadata', async () => {
  await using fake = new FakeCluster({ topics: { b: 1, a: 2, __internal: 1 } })
  fake.versions(DescribeTopicPartitions, undefined)
  await using admin = adminOf(fake)
  const seen: string[] = []
  const run = async (): Promise<void> => {
    for await (const { topic } of admin.topics({ includeInternal: true })) seen.push(topic)
  }
  await fake.settle(run())
  expect(seen).toEqual(['__internal', 'a', 'b'])
  expect(await fake.settle(admin.listTopics())).toEqual(['a', 'b'])
  const outcomes = await fake.settle(admin.describeTopics(['a', 'x'], { failures: 'return' }))
  expect(outcomes[0]?.value?.partitions).toHaveLength(2)
  expect(outcomes[1]?.error?.code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
})
