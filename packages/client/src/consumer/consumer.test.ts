// A consumer on the fake cluster: what it hands out, commits, and leaves behind.

import { expect, test } from 'vitest'
import { ConsumerBench } from './testing/consumer-bench.ts'

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
