// Leaders, configs, records, reassignments and the cluster, against brokers that move and refuse.

import {
  AlterPartitionReassignments,
  DeleteRecords,
  DescribeCluster,
  DescribeConfigs,
  type DescribeConfigsRequest,
  type DescribeConfigsResponse,
  DescribeProducers,
  DescribeQuorum,
  ElectLeaders,
  errorCodes,
  IncrementalAlterConfigs,
  ListConfigResources,
  ListOffsets,
  ListPartitionReassignments,
  UnregisterBroker,
} from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { Admin } from './admin.ts'

function adminOf(fake: FakeCluster): Admin {
  return new Admin(openCore(fake.options()))
}

test('offsets are asked of the leaders, and again of the new one', async () => {
  await using fake = new FakeCluster({ topics: { a: 3 } })
  await using admin = adminOf(fake)
  await fake.settle(admin.fetchTopicOffsets('a'))
  fake.moveLeader('a', 0, 3)
  await fake.settle(admin.fetchTopicOffsets('a'))
  fake.kill(2)
  const offsets = await fake.settle(admin.fetchTopicOffsets('a'))
  expect(offsets).toEqual([0, 1, 2].map(partition => ({ partition, low: 0, high: 0, offset: 0 })))
})

test('partitions without leader or without existence fail alone', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  await using admin = adminOf(fake)
  fake.moveLeader('a', 1, -1)
  const queries = [
    { topic: 'a', partition: 0, at: 'latest' },
    { topic: 'a', partition: 1, at: 'latest' },
    { topic: 'a', partition: 7, at: 'latest' },
    { topic: 'x', partition: 0, at: 'latest' },
  ] as const
  const options = { failures: 'return', timeoutMs: 4_000 } as const
  const outcomes = await fake.settle(admin.listOffsets(queries, options))
  expect(outcomes.map(({ error }) => error?.code)).toEqual([
    undefined,
    'LEADER_NOT_AVAILABLE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'UNKNOWN_TOPIC_OR_PARTITION',
  ])
  expect(outcomes[2]?.error?.message).toBe('a has no partition 7')
})

test('one partition can be asked for several places at once', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using admin = adminOf(fake)
  const at = ['earliest', 'latest', 1_000] as const
  const queries = at.map(each => ({ topic: 'a', partition: 0, at: each }))
  const found = await fake.settle(admin.listOffsets(queries, { isolationLevel: 'readCommitted' }))
  expect(found.map(({ offset }) => offset)).toEqual([0, 0, -1])
  const requests = fake.requests(ListOffsets).map(({ request }) => request)
  expect(requests.every(({ topics }) => topics[0]?.partitions.length === 1)).toBe(true)
  expect(requests.every(({ isolationLevel }) => isolationLevel === 1)).toBe(true)
  const wrong = admin.listOffsets([{ topic: 'a', partition: 0, at: -1 }])
  expect(await fake.rejection(wrong)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
})

test('records are deleted by the leaders, with an outcome each', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  await using admin = adminOf(fake)
  fake.on(DeleteRecords, ({ topics }, { brokerId }) => ({
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, offset }) => ({
        partitionIndex,
        lowWatermark: offset,
        errorCode: brokerId === 2 ? errorCodes.OFFSET_OUT_OF_RANGE : 0,
      })),
    })),
  }))
  const partitions = [0, 1].map(partition => ({ partition, offset: 9 }))
  const outcomes = await fake.settle(
    admin.deleteTopicRecords({ topic: 'a', partitions }, { failures: 'return' }),
  )
  expect(outcomes).toMatchObject([
    { value: { topic: 'a', partition: 0, lowWatermark: 9 } },
    { error: { code: 'OFFSET_OUT_OF_RANGE', partition: 1, brokerId: 2 } },
  ])
})

function configsOf(request: DescribeConfigsRequest, brokerId: number): DescribeConfigsResponse {
  return {
    throttleTimeMs: 0,
    results: request.resources.map(({ resourceType, resourceName }) => ({
      errorCode: resourceName === 'bad' ? errorCodes.INVALID_TOPIC_EXCEPTION : 0,
      errorMessage: null,
      resourceType,
      resourceName,
      configs: [
        {
          name: 'asked',
          value: `${brokerId}`,
          readOnly: true,
          configSource: 4,
          isSensitive: false,
          synonyms: [{ name: 'asked.default', value: null, source: 5 }],
          configType: 3,
          documentation: null,
        },
      ],
    })),
  }
}

