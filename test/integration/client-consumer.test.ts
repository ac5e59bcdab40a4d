// The client's consumer against real brokers: members come, leave and die, brokers die and come
// back, and a member of another client shares the group. Everything is seen, in order.

import { type Consumer, Kafka, type Message, string } from '@klamm/client'
import type { Cluster } from '@klamm/cluster'
import { Kafka as KafkaJs, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, testCluster } from './test-cluster.ts'

const text = { key: string(), value: string() }

let cluster: Cluster
let kafka: Kafka

beforeAll(async () => {
  cluster = await testCluster()
  kafka = new Kafka({ clientId: 'test', brokers: cluster.bootstrapServers })
})

afterAll(() => cluster.close())

async function newTopic(topic: string, partitions: number): Promise<string> {
  const admin = new KafkaJs({
    brokers: [...cluster.bootstrapServers],
    logLevel: logLevel.NOTHING,
  }).admin()
  await admin.connect()
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitions, replicationFactor: 3 }],
    waitForLeaders: true,
  })
  await admin.disconnect()
  return topic
}

/** Numbered records, spread over the partitions by key; each partition's numbers ascend. */
async function produce(topic: string, from: number, count: number): Promise<void> {
  await using producer = kafka.producer()
  const messages = Array.from({ length: count }, (_, i) => {
    return { key: `k${(from + i) % 17}`, value: `${from + i}` }
  })
  await producer.send({ topic, messages })
}

type TextConsumer = Consumer<string, string>

/** What the members of a group have seen: by value, how often; by partition, in which order. */
class Seen {
  readonly counts = new Map<string, number>()
  readonly #lastOffsets = new Map<string, number>()
  disorder: string | undefined

  add({ partition, offset, value }: Message<string, string>, member: string): void {
    this.counts.set(value ?? '', (this.counts.get(value ?? '') ?? 0) + 1)
    const key = `${member} ${partition}`
    const last = this.#lastOffsets.get(key) ?? -1
    if (offset <= last) this.disorder = `${key}: ${offset} after ${last}`
    this.#lastOffsets.set(key, offset)
  }

  /** A member that joins again may begin before where it was. */
  forget(member: string): void {
    for (const key of this.#lastOffsets.keys()) {
      if (key.startsWith(`${member} `)) this.#lastOffsets.delete(key)
    }
  }

  async all(count: number): Promise<void> {
    await eventually(async () => (this.counts.size >= count ? true : undefined), `${count} values`)
  }
}

function member(topic: string, groupId: string, name: string, seen: Seen, more = {}): TextConsumer {
  const consumer = kafka.consumer({
    groupId,
    topics: [topic],
    fromBeginning: true,
    sessionTimeoutMs: 6_000,
    heartbeatIntervalMs: 300,
    autoCommitIntervalMs: 200,
    ...text,
    ...more,
  })
  consumer.on('rebalance', () => seen.forget(name))
  consumer
    .run({ eachMessage: message => seen.add(message, name), concurrency: 2 })
    .catch((error: unknown) => {
      seen.disorder = `${name} failed: ${String(error)}`
    })
  return consumer
}

/** The partitions of all members, once each is owned by one. */
async function settled(members: readonly TextConsumer[], partitions: number): Promise<number[]> {
  return eventually(async () => {
    if (members.some(each => each.health().state !== 'running')) return undefined
    const owned = members.map(each => each.assignment().map(({ partition }) => partition))
    const all = owned.flat().sort((a, b) => a - b)
    const isWhole = all.length === partitions && all.every((p, index) => p === index)
    return isWhole ? owned.map(({ length }) => length) : undefined
  }, 'every partition has one owner')
}

test.each([['cooperative-sticky'], ['range']] as const)(
  '%s: members join and leave, and every record is seen in order',
  async assignor => {
    const topic = await newTopic(`churn-${assignor}`, 6)
    const groupId = `churn-${assignor}`
    const seen = new Seen()
    const more = { assignors: [assignor] }
    await produce(topic, 0, 300)
    await using a = member(topic, groupId, 'a', seen, more)
    await a.joined()
    expect(await settled([a], 6)).toEqual([6])
    await using b = member(topic, groupId, 'b', seen, more)
    await using c = member(topic, groupId, 'c', seen, more)
    expect(await settled([a, b, c], 6)).toEqual([2, 2, 2])
    await produce(topic, 300, 300)
    await b.close()
    expect(await settled([a, c], 6)).toEqual([3, 3])
    await produce(topic, 600, 300)
    await seen.all(900)
    expect(seen.disorder).toBeUndefined()
    // Nothing was seen twice: whoever gave up a partition committed what it had done.
    expect([...seen.counts.values()].filter(count => count > 1)).toEqual([])
  },
)

test('a member that dies is replaced within its session, a broker that dies costs nothing', async () => {
  const topic = await newTopic('deaths', 4)
  const seen = new Seen()
  await produce(topic, 0, 100)
  await using a = member(topic, 'deaths', 'a', seen)
  await a.joined()
  const death = new AbortController()
  const { signal } = death
  const mortal = new Kafka({ brokers: cluster.bootstrapServers, signal })
  const dead = mortal.consumer({ groupId: 'deaths', topics: [topic], sessionTimeoutMs: 6_000 })
  await dead.joined()
  await settled([a, dead as unknown as TextConsumer], 4)
  death.abort()
  expect(await settled([a], 4)).toEqual([4])
  await cluster.kill(2)
  await produce(topic, 100, 100)
  await seen.all(200)
  await cluster.restart(2)
  await cluster.ready()
  await produce(topic, 200, 100)
  await seen.all(300)
  expect(seen.disorder).toBeUndefined()
})

test('KafkaJS and this client share a group', async () => {
  const topic = await newTopic('mixed', 4)
  const seen = new Seen()
  const other = new KafkaJs({ brokers: [...cluster.bootstrapServers], logLevel: logLevel.NOTHING })
  const theirs = other.consumer({ groupId: 'mixed', heartbeatInterval: 300 })
  await theirs.subscribe({ topics: [topic], fromBeginning: true })
  const theirPartitions = new Set<number>()
  const joined = Promise.withResolvers<void>()
  theirs.on('consumer.group_join', () => joined.resolve())
  await theirs.run({
    autoCommitInterval: 200,
    eachMessage: async ({ partition, message }) => {
      theirPartitions.add(partition)
      const value = message.value?.toString() ?? ''
      seen.counts.set(value, (seen.counts.get(value) ?? 0) + 1)
    },
  })
  await joined.promise
  const assignors = ['cooperative-sticky', 'RoundRobinAssigner']
  await using ours = member(topic, 'mixed', 'ours', seen, { assignors })
  await eventually(async () => (ours.assignment().length === 2 ? true : undefined), 'two each')
  await produce(topic, 0, 200)
  await seen.all(200)
  expect(theirPartitions.size).toBe(2)
  await theirs.disconnect()
  expect(await settled([ours], 4)).toEqual([4])
  await produce(topic, 200, 100)
  await seen.all(300)
  expect(seen.disorder).toBeUndefined()
})
