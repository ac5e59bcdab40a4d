import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Cluster } from '@klamm/cluster'
import { Kafka, logLevel } from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, testCluster } from './test-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await testCluster()
})

afterAll(async () => {
  await cluster?.close()
})

function kafka(clientId: string) {
  return new Kafka({
    clientId,
    brokers: [...cluster.bootstrapServers],
    logLevel: logLevel.NOTHING,
    retry: { retries: 30, initialRetryTime: 50, maxRetryTime: 1_000 },
  })
}

async function newTopic(topic: string, numPartitions: number): Promise<void> {
  const admin = kafka('admin').admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions, replicationFactor: 3 }],
  })
  await admin.disconnect()
}

test('the partitions of a member that dies go to those that live', async () => {
  const topic = 'mortal'
  const groupId = 'mortals'
  await newTopic(topic, 4)
  const main = fileURLToPath(new URL('./group-member.ts', import.meta.url))
  const args = [main, cluster.bootstrapServers.join(','), groupId, topic]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise(resolve => child.stdout.once('data', resolve))
  let owned: readonly number[] = []
  const survivor = kafka('survivor').consumer({
    groupId,
    sessionTimeout: 6_000,
    heartbeatInterval: 300,
    maxWaitTimeInMs: 200,
  })
  survivor.on('consumer.group_join', ({ payload }) => {
    owned = payload.memberAssignment[topic] ?? []
  })
  await survivor.connect()
  await survivor.subscribe({ topic })
  await survivor.run({ eachMessage: async () => {} })
  await eventually(async () => (owned.length === 2 ? true : undefined), 'half of the partitions')
  child.kill('SIGKILL')
  await eventually(async () => (owned.length === 4 ? true : undefined), 'all partitions')
  await survivor.disconnect()
})

test('a group outlives each broker in turn, its coordinator among them, and loses no commit', async () => {
  const topic = 'relay'
  const groupId = 'runners'
  await newTopic(topic, 3)
  const producer = kafka('producer').producer()
  await producer.connect()
  const consumer = kafka('consumer').consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 300,
    maxWaitTimeInMs: 200,
  })
  const seen = new Set<string>()
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    autoCommitThreshold: 1,
    eachMessage: async ({ message }) => {
      seen.add(message.value?.toString() ?? '')
    },
  })
  const committed = async (): Promise<number> => {
    const admin = kafka('admin').admin()
    await admin.connect()
    const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] })
    await admin.disconnect()
    return (offsets?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0)
  }
  let sent = 0
  const sendTen = async (): Promise<void> => {
    const messages = Array.from({ length: 10 }, (_, i) => ({ value: `${sent + i}` }))
    await producer.send({ topic, messages })
    sent += 10
    await eventually(async () => (seen.size >= sent ? true : undefined), `${sent} records`)
  }
  await sendTen()
  let before = await eventually(async () => {
    const sum = await committed()
    return sum >= sent ? sum : undefined
  }, 'commits')
  for (const brokerId of cluster.brokerIds) {
    await cluster.kill(brokerId)
    expect(await committed()).toBeGreaterThanOrEqual(before)
    await sendTen()
    await cluster.restart(brokerId)
    before = await eventually(async () => {
      const sum = await committed()
      return sum >= sent ? sum : undefined
    }, 'commits after the restart')
  }
  await Promise.all([producer.disconnect(), consumer.disconnect()])
})
