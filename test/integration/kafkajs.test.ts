import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import type { Cluster } from '@klamm/cluster'
import kafkajs, { type Consumer, type KafkaMessage, type Message } from 'kafkajs'
import { compressFrameSync, decompressFrameSync } from 'lz4-napi'
import { compressSync, uncompressSync } from 'snappy'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, testCluster } from './test-cluster.ts'

const { Kafka, CompressionTypes, CompressionCodecs, logLevel } = kafkajs

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => compressSync(buffer),
  decompress: async (buffer: Buffer) => uncompressSync(buffer),
})
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => compressFrameSync(buffer),
  decompress: async (buffer: Buffer) => decompressFrameSync(buffer),
})
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async ({ buffer }: { buffer: Buffer }) => zstdCompressSync(buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
})

/** A consumer that stops waits for its fetch: with KafkaJS's five seconds a test would, too. */
const maxWaitTimeInMs = 200

let cluster: Cluster
let topicCount = 0

beforeAll(async () => {
  cluster = await testCluster()
})

afterAll(async () => {
  await cluster?.close()
})

function kafka(clientId = 'test') {
  return new Kafka({
    clientId,
    brokers: [...cluster.bootstrapServers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 10, initialRetryTime: 50 },
  })
}

async function newTopic(numPartitions = 3): Promise<string> {
  topicCount += 1
  const topic = `kafkajs-${topicCount}`
  const admin = kafka().admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions, replicationFactor: 3 }],
  })
  await admin.disconnect()
  return topic
}

type Received = KafkaMessage & { readonly partition: number }

/** Consumes from the beginning until `count` records have come. */
async function consumeAll(topic: string, count: number, groupId: string): Promise<Received[]> {
  const consumer = kafka().consumer({ groupId, maxWaitTimeInMs })
  const received: Received[] = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message, partition }) => {
      received.push({ ...message, partition })
    },
  })
  await eventually(async () => (received.length >= count ? true : undefined), 'all records')
  await consumer.disconnect()
  return received
}

const codecs: readonly (readonly [string, number])[] = [
  ['none', CompressionTypes.None],
  ['gzip', CompressionTypes.GZIP],
  ['snappy', CompressionTypes.Snappy],
  ['lz4', CompressionTypes.LZ4],
  ['zstd', CompressionTypes.ZSTD],
]

test.each(codecs)(
  'keys, values, timestamps, headers and nulls come back as they went (%s)',
  async (name, compression) => {
    const topic = await newTopic(1)
    const producer = kafka().producer()
    await producer.connect()
    const messages: Message[] = [
      { key: 'k1', value: 'v1', timestamp: '1700000000000', headers: { a: 'x', b: ['1', '2'] } },
      { key: null, value: 'no key', timestamp: '1700000000001' },
      { key: 'tombstone', value: null, timestamp: '1700000000002' },
      { key: '', value: '', timestamp: '1700000000003' },
      { key: 'long', value: 'z'.repeat(100_000), timestamp: '1700000000004' },
    ]
    await producer.send({ topic, compression, acks: -1, messages })
    await producer.disconnect()
    const received = await consumeAll(topic, messages.length, `codec-${name}`)
    expect(received.map(({ key }) => key?.toString() ?? null)).toEqual([
      'k1',
      null,
      'tombstone',
      '',
      'long',
    ])
    expect(received.map(({ value }) => value?.toString() ?? null)).toEqual(
      messages.map(({ value }) => value?.toString() ?? null),
    )
    expect(received.map(({ timestamp }) => timestamp)).toEqual(
      messages.map(({ timestamp }) => timestamp),
    )
    expect(received.map(({ offset }) => offset)).toEqual(['0', '1', '2', '3', '4'])
    expect(received[0]?.headers?.a?.toString()).toBe('x')
    expect((received[0]!.headers!.b as Buffer[]).map(each => each.toString())).toEqual(['1', '2'])
  },
)

test('an idempotent producer writes each record once and in order', async () => {
  const topic = await newTopic(1)
  const producer = kafka().producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (let i = 0; i < 50; i++) {
    await producer.send({ topic, acks: -1, messages: [{ value: `${i}` }] })
  }
  await producer.disconnect()
  const received = await consumeAll(topic, 50, 'idempotent')
  expect(received.map(({ value }) => Number(value?.toString()))).toEqual(
    Array.from({ length: 50 }, (_, i) => i),
  )
})

