// A member and its group on the fake cluster: what it notices, and what it does not survive.

import { errorCodes, Heartbeat, LeaveGroup } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { ConsumerBench } from './testing/consumer-bench.ts'

test('the leader has the group assign again when a topic grows', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  const consumer = bench.consumer({}, { metadataMaxAgeMs: 1_000 })
  await cluster.settle(consumer.joined())
  expect(consumer.assignment()).toHaveLength(1)
  cluster.addPartitions('t', 3)
  await cluster.until(() => consumer.assignment().length === 3)
})

test('topics that match a pattern are subscribed to when they are created', async () => {
  await using bench = new ConsumerBench({ topics: { 'orders-a': 1 } })
  const { cluster } = bench
  const consumer = bench.consumer({ topics: [/^orders-/] }, { metadataMaxAgeMs: 1_000 })
  await cluster.settle(consumer.joined())
  cluster.createTopic('orders-b', 1)
  cluster.createTopic('users', 1)
  await cluster.until(() => consumer.assignment().length === 2)
  expect(consumer.assignment().map(({ topic }) => topic)).toEqual(['orders-a', 'orders-b'])
})

test('two cooperative members end with half each, and neither consumes what the other has', async () => {
  await using bench = new ConsumerBench({ topics: { t: 4 } })
  const { cluster } = bench
  const [a, b] = [bench.consumer(), bench.consumer()]
  await cluster.settle(a.joined())
  expect(a.assignment()).toHaveLength(4)
  void b.joined()
  await cluster.until(() => {
    const all = [...a.assignment(), ...b.assignment()].map(({ partition }) => partition)
    expect(new Set(all).size).toBe(all.length)
    return a.assignment().length === 2 && b.assignment().length === 2
  })
})

test('a static member that is fenced fails for good, and one that closes does not leave', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  const consumer = bench.consumer({ groupInstanceId: 'i' })
  const running = consumer.run({ eachMessage: () => {} })
  await cluster.settle(consumer.joined())
  const errorCode = errorCodes.FENCED_INSTANCE_ID
  cluster.once(Heartbeat, { throttleTimeMs: 0, errorCode })
  expect(await cluster.rejection(running)).toMatchObject({
    code: 'FENCED_INSTANCE_ID',
    fatal: true,
  })
  expect(consumer.health().state).toBe('failed')
  const other = bench.consumer({ groupId: 'h', groupInstanceId: 'j' })
  void other.joined().catch(() => {})
  await cluster.run(1_000)
  await cluster.settle(other.close())
  expect(cluster.requests(LeaveGroup)).toHaveLength(0)
})

test('a coordinator that cannot be reached stalls heartbeats, then delivery, and both resume', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  const consumer = bench.consumer({ sessionTimeoutMs: 20_000 })
  const stalls: number[] = []
  consumer.on('heartbeat.stalled', ({ lateMs }) => stalls.push(lateMs))
  const seen: unknown[] = []
  void consumer.run({
    eachMessage: ({ value }) => {
      seen.push(value)
    },
  })
  await cluster.settle(consumer.joined())
  let isSilent = true
  cluster.on(Heartbeat, () => (isSilent ? 'close' : { throttleTimeMs: 0, errorCode: 0 }))
  await cluster.until(() => consumer.health().state === 'suspended')
  expect(stalls).toHaveLength(1)
  bench.produce(0, ['a'])
  await cluster.run(5_000)
  expect(seen).toEqual([])
  isSilent = false
  await cluster.until(() => seen.length === 1)
  expect(consumer.health()).toMatchObject({ state: 'running', lag: 0 })
})
