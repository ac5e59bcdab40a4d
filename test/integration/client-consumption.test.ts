// What a program does with messages once the client's consumer has them: by batch, several
// partitions at once, and with records that cannot be read.

import { json, KafkaError, string } from '@klamm/client'
import { type Cluster, startCluster } from '@klamm/cluster'
import { afterAll, beforeAll, expect, test } from 'vitest'

let cluster: Cluster

beforeAll(async () => {
  cluster = await startCluster({
    zones: 1,
    mode: 'inline',
    durability: 'memory',
    config: { 'group.initial.rebalance.delay.ms': '0' },
  })
  await cluster.ready()
})

afterAll(() => cluster.close())

async function newTopic(topic: string, numPartitions = 1): Promise<string> {
  await using admin = cluster.client().admin()
  await admin.createTopics({ topics: [{ topic, numPartitions }] })
  return topic
}

async function produce(topic: string, values: readonly string[], partition = 0): Promise<void> {
  await using producer = cluster.client().producer()
  await producer.send({ topic, messages: values.map(value => ({ value, partition })) })
}

async function committed(groupId: string, topic: string): Promise<number | undefined> {
  await using admin = cluster.client().admin()
  const found = await admin.fetchOffsets({ groupId, topics: [topic] })
  return found[0]?.partitions[0]?.offset
}

test('a batch whose handler throws is handed out again from what it had resolved', async () => {
  const topic = await newTopic('batches')
  await produce(topic, ['0', '1', '2', '3'])
  await using consumer = cluster
    .client()
    .consumer({ groupId: topic, topics: [topic], fromBeginning: true, value: string() })
  const seen: string[][] = []
  await consumer.run({
    eachBatch: async ({ messages }, { resolveOffset }) => {
      seen.push(messages.map(({ value }) => value ?? ''))
      if (seen.length > 1) {
        void consumer.stop()
        return
      }
      resolveOffset(messages[1]?.offset ?? -1)
      throw new Error('the third is too much')
    },
  })
  expect(seen).toEqual([
    ['0', '1', '2', '3'],
    ['2', '3'],
  ])
  await consumer.close()
  expect(await committed(topic, topic)).toBe(4)
})

test('batches can be iterated; the one in hand when the loop is left is not done', async () => {
  const topic = await newTopic('iterated-batches')
  await produce(topic, ['0', '1'])
  await produce(topic, ['2'])
  const options = { groupId: topic, topics: [topic], fromBeginning: true, value: string() }
  await using consumer = cluster.client().consumer(options)
  const seen: (string | null)[] = []
  for await (const { messages } of consumer.batches()) {
    for (const { value } of messages) seen.push(value)
    if (seen.includes('2')) break
  }
  expect(seen).toEqual(['0', '1', '2'])
  await consumer.close()
  await using next = cluster.client().consumer(options)
  for await (const { value } of next.messages()) {
    expect(seen).toContain(value)
    if (value === '2') break
  }
})

test('partitions are worked on at once up to the concurrency, each in order', async () => {
  const topic = await newTopic('at-once', 6)
  const values = Array.from({ length: 20 }, (_, i) => `${i}`)
  for (let partition = 0; partition < 6; partition++) await produce(topic, values, partition)
  await using consumer = cluster
    .client()
    .consumer({ groupId: topic, topics: [topic], fromBeginning: true, value: string() })
  const seen = Array.from({ length: 6 }, () => [] as (string | null)[])
  let atWork = 0
  let mostAtWork = 0
  await consumer.run({
    concurrency: 3,
    eachMessage: async ({ partition, value }) => {
      atWork += 1
      mostAtWork = Math.max(mostAtWork, atWork)
      await new Promise(resolve => setImmediate(resolve))
      atWork -= 1
      seen[partition]?.push(value)
      if (seen.every(({ length }) => length === 20)) void consumer.stop()
    },
  })
  expect(seen).toEqual(seen.map(() => values))
  expect(mostAtWork).toBe(3)
})

test('what cannot be read goes to the dead letters, as it was and with where it was', async () => {
  const topic = await newTopic('letters')
  const deadLetterTopic = await newTopic('dead-letters')
  await produce(topic, ['{"n":1}', '{', '{"n":2}'])
  await using consumer = cluster.client().consumer({
    groupId: topic,
    topics: [topic],
    fromBeginning: true,
    value: json<{ n: number }>(),
    onRecordError: 'deadLetter',
    deadLetterTopic,
  })
  const seen: (number | undefined)[] = []
  for await (const { value } of consumer.messages()) {
    seen.push(value?.n)
    if (value?.n === 2) break
  }
  expect(seen).toEqual([1, 2])
  await using letters = cluster.client().consumer({
    partitions: [{ topic: deadLetterTopic, partition: 0 }],
    fromBeginning: true,
    value: string(),
  })
  for await (const { value, headers } of letters.messages()) {
    expect(value).toBe('{')
    expect(`${headers.get('klamm.topic')} ${headers.get('klamm.partition')}`).toBe(`${topic} 0`)
    expect(`${headers.get('klamm.offset')}`).toBe('1')
    expect(`${headers.get('klamm.error')}`).toMatch(/^ERR_SERIALIZATION: /)
    break
  }
})

test('by default a record that cannot be read ends the run; what came before is committed', async () => {
  const topic = await newTopic('unreadable')
  await produce(topic, ['1', '{', '2'])
  const options = { groupId: topic, topics: [topic], fromBeginning: true, value: json<number>() }
  const seen: (number | null)[] = []
  await using consumer = cluster.client().consumer(options)
  const run = consumer.run({ eachMessage: ({ value }) => seen.push(value) })
  const error = await run.catch((reason: unknown) => reason)
  expect(KafkaError.is(error) && { ...error }).toMatchObject({
    code: 'ERR_SERIALIZATION',
    fatal: true,
    topic,
    partition: 0,
  })
  await consumer.close()
  expect(seen).toEqual([1])
  expect(await committed(topic, topic)).toBe(1)
  await using next = cluster.client().consumer({ ...options, onRecordError: 'skip' })
  for await (const { value } of next.messages()) {
    expect(value).toBe(2)
    break
  }
})
