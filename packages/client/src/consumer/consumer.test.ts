// A consumer on the fake cluster: what it hands out, commits, and leaves behind.

import { JoinGroup } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { ConsumerBench, textBatch } from './testing/consumer-bench.ts'

test('run hands out everything in order, commits on close and leaves nothing behind', async () => {
  await using bench = new ConsumerBench()
  const { cluster, group } = bench
  bench.produce(0, ['a', 'b'])
  bench.produce(1, ['x'])
  const consumer = bench.consumer()
  const seen: string[] = []
  const running = consumer.run({
    eachMessage: ({ partition, offset, value }) => {
      seen.push(`${partition}:${offset}=${value}`)
    },
  })
  await cluster.until(() => seen.length === 3)
  bench.produce(0, ['c'])
  await cluster.until(() => seen.length === 4)
  expect(seen.filter(each => each.startsWith('0'))).toEqual(['0:0=a', '0:1=b', '0:2=c'])
  await cluster.settle(consumer.close())
  await cluster.settle(running)
  expect(cluster.committed('g', 't', 0)).toBe(3)
  expect(cluster.committed('g', 't', 1)).toBe(1)
  expect(group.left).toEqual(['member-1'])
  expect(cluster.pendingTimers).toBe(0)
  await cluster.run(1_000)
  expect(cluster.openConnections).toBe(0)
})

test('a message is done when the next is asked for, and comes again after a break', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a', 'b', 'c'])
  const first = bench.consumer()
  const stream = first.messages()
  const values: unknown[] = []
  for (let i = 0; i < 2; i++) values.push((await cluster.settle(stream.next())).value?.value)
  if (stream.return !== undefined) await cluster.settle(stream.return())
  const again = await cluster.settle(first.messages().next())
  expect([...values, again.value?.value]).toEqual(['a', 'b', 'b'])
  await cluster.settle(first.close({ timeoutMs: 500 }))
  expect(cluster.committed('g', 't', 0)).toBe(1)
})

test('a handler that throws is called again, and too many times ends the run', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster, group } = bench
  bench.produce(0, ['a', 'b'])
  const consumer = bench.consumer({ restart: { maxRestarts: 2 } })
  const seen: unknown[] = []
  const crashes: unknown[] = []
  consumer.on('crash', ({ restarts, isFatal }) => crashes.push([restarts, isFatal]))
  const cause = new Error('no')
  const running = consumer.run({
    eachMessage: ({ value }) => {
      seen.push(value)
      if (value === 'b') throw cause
    },
  })
  const error = await cluster.rejection(running)
  expect(error).toMatchObject({ code: 'ERR_HANDLER', fatal: true, cause })
  expect(seen).toEqual(['a', 'b', 'b', 'b'])
  expect(crashes).toEqual([
    [1, false],
    [2, false],
    [3, true],
  ])
  // It does not keep its partitions from others.
  await cluster.until(() => group.left.length === 1)
})

test('close does not wait for brokers that are down longer than it is told', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a'])
  const consumer = bench.consumer()
  let seen = 0
  const running = consumer.run({
    eachMessage: () => {
      seen += 1
    },
  })
  await cluster.until(() => seen === 1)
  for (const id of [1, 2, 3]) cluster.vanish(id, { keepLeaders: true })
  const startMs = cluster.nowMs
  await cluster.settle(consumer.close({ timeoutMs: 2_000 }))
  await cluster.settle(running)
  expect(cluster.nowMs - startMs).toBeLessThanOrEqual(2_100)
  expect(cluster.pendingTimers).toBe(0)
})

test('pause hands out nothing more and resume goes on where it was', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a', 'b'])
  const consumer = bench.consumer()
  const seen: unknown[] = []
  void consumer.run({
    eachMessage: ({ value }) => {
      seen.push(value)
      if (value === 'a') consumer.pause([{ topic: 't' }])
    },
  })
  await cluster.until(() => seen.length === 1)
  bench.produce(0, ['c'])
  await cluster.run(5_000)
  expect(seen).toEqual(['a'])
  expect(consumer.paused()).toEqual([{ topic: 't', partition: 0 }])
  consumer.resume([{ topic: 't' }])
  await cluster.until(() => seen.length === 3)
  expect(seen).toEqual(['a', 'b', 'c'])
  consumer.seek({ topic: 't', partition: 0, offset: 1 })
  await cluster.until(() => seen.length === 5)
  expect(seen.slice(3)).toEqual(['b', 'c'])
})

test('a damaged batch ends the consumption, or is passed over if so chosen', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a'])
  const damaged = textBatch(['b', 'c'])
  bench.cluster.append('t', 0, damaged)
  const stored = cluster.batches('t', 0)[1] ?? new Uint8Array(0)
  stored[stored.length - 1] = (stored.at(-1) ?? 0) ^ 0xff
  bench.produce(0, ['d'])
  const failing = bench.consumer({ groupId: 'failing' })
  const error = await cluster.rejection(failing.run({ eachMessage: () => {} }))
  expect(error).toMatchObject({ code: 'CORRUPT_MESSAGE', topic: 't', partition: 0 })
  expect(cluster.committed('failing', 't', 0) ?? 1).toBe(1)
  const skipping = bench.consumer({ onRecordError: 'skip' })
  const seen: unknown[] = []
  for await (const { value } of driven(bench, skipping.messages())) {
    seen.push(value)
    if (seen.length === 2) break
  }
  expect(seen).toEqual(['a', 'd'])
})

test('partitions are handed out each for itself', async () => {
  await using bench = new ConsumerBench()
  const { cluster } = bench
  bench.produce(0, ['a'])
  bench.produce(1, ['x'])
  const consumer = bench.consumer()
  const partitions = consumer.partitions()
  const seen: string[] = []
  for (let i = 0; i < 2; i++) {
    const { value: stream } = await cluster.settle(partitions.next())
    if (stream === undefined) throw new Error('no partition')
    const { value } = await cluster.settle(stream.next())
    seen.push(`${stream.partition}=${value?.value}`)
  }
  expect(seen.sort()).toEqual(['0=a', '1=x'])
})

test('given partitions are read without a group', async () => {
  await using bench = new ConsumerBench()
  const { cluster } = bench
  bench.produce(1, ['x', 'y'])
  const partitions = [{ topic: 't', partition: 1 }]
  const consumer = bench.consumer({ groupId: undefined, partitions })
  consumer.seek({ topic: 't', partition: 1, offset: 1 })
  const { value } = await cluster.settle(consumer.messages().next())
  expect(value?.value).toBe('y')
  expect(cluster.requests(JoinGroup)).toHaveLength(0)
})

/** Iterates in virtual time. */
async function* driven<T>({ cluster }: ConsumerBench, stream: AsyncIterator<T, undefined>) {
  for (;;) {
    const { done, value } = await cluster.settle(stream.next())
    if (done === true) return
    yield value
  }
}
