// What is committed, when, in whose name, and what becomes of it when the coordinator has changed
// its mind.

import { errorCodes, Heartbeat, OffsetCommit } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { ConsumerBench } from './testing/consumer-bench.ts'

test('a message that is at work on revoke is waited for, then committed, then given up', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster, group } = bench
  bench.produce(0, ['a', 'b'])
  const consumer = bench.consumer({ assignors: ['range'] })
  const work = Promise.withResolvers<void>()
  const revoked: number[] = []
  consumer.on('rebalance', event => revoked.push(event.revoked.length))
  let seen = 0
  void consumer.run({
    eachMessage: async () => {
      seen += 1
      if (seen === 1) await work.promise
    },
  })
  await cluster.until(() => seen === 1)
  group.rebalance()
  await cluster.run(10_000)
  expect(revoked).toEqual([0])
  work.resolve()
  await cluster.until(() => revoked.length >= 2)
  expect(cluster.committed('g', 't', 0)).toBe(1)
  await cluster.until(() => seen === 2)
})

test('a handler that never returns holds a rebalance up for its time-out only', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster, group } = bench
  bench.produce(0, ['a'])
  const consumer = bench.consumer({ assignors: ['range'], rebalanceTimeoutMs: 20_000 })
  let late: Promise<void> | undefined
  const work = Promise.withResolvers<void>()
  void consumer.run({
    eachMessage: async message => {
      if (late !== undefined) return
      await work.promise
      late = message.commit()
    },
  })
  await consumerJoined(bench, consumer)
  const { generationId } = group
  group.rebalance()
  await cluster.until(() => group.generationId > generationId, 25_000)
  work.resolve()
  await cluster.until(() => late !== undefined)
  // It says so: whoever has the partition now will see the message again.
  const error = await cluster.rejection(late ?? Promise.resolve())
  expect(error.code).toBe('ILLEGAL_GENERATION')
})

test('a member that the coordinator forgot loses its partitions and commits nothing', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster, group } = bench
  bench.produce(0, ['a'])
  const consumer = bench.consumer({ autoCommitIntervalMs: 100_000 })
  const lost: number[] = []
  consumer.on('rebalance', event => lost.push(event.lost.length))
  let seen = 0
  void consumer.run({
    eachMessage: () => {
      seen += 1
    },
  })
  await cluster.until(() => seen === 1)
  group.forget()
  await cluster.until(() => lost.includes(1))
  await cluster.until(() => seen === 2)
  expect(cluster.requests(OffsetCommit)).toHaveLength(0)
})

test.each([
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'REQUEST_TIMED_OUT',
  'UNKNOWN_TOPIC_OR_PARTITION',
] as const)('a commit that is answered %s is sent again', async error => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a'])
  const consumer = bench.consumer({ autoCommit: false })
  cluster.once(OffsetCommit, commitAnswer(error))
  const stream = consumer.messages()
  const { value: message } = await cluster.settle(stream.next())
  await cluster.settle(message?.commit() ?? Promise.reject(new Error('no message')))
  expect(cluster.committed('g', 't', 0)).toBe(1)
})

test.each([
  'OFFSET_METADATA_TOO_LARGE',
  'TOPIC_AUTHORIZATION_FAILED',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
] as const)('a commit that is answered %s rejects with it', async error => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a'])
  const consumer = bench.consumer({ autoCommit: false })
  cluster.once(OffsetCommit, commitAnswer(error))
  const stream = consumer.messages()
  const { value: message } = await cluster.settle(stream.next())
  const rejection = await cluster.rejection(message?.commit() ?? Promise.resolve())
  expect(rejection.code).toBe(error)
})

test('a lost answer to a commit is made good, and an older message takes nothing back', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a', 'b'])
  const consumer = bench.consumer({ autoCommit: false })
  cluster.once(OffsetCommit, 'close')
  const stream = consumer.messages()
  const first = (await cluster.settle(stream.next())).value
  const second = (await cluster.settle(stream.next())).value
  await cluster.settle(second?.commit() ?? Promise.resolve())
  await cluster.settle(first?.commit() ?? Promise.resolve())
  expect(cluster.committed('g', 't', 0)).toBe(2)
})

test('heartbeats go on while a handler works', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a'])
  const consumer = bench.consumer()
  let isAtWork = false
  void consumer.run({
    eachMessage: async (_, { signal }) => {
      isAtWork = true
      await new Promise(resolve => signal.addEventListener('abort', resolve))
    },
  })
  await cluster.until(() => isAtWork)
  const before = cluster.requests(Heartbeat).length
  await cluster.run(60_000)
  expect(cluster.requests(Heartbeat).length - before).toBeGreaterThanOrEqual(19)
})

async function consumerJoined(
  { cluster }: ConsumerBench,
  consumer: { joined(): Promise<void> },
): Promise<void> {
  await cluster.settle(consumer.joined())
}

function commitAnswer(error: Parameters<typeof codeOf>[0]) {
  const partitions = [{ partitionIndex: 0, errorCode: codeOf(error) }]
  const topicId = 'AAAAAAAAAAAAAAAAAAAAAA'
  return { throttleTimeMs: 0, topics: [{ name: 't', topicId, partitions }] }
}

function codeOf(error: keyof typeof errorCodes): number {
  return errorCodes[error]
}