test('a broker is asked for its own configs, any broker for the rest', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(DescribeConfigs, (request, { brokerId }) => configsOf(request, brokerId))
  const resources = [
    { type: 'broker', name: '2' },
    { type: 'topic', name: 'good', configNames: ['asked'] },
    { type: 'broker', name: '3' },
    { type: 'topic', name: 'bad' },
  ] as const
  const query = { resources, includeSynonyms: true }
  const outcomes = await fake.settle(admin.describeConfigs(query, { failures: 'return' }))
  const values = outcomes.map(({ value }) => value?.configs.get('asked')?.value)
  expect([values[0], values[2], values[3]]).toEqual(['2', '3', undefined])
  expect(outcomes[3]?.error).toMatchObject({ code: 'INVALID_TOPIC_EXCEPTION', topic: 'bad' })
  expect(outcomes[1]?.value?.configs.get('asked')).toMatchObject({
    source: 'static-broker',
    isDefault: false,
    isReadOnly: true,
    type: 'int',
    synonyms: [{ name: 'asked.default', value: undefined, source: 'default' }],
    documentation: undefined,
  })
})

test('changes of configs say set, delete, append and subtract', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(IncrementalAlterConfigs, ({ resources }) => ({
    throttleTimeMs: 0,
    responses: resources.map(({ resourceType, resourceName }) => {
      return { errorCode: 0, errorMessage: null, resourceType, resourceName }
    }),
  }))
  const configs = { a: 1, b: true, c: null, d: { append: 'x' }, e: { subtract: 'y' } }
  const resources = [{ type: 'topic', name: 't', configs } as const]
  const changed = await fake.settle(admin.alterConfigs({ resources, validateOnly: true }))
  expect(changed).toEqual([{ type: 'topic', name: 't' }])
  const [asked] = fake.requests(IncrementalAlterConfigs)
  expect(asked?.request.validateOnly).toBe(true)
  expect(asked?.request.resources[0]?.configs).toEqual([
    { name: 'a', configOperation: 0, value: '1' },
    { name: 'b', configOperation: 0, value: 'true' },
    { name: 'c', configOperation: 1, value: null },
    { name: 'd', configOperation: 2, value: 'x' },
    { name: 'e', configOperation: 3, value: 'y' },
  ])
})

test('the cluster is described by any broker, sorted, whatever died meanwhile', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  const broker = { host: 'h', port: 1, isFenced: false }
  fake.once(DescribeCluster, 'close')
  fake.on(DescribeCluster, () => ({
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    endpointType: 1,
    clusterId: 'id',
    controllerId: -1,
    brokers: [
      { ...broker, brokerId: 2, rack: 'b' },
      { ...broker, brokerId: 1, rack: null },
    ],
    clusterAuthorizedOperations: 0,
  }))
  expect(await fake.settle(admin.describeCluster())).toEqual({
    clusterId: 'id',
    controllerId: undefined,
    brokers: [
      { ...broker, brokerId: 1, rack: undefined },
      { ...broker, brokerId: 2, rack: 'b' },
    ],
  })
})

test('what the quorum, elections, moves and producers say is told', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using admin = adminOf(fake)
  const throttleTimeMs = 0
  const fine = { errorCode: 0, errorMessage: null }
  const replica = { replicaDirectoryId: 'AAAAAAAAAAAAAAAAAAAAAA', logEndOffset: 5 }
  const times = { lastFetchTimestamp: -1, lastCaughtUpTimestamp: -1 }
  const voter = { ...replica, ...times, replicaId: 1 }
  fake.on(DescribeQuorum, () => ({
    ...fine,
    topics: [
      {
        topicName: '__cluster_metadata',
        partitions: [
          {
            ...fine,
            partitionIndex: 0,
            leaderId: 1,
            leaderEpoch: 2,
            highWatermark: 5,
            currentVoters: [voter],
            observers: [],
          },
        ],
      },
    ],
    nodes: [],
  }))
  expect(await fake.settle(admin.describeQuorum())).toMatchObject({
    leaderId: 1,
    highWatermark: 5,
    voters: [{ replicaId: 1, logEndOffset: 5 }],
  })
  fake.on(ElectLeaders, () => ({
    throttleTimeMs,
    errorCode: 0,
    replicaElectionResults: [
      {
        topic: 'a',
        partitionResult: [
          { ...fine, partitionId: 0, errorCode: errorCodes.ELECTION_NOT_NEEDED },
          { ...fine, partitionId: 1, errorCode: errorCodes.INVALID_REQUEST },
        ],
      },
    ],
  }))
  const partitions = [0, 1].map(partition => ({ topic: 'a', partition }))
  const elected = await fake.settle(admin.electLeaders({ partitions }, { failures: 'return' }))
  expect(elected.map(({ error }) => error?.code)).toEqual([undefined, 'INVALID_REQUEST'])
  fake.on(DescribeProducers, ({ topics }) => ({
    throttleTimeMs,
    topics: topics.map(({ name }) => ({
      name,
      partitions: [{ ...fine, partitionIndex: 0, activeProducers: [] }],
    })),
  }))
  const [first] = partitions
  expect(await fake.settle(admin.describeProducers([first!]))).toEqual([
    { topic: 'a', partition: 0, producers: [] },
  ])
})

