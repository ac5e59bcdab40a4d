import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '@klamm/cluster'
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compareReplicas } from './compare-replicas.ts'
import { eventually, testCluster } from './test-cluster.ts'

const topic = 'ledger'
const partitionCount = 12
const rounds = 3

let cluster: Cluster
let dataDirectory: string

beforeAll(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'klamm-failover-'))
  cluster = await testCluster({ dataDirectory })
  const admin = new Admin(base('admin'))
  await admin.createTopics({ topics: [topic], partitions: partitionCount, replicas: 3 })
  await admin.close()
})

afterAll(async () => {
  await cluster?.close()
  rmSync(dataDirectory, { recursive: true, force: true })
})

function base(clientId: string) {
  return {
    clientId,
    bootstrapBrokers: [...cluster.bootstrapServers],
    retries: 60,
    retryDelay: 100,
    requestTimeout: 5_000,
    connectTimeout: 2_000,
  }
}

/** Sends records with unique values until it is stopped. A failed send leaves its outcome open. */
class Load {
  readonly acked = new Map<number, string[]>()
  readonly #loops: Promise<void>[] = []
  #isStopped = false

  start(): void {
    for (let partition = 0; partition < partitionCount; partition++) {
      this.acked.set(partition, this.acked.get(partition) ?? [])
      this.#loops.push(this.#run(partition))
    }
  }

  get ackedCount(): number {
    return [...this.acked.values()].reduce((sum, list) => sum + list.length, 0)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#loops)
  }

  async #run(partition: number): Promise<void> {
    let producer = this.#newProducer(partition)
    for (let i = 0; !this.#isStopped; i++) {
      const values = Array.from({ length: 5 }, (_, k) => `${partition}/${i}/${k}`)
      try {
        await producer.send({ messages: values.map(value => ({ topic, partition, value })) })
        this.acked.get(partition)?.push(...values)
      } catch {
        // Perhaps written, perhaps not: these values are never sent again.
        await producer.close(true).catch(() => undefined)
        producer = this.#newProducer(partition)
      }
    }
    await producer.close(true).catch(() => undefined)
  }

  #newProducer(partition: number) {
    return new Producer({
      ...base(`producer-${partition}`),
      serializers: stringSerializers,
      idempotent: true,
      acks: -1,
    })
  }
}

/** Who leads how many partitions, and who is the controller. */
async function leadership(): Promise<{ mostLeading: number; controller: number }> {
  const admin = new Admin(base('admin'))
  try {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
    const led = new Map<number, number>()
    for (const { leader } of metadata.topics.get(topic)?.partitions ?? []) {
      led.set(leader, (led.get(leader) ?? 0) + 1)
    }
    const [most] = [...led].sort((a, b) => b[1] - a[1])
    return { mostLeading: most?.[0] ?? -1, controller: metadata.controllerId }
  } finally {
    await admin.close()
  }
}

async function killAndRestart(load: Load, brokerId: number): Promise<void> {
  await cluster.kill(brokerId)
  const before = load.ackedCount
  await eventually(
    async () => (load.ackedCount > before + 200 ? true : undefined),
    'acknowledgements after the kill',
  )
  await cluster.restart(brokerId)
}

async function readAll(): Promise<Map<number, string[]>> {
  const admin = new Admin(base('admin'))
  const consumer = new Consumer({
    ...base('reader'),
    groupId: `reader-${Date.now()}`,
    deserializers: stringDeserializers,
  })
  const ends = await consumer.listOffsets({ topics: [topic] })
  const expected = (ends.get(topic) ?? []).reduce((sum, end) => sum + Number(end), 0)
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const read = new Map<number, string[]>()
  let count = 0
  for await (const { partition, value } of stream) {
    const list = read.get(partition) ?? []
    list.push(value)
    read.set(partition, list)
    count += 1
    if (count === expected) break
  }
  await consumer.close(true)
  await admin.close()
  return read
}

function expectOnceAndInOrder(read: Map<number, string[]>, acked: Map<number, string[]>): void {
  for (const [partition, values] of acked) {
    const found = read.get(partition) ?? []
    expect(new Set(found).size).toBe(found.length)
    const positions = new Map(found.map((value, i) => [value, i]))
    const missing = values.filter(value => !positions.has(value))
    expect(missing).toEqual([])
    const order = values.map(value => positions.get(value) ?? -1)
    expect(order).toEqual([...order].sort((a, b) => a - b))
  }
}

test('kill after kill under load, nothing acknowledged is lost, doubled or out of order', async () => {
  const load = new Load()
  load.start()
  for (let round = 0; round < rounds; round++) {
    await killAndRestart(load, (await leadership()).mostLeading)
    await killAndRestart(load, (await leadership()).controller)
  }
  await load.stop()
  expect(load.ackedCount).toBeGreaterThan(1_000)
  expectOnceAndInOrder(await readAll(), load.acked)
  for (const brokerId of cluster.brokerIds) await cluster.kill(brokerId)
  await Promise.all(cluster.brokerIds.map(brokerId => cluster.restart(brokerId)))
  await cluster.ready()
  expectOnceAndInOrder(await readAll(), load.acked)
  await cluster.close()
  expect(cluster.failures).toEqual([])
  await compareReplicas(dataDirectory, cluster.brokerIds)
})
