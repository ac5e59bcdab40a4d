// The client's producer against real brokers: what it sends is there once, in order and readable by
// another client, also while brokers die and come back.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Kafka, type Producer, type RecordMetadata } from '@klamm/client'
import type { Cluster } from '@klamm/cluster'
import { Admin, Consumer } from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCluster } from './test-cluster.ts'

interface Read {
  readonly partition: number
  readonly offset: number
  readonly key: string | undefined
  readonly value: string | undefined
  readonly headers: readonly (readonly [string, string])[]
}

function base(cluster: Cluster) {
  return {
    clientId: 'other',
    bootstrapBrokers: [...cluster.bootstrapServers],
    retries: 30,
    retryDelay: 100,
  }
}

async function newTopic(cluster: Cluster, topic: string, partitions: number): Promise<string> {
  const admin = new Admin(base(cluster))
  await admin.createTopics({ topics: [topic], partitions, replicas: 3 })
  await admin.close()
  return topic
}

/** So many records of a topic, as another client reads them, by partition and offset. */
async function readAll(cluster: Cluster, topic: string, count: number): Promise<Read[]> {
  const consumer = new Consumer({ ...base(cluster), groupId: `read-${topic}` })
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'earliest',
    autocommit: false,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    maxWaitTime: 500,
  })
  const read: Read[] = []
  for await (const { partition, offset, key, value, headers } of stream) {
    read.push({
      partition,
      offset: Number(offset),
      key: key?.toString(),
      value: value?.toString(),
      headers: [...headers].map(([name, bytes]) => [name.toString(), bytes.toString()]),
    })
    if (read.length === count) break
  }
  await consumer.close(true)
  return read.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}

/** Each acknowledged record is where its sender was told, and the values are in order. */
function check(read: readonly Read[], acked: ReadonlyMap<string, RecordMetadata>): void {
  const at = new Map(read.map(record => [record.value, record]))
  expect(at.size).toBe(read.length)
  for (const [value, { partition, offset }] of acked) {
    const record = at.get(value)
    expect([value, record?.partition]).toEqual([value, partition])
    if (offset >= 0) expect([value, record?.offset]).toEqual([value, offset])
  }
  const lastOf = new Map<number, number>()
  for (const { partition, value } of read) {
    const number = Number(value)
    expect(number).toBeGreaterThan(lastOf.get(partition) ?? -1)
    lastOf.set(partition, number)
  }
}

let cluster: Cluster

beforeAll(async () => {
  cluster = await testCluster({ mode: 'inline' })
})

afterAll(async () => {
  await cluster?.close()
})

test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
  'another client reads what was sent (%s)',
  async compression => {
    const topic = await newTopic(cluster, `sent-${compression}`, 3)
    const kafka = new Kafka({ clientId: 'klamm', brokers: cluster.bootstrapServers })
    await using producer = kafka.producer({ compression })
    const messages = Array.from({ length: 500 }, (_, i) => ({
      key: `key-${i % 50}`,
      value: `${i}`,
      headers: { trace: `t${i}` },
    }))
    const results = await producer.send({ topic, messages })
    const read = await readAll(cluster, topic, 500)
    check(read, new Map(results.map((result, i) => [`${i}`, result])))
    expect(new Set(read.map(({ partition }) => partition)).size).toBe(3)
    const one = read.find(({ value }) => value === '123')
    expect(one).toMatchObject({ key: 'key-23', headers: [['trace', 't123']] })
  },
)

test('a client in the process of the cluster needs no sockets', async () => {
  const topic = await newTopic(cluster, 'within', 1)
  await using producer = cluster.client().producer()
  const [result] = await producer.send({ topic, messages: [{ value: '0' }] })
  expect(result).toMatchObject({ topic, partition: 0, offset: 0 })
  expect(await readAll(cluster, topic, 1)).toMatchObject([{ value: '0' }])
})

