import type { Cluster } from '@klamm/cluster'
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCluster } from './test-cluster.ts'

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

test('topics and their metadata are administered', async () => {
  const topic = await newTopic(4)
  const admin = new Admin(base('admin'))
  const metadata = await admin.metadata({ topics: [topic] })
  expect(metadata.topics.get(topic)?.partitionsCount).toBe(4)
  expect(metadata.brokers.size).toBe(3)
  await admin.deleteTopics({ topics: [topic] })
  await admin.close()
})
