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
