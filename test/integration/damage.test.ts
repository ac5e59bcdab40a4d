import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Cluster } from '@klamm/cluster'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compareReplicas } from './compare-replicas.ts'
import { eventually, testCluster } from './test-cluster.ts'

const topic = 'ledger'
const partitionCount = 3
const recordsPerPartition = 100
const damagedBroker = 2

let cluster: Cluster
let dataDirectory: string

beforeEach(async () => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'klamm-damage-'))
  // Leaders come back soon after a restart, so that the damaged copy would be read.
  const config = { 'leader.imbalance.check.interval.seconds': 1 }
  cluster = await testCluster({ dataDirectory, config })
  const admin = client().admin()
  await admin.connect()
  await admin.createTopics({
    topics: [{ topic, numPartitions: partitionCount, replicationFactor: 3 }],
  })
  await admin.disconnect()
})

afterEach(async () => {
  await cluster?.close()
  rmSync(dataDirectory, { recursive: true, force: true })
})

function client(): Kafka {
  return new Kafka({
    clientId: 'damage',
    brokers: [...cluster.bootstrapServers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 100 },
  })
}

function entryOf(partition: number, i: number): string {
  return `entry ${partition}/${i} of the ledger`
}

async function fill(from: number): Promise<void> {
  const { LegacyPartitioner } = Partitioners
  const producer = client().producer({ createPartitioner: LegacyPartitioner, idempotent: true })
  await producer.connect()
  for (let i = from; i < from + recordsPerPartition; i++) {
    const messages = Array.from({ length: partitionCount }, (_, partition) => ({
      partition,
      value: entryOf(partition, i),
    }))
    await producer.send({ topic, messages })
  }
  await producer.disconnect()
}

/** Reads everything once, by partition. */
async function readAll(count: number): Promise<Map<number, string[]>> {
  const consumer = client().consumer({ groupId: `reader-${Date.now()}` })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const read = new Map<number, string[]>()
  let missing = count * partitionCount
  const { promise, resolve } = Promise.withResolvers<void>()
  await consumer.run({
    autoCommit: false,
    async eachMessage({ partition, message }) {
      const list = read.get(partition) ?? []
      list.push(message.value?.toString() ?? '')
      read.set(partition, list)
      missing -= 1
      if (missing === 0) resolve()
    },
  })
  await promise
  await consumer.disconnect()
  return read
}

async function expectAll(count: number): Promise<void> {
  const read = await readAll(count)
  for (let partition = 0; partition < partitionCount; partition++) {
    const expected = Array.from({ length: count }, (_, i) => entryOf(partition, i))
    expect(read.get(partition)).toEqual(expected)
  }
}

async function partitions() {
  const admin = client().admin()
  await admin.connect()
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]?.partitions ?? []
  } finally {
    await admin.disconnect()
  }
}

/** Every copy is in sync, and the broker leads what it should. */
async function whenWhole(): Promise<void> {
  await eventually(async () => {
    const all = await partitions()
    const isWhole = all.length === partitionCount && all.every(({ isr }) => isr.length === 3)
    return isWhole && all.some(({ leader }) => leader === damagedBroker) ? true : undefined
  }, 'all copies in sync')
}

/** Changes the file of the stopped broker that has its records. */
function damage(change: (file: Buffer) => void): void {
  const path = join(dataDirectory, `broker-${damagedBroker}`, 'segment-0000000000', 'data.mdb')
  const file = readFileSync(path)
  change(file)
  writeFileSync(path, file)
}

/** Flips a bit in each place where the file has these bytes, from one to another of them. */
function flip(file: Buffer, pattern: string, from = 0, to = Number.POSITIVE_INFINITY): number {
  let count = 0
  for (let at = file.indexOf(pattern); at >= 0; at = file.indexOf(pattern, at + 1)) {
    if (count >= from && count < to) file[at] = (file[at] ?? 0) ^ 1
    count += 1
  }
  return count
}

async function expectHealed(count: number): Promise<void> {
  await whenWhole()
  await expectAll(count)
  await whenWhole()
  await cluster.close()
  expect(cluster.failures).toEqual([])
  await compareReplicas(dataDirectory, cluster.brokerIds)
}

test('flipped bits in records are never served, and the copy is filled anew', async () => {
  await fill(0)
  await cluster.stop(damagedBroker)
  damage(file => {
    for (let partition = 0; partition < partitionCount; partition++) {
      expect(flip(file, entryOf(partition, 50))).toBeGreaterThan(0)
    }
  })
  await cluster.restart(damagedBroker)
  await fill(recordsPerPartition)
  await expectHealed(2 * recordsPerPartition)
})

test('a broker whose newest index records are damaged starts, and gets what it lost', async () => {
  await fill(0)
  await cluster.stop(damagedBroker)
  damage(file => {
    const records = flip(file, 'KLM1', 50, 51)
    expect(records).toBeGreaterThan(recordsPerPartition)
  })
  await cluster.restart(damagedBroker)
  await fill(recordsPerPartition)
  await expectHealed(2 * recordsPerPartition)
})

test('an emptied directory is filled from the others', async () => {
  await fill(0)
  await cluster.kill(damagedBroker)
  rmSync(join(dataDirectory, `broker-${damagedBroker}`), { recursive: true })
  await cluster.restart(damagedBroker)
  await fill(recordsPerPartition)
  await whenWhole()
  await expectHealed(2 * recordsPerPartition)
})
