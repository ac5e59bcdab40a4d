// The admin client against real brokers: topics, configs, groups and their offsets.

import { type Admin, Kafka, KafkaError } from '@klamm/client'
import { type Cluster, startCluster } from '@klamm/cluster'
import { afterAll, beforeAll, expect, test } from 'vitest'

let cluster: Cluster
let kafka: Kafka
let admin: Admin

beforeAll(async () => {
  cluster = await startCluster({ mode: 'inline', zones: 3, logLevel: 'error' })
  await cluster.ready()
  kafka = new Kafka({ brokers: cluster.bootstrapServers })
  admin = kafka.admin()
})

afterAll(async () => {
  await admin.close()
  await cluster.close()
})

/** Appends a record of each time to partition 0. */
async function append(topic: string, timestamps: readonly number[]): Promise<void> {
  await using producer = kafka.producer()
  for (const timestamp of timestamps) {
    await producer.send({ topic, messages: [{ value: 'x', partition: 0, timestamp }] })
  }
}

test('a topic is created, described, given partitions, listed and deleted', async () => {
  const [created] = await admin.createTopics({
    topics: [{ topic: 'life', numPartitions: 3, configs: { 'retention.ms': 60_000 } }],
  })
  expect(created).toMatchObject({ topic: 'life', numPartitions: 3, replicationFactor: 3 })
  const [described] = await admin.describeTopics(['life'])
  expect(described?.topicId).toBe(created?.topicId)
  expect(described?.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2])
  for (const { leaderId, replicas, isr } of described?.partitions ?? []) {
    expect(leaderId).toBeGreaterThan(0)
    expect([...replicas].sort()).toEqual([1, 2, 3])
    expect([...isr].sort()).toEqual([1, 2, 3])
  }
  await admin.createPartitions({ topicPartitions: [{ topic: 'life', count: 5 }] })
  const [grown] = await admin.describeTopics(['life'])
  expect(grown?.partitions).toHaveLength(5)
  expect(await admin.listTopics()).toContain('life')
  expect(await admin.deleteTopics({ topics: ['life'] })).toEqual(['life'])
  expect(await admin.listTopics()).not.toContain('life')
})

test('what fails among many is told one by one, and the others succeed', async () => {
  const topics = [
    { topic: 'good', numPartitions: 1 },
    { topic: 'bad name!', numPartitions: 1 },
    { topic: 'too-wide', replicationFactor: 9 },
  ]
  const error = await admin.createTopics({ topics }).catch((caught: unknown) => caught)
  if (!KafkaError.is(error)) throw error
  expect(error.message).toMatch(/^2 of 3 failed: /)
  expect(error.errors.map(({ code, topic }) => [topic, code])).toEqual([
    ['bad name!', 'INVALID_TOPIC_EXCEPTION'],
    ['too-wide', 'INVALID_REPLICATION_FACTOR'],
  ])
  const outcomes = await admin.createTopics({ topics }, { failures: 'return' })
  expect(outcomes.map(({ key, error: failure }) => [key, failure?.code])).toEqual([
    ['good', 'TOPIC_ALREADY_EXISTS'],
    ['bad name!', 'INVALID_TOPIC_EXCEPTION'],
    ['too-wide', 'INVALID_REPLICATION_FACTOR'],
  ])
})

test('validateOnly changes nothing', async () => {
  const topics = [{ topic: 'dry', numPartitions: 2, replicationFactor: 3 }]
  const [checked] = await admin.createTopics({ topics, validateOnly: true })
  expect(checked).toMatchObject({ topic: 'dry' })
  expect(await admin.listTopics()).not.toContain('dry')
  await expect(admin.describeTopics(['dry'])).rejects.toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
    topic: 'dry',
  })
})

test('all topics come page by page', async () => {
  const topics = [1, 2, 3].map(i => ({ topic: `paged-${i}`, numPartitions: 4 }))
  await admin.createTopics({ topics })
  const seen: [string, number][] = []
  for await (const { topic, partitions } of admin.topics({ pageSize: 3 })) {
    if (topic.startsWith('paged-')) seen.push([topic, partitions.length])
  }
  expect(seen).toEqual([
    ['paged-1', 4],
    ['paged-2', 4],
    ['paged-3', 4],
  ])
})

test('configs are described with their sources, set, added to and taken away', async () => {
  await admin.createTopics({ topics: [{ topic: 'configured' }] })
  const resource = { type: 'topic', name: 'configured' } as const
  const retention = async () => {
    const [found] = await admin.describeConfigs({ resources: [resource], includeSynonyms: true })
    return found?.configs.get('retention.ms')
  }
  expect(await retention()).toMatchObject({ value: '604800000', isDefault: true, type: 'long' })
  const change = (value: string | number | null) =>
    admin.alterConfigs({ resources: [{ ...resource, configs: { 'retention.ms': value } }] })
  await change(1_000)
  await expect.poll(retention).toMatchObject({ value: '1000', source: 'topic', isDefault: false })
  await change(null)
  await expect.poll(retention).toMatchObject({ value: '604800000', isDefault: true })
  await expect(change('never')).rejects.toMatchObject({ code: 'INVALID_CONFIG' })
})

