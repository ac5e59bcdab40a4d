import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '@klamm/cluster'
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, testCluster } from './test-cluster.ts'

let cluster: Cluster
let topicCount = 0

beforeAll(async () => {
  cluster = await testCluster()
})

afterAll(async () => {
  await cluster?.close()
})

function base(clientId: string) {
  return { clientId, bootstrapBrokers: [...cluster.bootstrapServers], retries: 20, retryDelay: 100 }
}

async function newTopic(partitions: number): Promise<string> {
  topicCount += 1
  const topic = `platformatic-${topicCount}`
  const admin = new Admin(base('admin'))
  await admin.createTopics({ topics: [topic], partitions, replicas: 3 })
  await admin.close()
  return topic
}

async function consumeAll(topic: string, count: number, groupId: string) {
  const consumer = new Consumer({
    ...base('consumer'),
    groupId,
    deserializers: stringDeserializers,
  })
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    autocommit: true,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
  })
  const messages = []
  for await (const message of stream) {
    messages.push(message)
    if (messages.length === count) break
  }
  await consumer.close(true)
  return messages
}

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'records come back as they went, from an idempotent producer (%s)',
  async compression => {
    const topic = await newTopic(1)
    const producer = new Producer({
      ...base('producer'),
      serializers: stringSerializers,
      idempotent: true,
      acks: -1,
    })
    const sent = Array.from({ length: 20 }, (_, i) => ({
      topic,
      key: `key-${i}`,
      value: `value-${i}`.repeat(20),
      headers: { n: `${i}` },
      timestamp: BigInt(1_700_000_000_000 + i),
    }))
    await producer.send({ messages: sent, compression })
    await producer.close()
    const received = await consumeAll(topic, sent.length, `codec-${compression}`)
    expect(received.map(({ key, value }) => [key, value])).toEqual(
      sent.map(({ key, value }) => [key, value]),
    )
    expect(received.map(({ headers }) => headers.get('n'))).toEqual(
      sent.map(({ headers }) => headers.n),
    )
    expect(received.map(({ timestamp }) => timestamp)).toEqual(
      sent.map(({ timestamp }) => timestamp),
    )
    expect(received.map(({ offset }) => Number(offset))).toEqual(sent.map((_, i) => i))
  },
)

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'a null is not the same as nothing: keys and values without bytes (%s)',
  async compression => {
    const topic = await newTopic(1)
    const producer = new Producer({ ...base('producer'), acks: -1 })
    const empty = Buffer.alloc(0)
    const some = Buffer.from('x'.repeat(1_000))
    const messages = [
      { topic, value: some },
      { topic, key: some },
      { topic, key: empty, value: empty },
      { topic, key: some, value: some },
    ]
    await producer.send({ messages, compression })
    await producer.close()
    const consumer = new Consumer({ ...base('consumer'), groupId: `nulls-${compression}` })
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
    const sizes = []
    for await (const { key, value } of stream) {
      sizes.push([key?.length ?? null, value?.length ?? null])
      if (sizes.length === messages.length) break
    }
    await consumer.close(true)
    expect(sizes).toEqual([
      [null, 1_000],
      [1_000, null],
      [0, 0],
      [1_000, 1_000],
    ])
  },
)

/** A member of `groupId` that reads on until it is closed. */
async function member(groupId: string, topic: string) {
  const consumer = new Consumer({ ...base('member'), groupId })
  const stream = await consumer.consume({
    topics: [topic],
    maxWaitTime: 200,
    sessionTimeout: 6_000,
    rebalanceTimeout: 10_000,
    heartbeatInterval: 300,
  })
  stream.on('data', () => undefined)
  return {
    owned: () => (consumer.assignments ?? []).flatMap(({ partitions }) => partitions),
    close: () => consumer.close(true),
  }
}

type Member = Awaited<ReturnType<typeof member>>

/** Waits until each of the members has so many partitions, all of them different. */
async function sharedBy(members: readonly Member[], each: number): Promise<void> {
  await eventually(async () => {
    const owned = members.map(({ owned }) => owned())
    const isEven = owned.every(({ length }) => length === each)
    return isEven && new Set(owned.flat()).size === each * members.length ? true : undefined
  }, `${each} partitions for each of ${members.length} members`)
}

test('members come, leave and die, and the others take over', async () => {
  const topic = await newTopic(6)
  const groupId = 'platformatic-sharing'
  const first = await member(groupId, topic)
  await sharedBy([first], 6)
  const second = await member(groupId, topic)
  await sharedBy([first, second], 3)
  const main = fileURLToPath(new URL('./platformatic-member.ts', import.meta.url))
  const args = [main, cluster.bootstrapServers.join(','), groupId, topic]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise(resolve => child.stdout.once('data', resolve))
  await sharedBy([first, second], 2)
  child.kill('SIGKILL')
  await sharedBy([first, second], 3)
  await second.close()
  await sharedBy([first], 6)
  const admin = new Admin(base('admin'))
  expect((await admin.listGroups()).get(groupId)).toMatchObject({ protocolType: 'consumer' })
  const described = (await admin.describeGroups({ groups: [groupId] })).get(groupId)
  expect(described?.members.size).toBe(1)
  await first.close()
  await admin.deleteGroups({ groups: [groupId] })
  expect((await admin.listGroups()).has(groupId)).toBe(false)
  await admin.close()
})

test('topics, partitions and configs are administered', async () => {
  const topic = await newTopic(4)
  const admin = new Admin(base('admin'))
  const metadata = await admin.metadata({ topics: [topic] })
  expect(metadata.topics.get(topic)?.partitionsCount).toBe(4)
  expect(metadata.brokers.size).toBe(3)
  expect(await admin.listTopics()).toContain(topic)
  const assignments = [{ brokerIds: [1, 2, 3] }, { brokerIds: [2, 3, 1] }]
  await admin.createPartitions({ topics: [{ name: topic, count: 6, assignments }] })
  await eventually(async () => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true })
    return topics.get(topic)?.partitionsCount === 6 ? true : undefined
  }, 'six partitions')
  const configs = [{ name: 'retention.ms', configOperation: 0 as const, value: '86400000' }]
  await admin.incrementalAlterConfigs({
    resources: [{ resourceType: 2, resourceName: topic, configs }],
  })
  const retention = await eventually(async () => {
    const [described] = await admin.describeConfigs({
      resources: [{ resourceType: 2, resourceName: topic, configurationKeys: ['retention.ms'] }],
      includeSynonyms: true,
      includeDocumentation: true,
    })
    const [config] = described?.configs ?? []
    return config?.value === '86400000' ? config : undefined
  }, 'the new retention')
  expect(retention).toMatchObject({ configSource: 1, configType: 5, readOnly: false })
  expect(retention.synonyms.map(({ source }) => source)).toEqual([1, 5])
  expect(retention.documentation).toContain('Records')
  await admin.deleteTopics({ topics: [topic] })
  await eventually(
    async () => ((await admin.listTopics()).includes(topic) ? undefined : true),
    'the topic is gone',
  )
  await admin.close()
})