test('acks 0, acks 1 and all reach the log in the order of the calls', async () => {
  const topic = await newTopic(cluster, 'acks', 1)
  const kafka = new Kafka({ brokers: cluster.bootstrapServers })
  await using producer = kafka.producer()
  const acks = ['all', 0, 1, 0, 'all', 1] as const
  const sent = acks.map((one, i) =>
    producer.send({ topic, messages: [{ value: `${i}` }], acks: one }),
  )
  const results = await Promise.all(sent)
  expect(results.map(([result]) => result?.offset)).toEqual([0, -1, 2, -1, 4, 5])
  const read = await readAll(cluster, topic, 6)
  expect(read.map(({ value }) => value)).toEqual(['0', '1', '2', '3', '4', '5'])
})

test('a topic is created on the first send, a mistake is told', async () => {
  const kafka = new Kafka({ brokers: cluster.bootstrapServers })
  await using producer = kafka.producer()
  const [result] = await producer.send({ topic: 'made-by-send', messages: [{ value: '0' }] })
  expect(result).toMatchObject({ offset: 0 })
  const wrong = producer.send({ topic: 'not a topic!', messages: [{ value: '0' }] })
  await expect(wrong).rejects.toMatchObject({ code: 'INVALID_TOPIC_EXCEPTION' })
  const large = producer.send({
    topic: 'made-by-send',
    messages: [{ value: new Uint8Array(2 * 1024 * 1024) }],
  })
  await expect(large).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' })
  const [after] = await producer.send({ topic: 'made-by-send', messages: [{ value: '1' }] })
  expect(after).toMatchObject({ topic: 'made-by-send' })
})

test('while brokers are killed and come back, each record is stored once and in order', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'klamm-producer-'))
  const brokers = await testCluster({ dataDirectory })
  try {
    const topic = await newTopic(brokers, 'ledger', 6)
    const kafka = new Kafka({ brokers: brokers.bootstrapServers, requestTimeoutMs: 5_000 })
    await using producer = kafka.producer()
    const load = new Load(producer, topic)
    const running = load.run()
    for (const brokerId of brokers.brokerIds) {
      await brokers.kill(brokerId)
      const before = load.acked.size
      await load.reaches(before + 2_000)
      await brokers.restart(brokerId)
      await load.reaches(load.acked.size + 500)
    }
    load.stop()
    await running
    expect(load.failures).toEqual([])
    const read = await readAll(brokers, topic, load.sentCount)
    check(read, load.acked)
  } finally {
    await brokers.close()
    rmSync(dataDirectory, { recursive: true, force: true })
  }
})

/** Sends numbers, many at a time, until it is stopped. */
class Load {
  readonly acked = new Map<string, RecordMetadata>()
  readonly failures: unknown[] = []
  sentCount = 0
  readonly #producer: Producer
  readonly #topic: string
  #isStopped = false
  #goal: { readonly count: number; readonly reached: () => void } | undefined

  constructor(producer: Producer, topic: string) {
    this.#producer = producer
    this.#topic = topic
  }

  async run(): Promise<void> {
    const sends: Promise<void>[] = []
    while (!this.#isStopped) {
      sends.push(this.#send(20))
      await new Promise(resolve => setTimeout(resolve, 2))
    }
    await Promise.all(sends)
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Resolves when so many records are acknowledged. */
  reaches(count: number): Promise<void> {
    return new Promise(resolve => {
      this.#goal = { count, reached: resolve }
    })
  }

  async #send(count: number): Promise<void> {
    const messages = Array.from({ length: count }, () => ({ value: `${this.sentCount++}` }))
    try {
      const results = await this.#producer.send({ topic: this.#topic, messages })
      for (const [i, { value }] of messages.entries()) {
        const result = results[i]
        if (result !== undefined) this.acked.set(value, result)
      }
    } catch (error) {
      this.failures.push(error)
    }
    const goal = this.#goal
    if (goal === undefined || this.acked.size < goal.count) return
    this.#goal = undefined
    goal.reached()
  }
}
