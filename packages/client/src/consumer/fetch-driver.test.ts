// Fetching from brokers that lose connections, lose leadership, and die.

import { Fetch } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { ConsumerBench } from './testing/consumer-bench.ts'

test.each(['close', 'cut'] as const)(
  'an answer that ends by %s costs nothing: everything is seen once, in order',
  async trouble => {
    await using bench = new ConsumerBench({ topics: { t: 1 } })
    const { cluster } = bench
    bench.produce(0, ['a'])
    cluster.once(Fetch, trouble)
    const seen = await watch(bench)
    await cluster.until(() => seen.length === 1)
    cluster.once(Fetch, trouble)
    bench.produce(0, ['b'])
    await cluster.until(() => seen.length === 2)
    expect(seen).toEqual(['a', 'b'])
  },
)

test('an answer that is none ends the consumption: no later one would be better', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  cluster.once(Fetch, 'garbage')
  const error = await cluster.rejection(bench.consumer().run({ eachMessage: () => {} }))
  expect(error.code).toBe('ERR_PROTOCOL')
})

test('a leader that moves or dies is followed, and nothing is seen twice', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  cluster.setCoordinator('g', 3)
  bench.produce(0, ['a'])
  const seen = await watch(bench)
  await cluster.until(() => seen.length === 1)
  cluster.moveLeader('t', 0, 2)
  bench.produce(0, ['b'])
  await cluster.until(() => seen.length === 2)
  cluster.kill(2)
  bench.produce(0, ['c'])
  await cluster.until(() => seen.length === 3)
  expect(seen).toEqual(['a', 'b', 'c'])
})

test('records that retention removed are passed over', async () => {
  await using bench = new ConsumerBench({ topics: { t: 1 } })
  const { cluster } = bench
  bench.produce(0, ['a'])
  const seen = await watch(bench, { offset: 0 })
  await cluster.until(() => seen.length === 1)
  for (const value of ['b', 'c', 'd']) bench.produce(0, [value])
  cluster.trim('t', 0, 3)
  await cluster.until(() => seen.includes('d'))
})

async function watch(bench: ConsumerBench, at?: { offset: number }): Promise<unknown[]> {
  const seen: unknown[] = []
  const consumer = bench.consumer()
  if (at !== undefined) consumer.seek({ topic: 't', partition: 0, ...at })
  void consumer.run({
    eachMessage: ({ value }) => {
      seen.push(value)
    },
  })
  await bench.cluster.settle(consumer.joined())
  return seen
}