test('the members of a group share the partitions, and take over from one that leaves', async () => {
  const topic = await newTopic(6)
  const groupId = 'sharing'
  const owned = new Map<string, number[]>()
  const consumers: Consumer[] = []
  const join = async (name: string): Promise<void> => {
    const consumer = kafka(name).consumer({
      groupId,
      maxWaitTimeInMs,
      sessionTimeout: 6_000,
      heartbeatInterval: 300,
    })
    consumer.on('consumer.group_join', ({ payload }) => {
      owned.set(name, [...(payload.memberAssignment[topic] ?? [])])
    })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({ eachMessage: async () => {} })
    consumers.push(consumer)
  }
  const settled = (members: number) =>
    eventually(async () => {
      const all = [...owned.values()].flat().sort((a, b) => a - b)
      return owned.size === members && all.join() === '0,1,2,3,4,5' ? true : undefined
    }, `six partitions over ${members} members`)
  await join('first')
  await settled(1)
  await join('second')
  await join('third')
  await settled(3)
  owned.delete('third')
  await consumers.pop()?.disconnect()
  await settled(2)
  const admin = kafka().admin()
  await admin.connect()
  const { groups } = await admin.describeGroups([groupId])
  expect(groups[0]).toMatchObject({ groupId, state: 'Stable', protocolType: 'consumer' })
  expect(groups[0]?.members).toHaveLength(2)
  expect((await admin.listGroups()).groups.map(group => group.groupId)).toContain(groupId)
  for (const consumer of consumers) await consumer.disconnect()
  await eventually(async () => {
    const [description] = (await admin.describeGroups([groupId])).groups
    return description?.state === 'Empty' ? true : undefined
  }, 'an empty group')
  await admin.deleteGroups([groupId])
  await admin.disconnect()
})

test('a group goes on where it had committed', async () => {
  const topic = await newTopic(1)
  const producer = kafka().producer()
  await producer.connect()
  const send = (from: number, to: number) =>
    producer.send({
      topic,
      messages: Array.from({ length: to - from }, (_, i) => ({ value: `${from + i}` })),
    })
  await send(0, 10)
  expect(await consumeAll(topic, 10, 'resuming')).toHaveLength(10)
  await send(10, 20)
  const rest = await consumeAll(topic, 10, 'resuming')
  expect(rest.map(({ value }) => value?.toString())).toEqual(
    Array.from({ length: 10 }, (_, i) => `${10 + i}`),
  )
  await producer.disconnect()
})

test('a topic comes into being when it is first asked for', async () => {
  const topic = 'kafkajs-never-created'
  const producer = kafka().producer({ allowAutoTopicCreation: true })
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: [{ value: 'first' }] })
  await producer.disconnect()
  const received = await consumeAll(topic, 1, 'auto-created')
  expect(received.map(({ value }) => value?.toString())).toEqual(['first'])
  const admin = kafka().admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  expect(topics[0]?.partitions.map(({ replicas }) => replicas.length)).toEqual([3])
})

test('topics, partitions, configs and offsets are administered', async () => {
  const topic = await newTopic(2)
  const admin = kafka().admin()
  await admin.connect()
  expect(await admin.listTopics()).toContain(topic)
  await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] })
  const grown = await eventually(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions.length === 4 ? topics[0] : undefined
  }, 'four partitions')
  expect(grown.partitions.every(({ replicas }) => replicas.length === 3)).toBe(true)
  const { resources } = await admin.describeConfigs({
    includeSynonyms: true,
    resources: [{ type: 2, name: topic, configNames: ['retention.ms', 'min.insync.replicas'] }],
  })
  const values = new Map(
    resources[0]?.configEntries.map(entry => [entry.configName, entry.configValue]),
  )
  expect(values.get('retention.ms')).toBe('604800000')
  expect(values.get('min.insync.replicas')).toBe('2')
  const offsets = await admin.fetchTopicOffsets(topic)
  expect(offsets.map(({ low, high }) => [low, high])).toEqual(
    Array.from({ length: 4 }, () => ['0', '0']),
  )
  const { brokers, clusterId } = await admin.describeCluster()
  expect(brokers).toHaveLength(3)
  expect(clusterId).toBe(cluster.clusterId)
  await admin.deleteTopics({ topics: [topic] })
  await eventually(
    async () => ((await admin.listTopics()).includes(topic) ? undefined : true),
    'the topic is gone',
  )
  await admin.disconnect()
})