test('replicas are sent on their way, and the way is told', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using admin = adminOf(fake)
  fake.on(AlterPartitionReassignments, ({ topics }) => ({
    throttleTimeMs: 0,
    allowReplicationFactorChange: true,
    errorCode: 0,
    errorMessage: null,
    responses: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex, replicas }) => ({
        partitionIndex,
        errorCode: replicas === null ? errorCodes.NO_REASSIGNMENT_IN_PROGRESS : 0,
        errorMessage: null,
      })),
    })),
  }))
  const moves = [
    { topic: 'a', partition: 0, replicas: [2, 3] },
    { topic: 'b', partition: 1, replicas: null },
  ]
  const error = await fake.rejection(admin.alterPartitionReassignments(moves))
  expect(error.errors).toMatchObject([{ code: 'NO_REASSIGNMENT_IN_PROGRESS', topic: 'b' }])
  const onItsWay = { replicas: [1, 2], addingReplicas: [2], removingReplicas: [1] }
  fake.on(ListPartitionReassignments, () => ({
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    topics: [{ name: 'a', partitions: [{ partitionIndex: 0, ...onItsWay }] }],
  }))
  expect(await fake.settle(admin.listPartitionReassignments())).toEqual([
    { topic: 'a', partition: 0, ...onItsWay },
  ])
  expect(fake.requests(ListPartitionReassignments)[0]?.request.topics).toBeNull()
})

test('an error of the whole request is everybody’s', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  const refused = { errorCode: errorCodes.CLUSTER_AUTHORIZATION_FAILED, errorMessage: 'not you' }
  const throttleTimeMs = 0
  fake.on(UnregisterBroker, () => ({ throttleTimeMs, ...refused }))
  expect(await fake.rejection(admin.unregisterBroker(3))).toMatchObject({
    code: 'CLUSTER_AUTHORIZATION_FAILED',
    brokerId: 3,
    message: 'unregistering broker 3: CLUSTER_AUTHORIZATION_FAILED: not you',
  })
  fake.on(ListConfigResources, () => ({ throttleTimeMs, ...refused, configResources: [] }))
  expect(await fake.rejection(admin.listConfigResources())).toMatchObject({ retriable: false })
})

test('what a broker does not serve is told as such', async () => {
  await using fake = new FakeCluster()
  fake.versions(DescribeQuorum, undefined)
  await using admin = adminOf(fake)
  const error = await fake.rejection(admin.describeQuorum())
  expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_VERSION', retriable: false })
})

test('no brokers at all: a call takes its time and no more', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  for (const id of [1, 2, 3]) fake.vanish(id)
  const error = await fake.rejection(admin.describeCluster({ timeoutMs: 5_000 }))
  expect(error.retriable).toBe(true)
  expect(fake.nowMs).toBeLessThanOrEqual(5_100)
})

test('closing ends what is under way and leaves nothing behind', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const admin = adminOf(fake)
  await fake.settle(admin.fetchTopicOffsets('a'))
  fake.on(DescribeCluster, () => 'drop')
  const waiting = admin.describeCluster()
  await fake.until(() => fake.requests(DescribeCluster).length === 1)
  const closed = Promise.all([admin.close(), admin.close({ timeoutMs: 1 })])
  expect(await fake.rejection(waiting)).toMatchObject({ code: 'ERR_CLOSED' })
  await fake.settle(closed)
  expect(await fake.rejection(admin.listTopics())).toMatchObject({ code: 'ERR_CLOSED' })
  await fake.run(100)
  expect([fake.pendingTimers, fake.openConnections]).toEqual([0, 0])
})
