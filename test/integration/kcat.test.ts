import { spawn, spawnSync } from 'node:child_process'
import type { Cluster } from '@klamm/cluster'
import kafkajs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, testCluster } from './test-cluster.ts'

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

async function createTopic(topic: string, numPartitions = 1): Promise<void> {
  const kafka = new kafkajs.Kafka({
    brokers: [...cluster.bootstrapServers],
    logLevel: kafkajs.logLevel.NOTHING,
  })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions, replicationFactor: 3 }],
  })
  await admin.disconnect()
}

test.runIf(isInstalled).each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
  'kcat produces and consumes keys, values, timestamps, headers and nulls (%s)',
  async codec => {
    const topic = `kcat-${codec}`
    await createTopic(topic)
    const startMs = Date.now()
    const lines = Array.from({ length: 100 }, (_, i) => `k${i}:value ${i} ${'x'.repeat(50)}`)
    kcat(
      ['-P', '-t', topic, '-K', ':', '-z', codec, '-H', 'a=b', '-X', 'enable.idempotence=true'],
      `${lines.join('\n')}\n`,
    )
    const out = kcat(['-C', '-t', topic, '-e', '-o', 'beginning', '-f', '%o %k:%s %h\n'])
    expect(out.trimEnd().split('\n')).toEqual(lines.map((line, i) => `${i} ${line} a=b`))
    kcat(['-P', '-t', topic, '-K', ':', '-z', codec, '-Z'], 'gone:\n:no key\n')
    const rest = kcat(['-C', '-t', topic, '-e', '-o', '100', '-f', '%o %k %K %s %S %T\n'])
    const [gone, noKey] = rest.trimEnd().split('\n')
    // A length of -1 stands for null.
    expect(gone).toMatch(/^100 gone 4 {2}-1 \d+$/)
    expect(noKey).toMatch(/^101 {2}-1 no key 6 \d+$/)
    for (const line of [gone, noKey]) {
      const timestamp = Number(line?.split(' ').at(-1))
      expect(timestamp).toBeGreaterThanOrEqual(startMs)
      expect(timestamp).toBeLessThanOrEqual(Date.now())
    }
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

/** A member of `kcat-sharing`; `owned` is how many partitions it has, as it says itself. */
function member(topic: string) {
  const child = spawn(
    'kcat',
    [
      ...['-b', cluster.bootstrapServers.join(','), '-G', 'kcat-sharing'],
      ...['-X', 'session.timeout.ms=6000', '-X', 'heartbeat.interval.ms=300', topic],
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const owned = (): number => {
    const last = said.split('\n').findLast(line => line.includes('rebalanced')) ?? ''
    return last.includes('assigned') ? last.split(`${topic} [`).length - 1 : 0
  }
  const exited = new Promise(resolve => child.once('exit', resolve))
  return { owned, exited, end: (signal: NodeJS.Signals) => child.kill(signal) }
}

test.runIf(isInstalled)('members come, leave and die, and the others take over', async () => {
  const topic = 'kcat-shared'
  await createTopic(topic, 6)
  const members = [member(topic)]
  const shared = (each: number) =>
    eventually(
      async () => (members.every(({ owned }) => owned() === each) ? true : undefined),
      `${each} partitions for each of ${members.length} members`,
    )
  await shared(6)
  members.push(member(topic))
  await shared(3)
  members.push(member(topic))
  await shared(2)
  members.pop()?.end('SIGKILL')
  await shared(3)
  members.pop()?.end('SIGTERM')
  await shared(6)
  const last = members.pop()
  last?.end('SIGTERM')
  await last?.exited
})
