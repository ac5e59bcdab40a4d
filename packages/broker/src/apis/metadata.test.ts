import { zeroUuid } from '@klamm/base'
import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { metadata } from './metadata.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

const named = (...names: string[]) => names.map(name => ({ topicId: zeroUuid, name }))

for (const apiVersion of versionsOf(metadata)) {
  test(`version ${apiVersion} tells the brokers that are there and the topics asked for`, async () => {
    const cluster = clusterOf()
    const { topicId } = cluster.createPartition('t', [3, 2])
    cluster.createPartition('other', [1])
    cluster.kill([3])
    const services = servicesOf(cluster)
    const response = await ask(metadata, services, { apiVersion }, { topics: named('t') })
    expect(response.brokers.map(({ nodeId }) => nodeId)).toEqual([1, 2])
    expect(response.brokers[0]).toMatchObject({
      host: 'localhost',
      port: 9092,
      rack: apiVersion >= 1 ? 'zone-a' : null,
    })
    expect(response.controllerId).toBe(apiVersion >= 1 ? 2 : -1)
    expect(response.clusterId).toBe(apiVersion >= 2 ? 'test' : null)
    expect(response.topics).toEqual([
      {
        errorCode: errorCodes.NONE,
        name: 't',
        topicId: apiVersion >= 10 ? topicId : zeroUuid,
        isInternal: false,
        topicAuthorizedOperations: -0x80000000,
        partitions: [
          {
            errorCode: errorCodes.NONE,
            partitionIndex: 0,
            leaderId: 2,
            leaderEpoch: apiVersion >= 7 ? 1 : -1,
            replicaNodes: [3, 2],
            isrNodes: [2],
            offlineReplicas: apiVersion >= 5 ? [3] : [],
          },
        ],
      },
    ])
  })

  test(`version ${apiVersion} tells of all topics when it is asked for all`, async () => {
    const cluster = clusterOf()
    cluster.createTopic('a', { partitionCount: 3 })
    cluster.createTopic('__consumer_offsets')
    const topics = apiVersion === 0 ? [] : null
    const response = await ask(metadata, servicesOf(cluster), { apiVersion }, { topics })
    const told = response.topics.map(({ name, isInternal }) => [name, isInternal]).sort()
    expect(told).toEqual([
      ['__consumer_offsets', apiVersion >= 1],
      ['a', false],
    ])
  })
}

test('no topics asked for are no topics, from version 1 on', async () => {
  const cluster = clusterOf()
  cluster.createTopic('a')
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 1 }, { topics: [] })
  expect(response.topics).toEqual([])
})

test('a partition whose leader is gone has none', async () => {
  const cluster = clusterOf()
  cluster.createPartition('t', [3])
  cluster.kill([3])
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 12 }, { topics: null })
  expect(response.topics[0]?.partitions[0]).toMatchObject({
    errorCode: errorCodes.LEADER_NOT_AVAILABLE,
    leaderId: -1,
    offlineReplicas: [3],
  })
})

test('topics are found by id, and an id that is gone is echoed', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createTopic('t')
  const gone = 'AQAAAAAAAAAAAAAAAAAAAQ'
  const topics = [topicId, gone].map(id => ({ topicId: id, name: null }))
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 12 }, { topics })
  expect(response.topics.map(topic => [topic.errorCode, topic.name, topic.topicId])).toEqual([
    [errorCodes.NONE, 't', topicId],
    [errorCodes.UNKNOWN_TOPIC_ID, null, gone],
  ])
})

test.each([null, 't'])('a version before 12 refuses to be asked by id (name %s)', async name => {
  const topics = [{ topicId: 'AQAAAAAAAAAAAAAAAAAAAQ', name }]
  const response = await ask(metadata, servicesOf(clusterOf()), { apiVersion: 11 }, { topics })
  expect(response.topics.map(({ errorCode }) => errorCode)).toEqual([errorCodes.INVALID_REQUEST])
  expect(response.brokers).toEqual([])
})

test('an id counts for more than the name beside it', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createTopic('old')
  cluster.createTopic('new')
  const gone = 'AQAAAAAAAAAAAAAAAAAAAQ'
  const topics = [
    { topicId, name: 'new' },
    { topicId: gone, name: 'new' },
  ]
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 13 }, { topics })
  expect(response.topics.map(topic => [topic.errorCode, topic.name, topic.topicId])).toEqual([
    [errorCodes.NONE, 'old', topicId],
    [errorCodes.UNKNOWN_TOPIC_ID, null, gone],
  ])
})

test('a topic that is asked for twice is told once', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createTopic('t')
  const byId = { topicId, name: null }
  const asked = [...named('t', 'nothing', 't', 'nothing'), byId, byId]
  const request = { topics: asked, allowAutoTopicCreation: false }
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 12 }, request)
  expect(response.topics.map(({ name }) => name)).toEqual(['t', 'nothing', 't'])
})

test('a topic that is not there is created meanwhile, where that is allowed', async () => {
  const asked = async (
    allowAutoTopicCreation: boolean,
    configs: Readonly<Record<string, string>> = {},
  ) => {
    const ensured: string[] = []
    const services = servicesOf(clusterOf(configs), ensured)
    const topics = named('new', 'not a name', '__consumer_offsets')
    const request = { topics, allowAutoTopicCreation }
    const response = await ask(metadata, services, { apiVersion: 9 }, request)
    expect(response.topics.map(({ errorCode }) => errorCode)).toEqual([
      errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
      errorCodes.INVALID_TOPIC_EXCEPTION,
      errorCodes.UNKNOWN_TOPIC_OR_PARTITION,
    ])
    return ensured
  }
  expect(await asked(true)).toEqual(['new', '__consumer_offsets'])
  expect(await asked(false)).toEqual([])
  expect(await asked(true, { 'auto.create.topics.enable': 'false' })).toEqual([
    '__consumer_offsets',
  ])
})

test('authorized operations are told when they are asked for', async () => {
  const cluster = clusterOf()
  cluster.createTopic('t')
  const request = {
    topics: null,
    includeClusterAuthorizedOperations: true,
    includeTopicAuthorizedOperations: true,
  }
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 8 }, request)
  // What Kafka 4 answers when nothing is forbidden.
  expect(response.clusterAuthorizedOperations).toBe(8096)
  expect(response.topics[0]?.topicAuthorizedOperations).toBe(3576)
})

test('a controller that clients cannot reach is not named', async () => {
  const cluster = clusterOf()
  cluster.kill([2])
  const response = await ask(metadata, servicesOf(cluster), { apiVersion: 9 }, { topics: [] })
  expect(response.controllerId).toBe(1)
})