test('each broker tells its own configs', async () => {
  const resources = [1, 2, 3].map(id => ({ type: 'broker', name: `${id}` }) as const)
  const found = await admin.describeConfigs({ resources })
  expect(found.map(({ configs }) => configs.get('broker.id')?.value)).toEqual(['1', '2', '3'])
})

test('offsets of a topic are found by place and by time', async () => {
  await admin.createTopics({ topics: [{ topic: 'timed', numPartitions: 2 }] })
  await append('timed', [1_000, 2_000, 3_000])
  expect(await admin.fetchTopicOffsets('timed')).toEqual([
    { partition: 0, low: 0, high: 3, offset: 3 },
    { partition: 1, low: 0, high: 0, offset: 0 },
  ])
  expect(await admin.fetchTopicOffsetsByTimestamp('timed', 1_500)).toEqual([
    { partition: 0, offset: 1, timestamp: 2_000 },
    { partition: 1, offset: 0, timestamp: -1 },
  ])
  const at = ['earliest', 'latest', 'maxTimestamp', 2_500] as const
  const queries = at.map(each => ({ topic: 'timed', partition: 0, at: each }))
  const found = await admin.listOffsets(queries)
  expect(found.map(({ offset }) => offset)).toEqual([0, 3, 2, 2])
})

test('offsets of a group are set, read, reset and deleted', async () => {
  await admin.createTopics({ topics: [{ topic: 'read', numPartitions: 2 }] })
  await append('read', [1_000, 2_000, 3_000])
  const groupId = 'by-hand'
  const offsets = async () => {
    const [topic] = await admin.fetchOffsets({ groupId, topics: ['read'] })
    return topic?.partitions.map(({ offset }) => offset)
  }
  await admin.setOffsets({
    groupId,
    topic: 'read',
    partitions: [
      { partition: 0, offset: 2, metadata: 'by me' },
      { partition: 1, offset: 0 },
    ],
  })
  expect(await offsets()).toEqual([2, 0])
  expect(await admin.fetchOffsets({ groupId })).toMatchObject([
    { topic: 'read', partitions: [{ partition: 0, offset: 2, metadata: 'by me' }, {}] },
  ])
  await admin.resetOffsets({ groupId, topic: 'read', to: 'earliest' })
  expect(await offsets()).toEqual([0, 0])
  expect(await admin.resetOffsets({ groupId, topic: 'read', to: 2_500, dryRun: true })).toEqual([
    { partition: 0, offset: 2 },
    { partition: 1, offset: 0 },
  ])
  expect(await offsets()).toEqual([0, 0])
  const topics = [{ topic: 'read', partitions: [1] }]
  expect(await admin.deleteOffsets({ groupId, topics })).toEqual([{ topic: 'read', partition: 1 }])
  expect(await offsets()).toEqual([0, -1])
})

test('groups are listed, described and deleted', async () => {
  await admin.createTopics({ topics: [{ topic: 'grouped' }] })
  for (const groupId of ['g-1', 'g-2', 'g-3']) {
    await admin.setOffsets({ groupId, topic: 'grouped', partitions: [{ partition: 0, offset: 0 }] })
  }
  const listed = await admin.listGroups({ states: ['Empty'] })
  expect(listed.map(({ groupId }) => groupId).filter(id => id.startsWith('g-'))).toEqual([
    'g-1',
    'g-2',
    'g-3',
  ])
  const described = await admin.describeGroups(['g-3', 'g-1'])
  expect(described.map(({ groupId, state, members }) => [groupId, state, members])).toEqual([
    ['g-3', 'Empty', []],
    ['g-1', 'Empty', []],
  ])
  const outcomes = await admin.deleteGroups(['g-1', 'nobody', 'g-2'], { failures: 'return' })
  expect(outcomes.map(({ key, error }) => [key, error?.code])).toEqual([
    ['g-1', undefined],
    ['nobody', 'GROUP_ID_NOT_FOUND'],
    ['g-2', undefined],
  ])
})

test('the cluster is described, all its brokers with their zones', async () => {
  const described = await admin.describeCluster()
  expect(described.clusterId).toBe(cluster.clusterId)
  expect(described.brokers.map(({ brokerId, rack }) => [brokerId, rack])).toEqual([
    [1, 'zone-a'],
    [2, 'zone-b'],
    [3, 'zone-c'],
  ])
  expect([1, 2, 3]).toContain(described.controllerId)
})

test('an admin client goes on when a broker is lost', async () => {
  await cluster.kill(3)
  const topics = [{ topic: 'survivor', numPartitions: 1, replicationFactor: 2 }]
  await admin.createTopics({ topics })
  expect(await admin.listTopics()).toContain('survivor')
  await cluster.restart(3)
})
