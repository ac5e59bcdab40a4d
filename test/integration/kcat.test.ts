import { spawnSync } from 'node:child_process'
import type { Cluster } from '@klamm/cluster'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testCluster } from './test-cluster.ts'

// librdkafka's own tool. Debian has it (`apt-get install kcat`); without it nothing is tested.
const isInstalled = spawnSync('kcat', ['-V']).status === 0

let cluster: Cluster

beforeAll(async () => {
  if (isInstalled) cluster = await testCluster()
})

afterAll(async () => {
  await cluster?.close()
})

function kcat(args: readonly string[], input = ''): string {
  const result = spawnSync('kcat', ['-b', cluster.bootstrapServers.join(','), ...args], {
    input,
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(result.stderr.split('\n').filter(line => line.includes('ERROR'))).toEqual([])
  expect(result.status).toBe(0)
  return result.stdout
}

async function createTopic(topic: string): Promise<void> {
  const kafka = new kafkajs.Kafka({
    brokers: [...cluster.bootstrapServers],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: 1, replicationFactor: 3 }],
  })
  await admin.disconnect()
}

test.runIf(isInstalled).each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'kcat produces and consumes keys, values and headers (%s)',
  async codec => {
    const topic = `kcat-${codec}`
    await createTopic(topic)
    const lines = Array.from({ length: 100 }, (_, i) => `k${i}:value ${i} ${'x'.repeat(50)}`)
    kcat(
      ['-P', '-t', topic, '-K', ':', '-z', codec, '-H', 'a=b', '-X', 'enable.idempotence=true'],
      `${lines.join('\n')}\n`,
    )
    const out = kcat(['-C', '-t', topic, '-e', '-o', 'beginning', '-f', '%o %k:%s %h\n'])
    expect(out.trimEnd().split('\n')).toEqual(lines.map((line, i) => `${i} ${line} a=b`))
  },
)

test.runIf(isInstalled)('kcat lists brokers and topics', async () => {
  await createTopic('kcat-listed')
  const listing = kcat(['-L'])
  expect(listing).toContain('3 brokers:')
  expect(listing).toContain('topic "kcat-listed" with 1 partitions')
})

test.runIf(isInstalled)('kcat consumes as a member of a group', async () => {
  await createTopic('kcat-group')
  kcat(['-P', '-t', 'kcat-group'], 'one\ntwo\nthree\n')
  const out = kcat([
    ...['-G', 'kcat-readers', '-X', 'auto.offset.reset=earliest'],
    ...['-c', '3', 'kcat-group'],
  ])
  expect(out.trimEnd().split('\n')).toEqual(['one', 'two', 'three'])
})
