// The producer against a cluster that behaves: what goes out, and what comes back.

import { type CompressionName, compressionOf, Produce, readBatchHeader } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { Kafka } from '../kafka.ts'
import { string } from '../serde/formats.ts'
import { json } from '../serde/json.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import type { Producer } from './producer.ts'
import type { ProducerOptions } from './producer-options.ts'
import { numbered, stored, text, values } from './testing/stored.ts'

function producerOf<K, V>(fake: FakeCluster, options?: ProducerOptions<K, V>): Producer<K, V> {
  return new Kafka(fake.options()).producer(options)
}

test('records are stored in order and their places are told', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  const results = await fake.settle(producer.send({ topic: 'a', messages: numbered(3) }))
  expect(results.map(({ topic, partition, offset }) => [topic, partition, offset])).toEqual([
    ['a', 0, 0],
    ['a', 0, 1],
    ['a', 0, 2],
  ])
  expect(values(fake, 'a')).toEqual(['v0', 'v1', 'v2'])
  const [next] = await fake.settle(producer.send({ topic: 'a', messages: numbered(1) }))
  expect(next).toMatchObject({ offset: 3 })
  await fake.settle(producer.close())
})

test('after close nothing is left: no timer, no connection, no call accepted', async () => {
  await using fake = new FakeCluster({ topics: { a: 3 } })
  const producer = producerOf(fake, { lingerMs: 1000 })
  const sent = producer.send({ topic: 'a', messages: numbered(10) })
  await fake.settle(producer.close())
  expect(await sent).toHaveLength(10)
  expect(fake.pendingTimers).toBe(0)
  await fake.run(10)
  expect(fake.openConnections).toBe(0)
  const late = await fake.rejections([
    producer.send({ topic: 'a', messages: numbered(1) }),
    producer.sendBatch({ topicMessages: [{ topic: 'a', messages: numbered(1) }] }),
    producer.enqueue({ topic: 'a', value: 'x' }),
    producer.connect(),
  ])
  for (const error of late) expect(error).toMatchObject({ code: 'ERR_CLOSED', fatal: true })
  await producer.close()
  await producer[Symbol.asyncDispose]()
})

test('keys, nulls, headers and timestamps arrive as they were given', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  const before = fake.env.clock.wallMs()
  await fake.settle(
    producer.send({
      topic: 'a',
      messages: [
        { key: 'k', value: null, timestamp: 5 },
        { value: Uint8Array.of(1, 2) },
        {
          key: new Uint8Array(),
          value: '',
          headers: { one: 'ä', many: ['1', Uint8Array.of(2), null], none: undefined },
        },
        {
          value: 'x',
          headers: [
            ['b', '1'],
            ['a', null],
            ['b', '2'],
          ],
        },
        { value: 'y', headers: new Map([['c', '3']]) },
      ],
    }),
  )
  const records = stored(fake, 'a')
  expect(records.map(({ key, value }) => [key, value])).toEqual([
    [Uint8Array.of(107), null],
    [null, Uint8Array.of(1, 2)],
    [new Uint8Array(), new Uint8Array()],
    [null, Uint8Array.of(120)],
    [null, Uint8Array.of(121)],
  ])
  const headers = records.map(record => {
    return record.headers.map(({ key, value }) => [key, value && text(value)])
  })
  expect(headers.slice(2)).toEqual([
    [
      ['one', 'ä'],
      ['many', '1'],
      ['many', '\u0002'],
      ['many', null],
    ],
    [
      ['b', '1'],
      ['a', null],
      ['b', '2'],
    ],
    [['c', '3']],
  ])
  expect(records[0]?.timestamp).toBe(5)
  expect(records[1]?.timestamp).toBeGreaterThanOrEqual(before)
  await fake.settle(producer.close())
})

test('calls of one turn share a batch; a single call waits for nobody', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  await fake.settle(producer.connect())
  const sends = [0, 1, 2].map(() => producer.send({ topic: 'a', messages: numbered(2) }))
  await fake.settle(Promise.all(sends))
  expect(fake.batches('a', 0)).toHaveLength(1)
  const atMs = fake.nowMs
  await fake.settle(producer.send({ topic: 'a', messages: numbered(1) }))
  // The way there and back alone.
  expect(fake.nowMs - atMs).toBeLessThan(4)
  await fake.settle(producer.close())
})

test('a linger time that was asked for is kept, unless somebody flushes', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { lingerMs: 50 })
  await fake.settle(producer.send({ topic: 'a', messages: numbered(1) }))
  const atMs = fake.nowMs
  const first = producer.send({ topic: 'a', messages: numbered(1) })
  await fake.run(20)
  const second = producer.send({ topic: 'a', messages: numbered(1) })
  await fake.settle(Promise.all([first, second]))
  expect(fake.nowMs - atMs).toBeGreaterThanOrEqual(50)
  expect(fake.batches('a', 0)).toHaveLength(2)
  const flushedAtMs = fake.nowMs
  const third = producer.send({ topic: 'a', messages: numbered(1) })
  await fake.settle(producer.flush())
  expect(fake.nowMs - flushedAtMs).toBeLessThan(10)
  expect(await third).toMatchObject([{ offset: 3 }])
  // With nothing to wait for it is done at once.
  await producer.flush()
  await fake.settle(producer.close())
})

test('a flush waits for what was given before it, failures included, and for nothing later', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { lingerMs: 10_000 })
  const lost = producer.send({ topic: 'nowhere', messages: numbered(1) })
  lost.catch(() => undefined)
  const first = producer.send({ topic: 'a', messages: numbered(1) })
  const flushed = producer.flush()
  const again = producer.flush()
  await fake.settle(flushed)
  await fake.settle(again)
  await first
  expect((await fake.rejection(lost)).code).toBe('UNKNOWN_TOPIC_OR_PARTITION')
  const abort = new AbortController()
  const late = producer.send({ topic: 'a', messages: numbered(1) })
  fake.delay(1, 500)
  const aborted = producer.flush({ signal: abort.signal })
  abort.abort(new Error('enough'))
  expect(await fake.rejection(aborted)).toMatchObject({
    code: 'ERR_ABORTED',
    cause: { message: 'enough' },
  })
  await fake.settle(late)
  await fake.settle(producer.close())
})

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
  test(`compression ${compression} for the producer, and another for one call`, async () => {
    await using fake = new FakeCluster({ topics: { a: 1 } })
    const producer = producerOf(fake, { compression })
    const other: CompressionName = compression === 'gzip' ? 'lz4' : 'gzip'
    await fake.settle(
      Promise.all([
        producer.send({ topic: 'a', messages: numbered(100) }),
        producer.send({ topic: 'a', messages: numbered(1), compression: other }),
        producer.send({ topic: 'a', messages: numbered(1) }),
      ]),
    )
    const used = fake.batches('a', 0).map(batch => compressionOf(readBatchHeader(batch)))
    expect(used).toEqual([compression, other, compression])
    expect(values(fake, 'a').slice(98)).toEqual(['v98', 'v99', 'v0', 'v0'])
    await fake.settle(producer.close())
  })
}

test('acks 0 and 1 are sent without numbers, in order; acks 0 knows no offset', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  const results = await fake.settle(
    Promise.all([
      producer.send({ topic: 'a', messages: numbered(1) }),
      producer.send({ topic: 'a', messages: numbered(1), acks: 0 }),
      producer.send({ topic: 'a', messages: numbered(1), acks: 1 }),
      producer.send({ topic: 'a', messages: numbered(1), acks: -1 }),
    ]),
  )
  expect(results.map(([result]) => result?.offset)).toEqual([0, -1, 2, 3])
  expect(fake.requests(Produce).map(({ request }) => request.acks)).toEqual([-1, 0, 1, -1])
  const ids = fake.batches('a', 0).map(batch => readBatchHeader(batch).producerId >= 0)
  expect(ids).toEqual([true, false, false, true])
  await fake.settle(producer.close())
})

test('a record larger than a batch travels alone; many small ones fill batches', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { batchBytes: 1000 })
  const large = { value: new Uint8Array(5000) }
  const messages = [...numbered(100), large, ...numbered(10)]
  await fake.settle(producer.send({ topic: 'a', messages }))
  const sizes = fake.batches('a', 0).map(batch => batch.length)
  expect(sizes.filter(size => size > 1000)).toHaveLength(1)
  const counts = fake.batches('a', 0).map(batch => readBatchHeader(batch).recordCount)
  expect(counts.filter((_, i) => (sizes[i] as number) > 1000)).toEqual([1])
  expect(stored(fake, 'a')).toHaveLength(111)
  await fake.settle(producer.close())
})

test('keys decide the partition, an explicit one goes before', async () => {
  await using fake = new FakeCluster({ topics: { a: 6 } })
  const producer = producerOf(fake)
  const byKey = await fake.settle(
    producer.send({ topic: 'a', messages: numbered(20, { key: 'same' }) }),
  )
  expect(new Set(byKey.map(({ partition }) => partition)).size).toBe(1)
  const explicit = await fake.settle(
    producer.send({ topic: 'a', messages: numbered(3, { key: 'same', partition: 5 }) }),
  )
  expect(explicit.map(({ partition }) => partition)).toEqual([5, 5, 5])
  await fake.settle(producer.close())
})

test('a partition that does not exist yet is asked for; one that stays unknown is an error', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  await fake.settle(producer.send({ topic: 'a', messages: numbered(1) }))
  fake.addPartitions('a', 3)
  const late = numbered(1, { partition: 2 })
  const first = producer.send({ topic: 'a', messages: late })
  // Behind it, for the order of calls.
  const second = producer.send({ topic: 'a', messages: numbered(1, { partition: 0 }) })
  expect(await fake.settle(first)).toMatchObject([{ partition: 2, offset: 0 }])
  expect(await fake.settle(second)).toMatchObject([{ partition: 0, offset: 1 }])
  const never = producer.send({ topic: 'a', messages: numbered(1, { partition: 9 }) })
  expect(await fake.rejection(never)).toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
    message: 'a has 3 partitions, there is no partition 9',
    topic: 'a',
    partition: 9,
  })
  await fake.settle(producer.close())
})

test('a topic of another size is used as soon as that is known', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const kafka = new Kafka(fake.options({ metadataMaxAgeMs: 1000 }))
  const producer = kafka.producer({ partitioner: 'roundRobin' })
  await fake.settle(producer.send({ topic: 'a', messages: numbered(4) }))
  fake.addPartitions('a', 4)
  await fake.run(2500)
  const results = await fake.settle(producer.send({ topic: 'a', messages: numbered(8) }))
  expect(new Set(results.map(({ partition }) => partition)).size).toBe(4)
  await fake.settle(producer.close())
})

test('a partitioner that gives nonsense or throws fails the call, and nothing of it is sent', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  const answers: unknown[] = [0, -1, 0, 2, 0, 0.5, 0, Number.NaN, 0, '1', 0, undefined]
  const producer = producerOf(fake, { partitioner: () => answers.shift() as number })
  for (const shown of ['-1', '2', '0.5', 'NaN', '1', 'undefined']) {
    const error = await fake.rejection(producer.send({ topic: 'a', messages: numbered(2) }))
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: `the partitioner gave ${shown}, not one of 0 to 1 for a record of a`,
      topic: 'a',
    })
  }
  expect(stored(fake, 'a')).toEqual([])
  const thrower = producerOf(fake, {
    partitioner: () => {
      throw new Error('no idea')
    },
  })
  expect(await fake.rejection(thrower.send({ topic: 'a', messages: numbered(1) }))).toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    cause: { message: 'no idea' },
  })
  await fake.settle(Promise.all([producer.close(), thrower.close()]))
})

test('a partitioner of one’s own sees the record and the partitions', async () => {
  await using fake = new FakeCluster({ topics: { a: 4 } })
  const seen: unknown[] = []
  const producer = producerOf(fake, {
    partitioner: {
      partition({ topic, key, headers }, { count, available, queuedBytes }) {
        seen.push([topic, text(key), headers?.[0]?.key, count, [...available], queuedBytes.length])
        return 3
      },
    },
  })
  const messages = [{ key: 'k', value: 'v', headers: { h: '1' } }]
  expect(await fake.settle(producer.send({ topic: 'a', messages }))).toMatchObject([
    { partition: 3 },
  ])
  expect(seen).toEqual([['a', 'k', 'h', 4, [0, 1, 2, 3], 1]])
  await fake.settle(producer.close())
})

test('sendBatch sends to several topics and answers in order', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1 } })
  const producer = producerOf(fake)
  const results = await fake.settle(
    producer.sendBatch({
      topicMessages: [
        { topic: 'b', messages: numbered(2) },
        { topic: 'a', messages: numbered(1) },
      ],
    }),
  )
  expect(results.map(({ topic, offset }) => [topic, offset])).toEqual([
    ['b', 0],
    ['b', 1],
    ['a', 0],
  ])
  expect(await producer.send({ topic: 'a', messages: [] })).toEqual([])
  await fake.settle(producer.close())
})

test('enqueue gives the place of its one record', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  const results = [1, 2, 3].map(i => producer.enqueue({ topic: 'a', key: 'k', value: `v${i}` }))
  expect(await fake.settle(Promise.all(results))).toMatchObject([
    { offset: 0 },
    { offset: 1 },
    { offset: 2 },
  ])
  expect(fake.batches('a', 0)).toHaveLength(1)
  await fake.settle(producer.close())
})

test('serializers type the messages; a value that does not fit fails the whole call', async () => {
  await using fake = new FakeCluster({ topics: { orders: 1 } })
  const producer = producerOf(fake, {
    key: string(),
    value: json(z.object({ id: z.number() })),
  })
  await fake.settle(
    producer.send({ topic: 'orders', messages: [{ key: 'k', value: { id: 1 } }, { value: null }] }),
  )
  expect(values(fake, 'orders')).toEqual(['{"id":1}', null])
  const wrong = producer.send({
    topic: 'orders',
    messages: [{ value: { id: 2 } }, { value: { id: 'three' as never } }],
  })
  const error = await fake.rejection(wrong)
  expect(error).toMatchObject({ code: 'ERR_SERIALIZATION', topic: 'orders' })
  expect(error.message).toContain('the value of a record of orders')
  expect(error.message).toContain('id: ')
  expect(stored(fake, 'orders')).toHaveLength(2)
  await fake.settle(producer.close())
})

test('what makes no sense is told before anything is sent', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 10_000 })
  const nonsense: readonly (readonly [unknown, string, string])[] = [
    [{ topic: '', messages: [] }, 'ERR_INVALID_ARGUMENT', 'a topic is a name'],
    [{ topic: 'a', messages: 'x' }, 'ERR_INVALID_ARGUMENT', 'are no array'],
    [{ topic: 'a', messages: [null] }, 'ERR_INVALID_ARGUMENT', 'no object'],
    [{ topic: 'a', messages: [{ value: 5 }] }, 'ERR_SERIALIZATION', 'a number'],
    [{ topic: 'a', messages: [{ value: {} }] }, 'ERR_SERIALIZATION', 'an object'],
    [{ topic: 'a', messages: [{ value: '', partition: -1 }] }, 'ERR_INVALID_ARGUMENT', 'not -1'],
    [{ topic: 'a', messages: [{ value: '', timestamp: 0.5 }] }, 'ERR_INVALID_ARGUMENT', '0.5'],
    [{ topic: 'a', messages: [{ value: '', headers: { h: 5 } }] }, 'ERR_INVALID_ARGUMENT', 'h'],
    [{ topic: 'a', messages: [{ value: '' }], acks: 2 }, 'ERR_INVALID_ARGUMENT', 'not 2'],
    [{ topic: 'a', messages: [{ value: '' }], compression: 'br' }, 'ERR_INVALID_ARGUMENT', 'br'],
    [
      { topic: 'a', messages: [{ value: 'x'.repeat(10_000) }] },
      'MESSAGE_TOO_LARGE',
      'maxBufferedBytes',
    ],
  ]
  for (const [record, code, part] of nonsense) {
    const error = await fake.rejection(producer.send(record as never))
    expect([record, error.code]).toEqual([record, code])
    expect(error.message).toMatch(part)
  }
  expect(fake.requests(Produce)).toEqual([])
  await fake.settle(producer.close())
})

test('options that make no sense are refused', async () => {
  await using fake = new FakeCluster()
  const kafka = new Kafka(fake.options())
  const nonsense: readonly [ProducerOptions<never, never>, RegExp][] = [
    [{ acks: 1, idempotent: true }, /idempotence needs/],
    [{ maxInFlight: 6 }, /at most 5/],
    [{ maxInFlight: 0 }, /maxInFlight/],
    [{ lingerMs: -1 }, /lingerMs/],
    [{ batchBytes: 0 }, /batchBytes/],
    [{ maxBufferedBytes: Number.NaN }, /maxBufferedBytes/],
    [{ deliveryTimeoutMs: 0 }, /deliveryTimeoutMs/],
    [{ onFull: 'drop' as never }, /onFull/],
    [{ compression: 'brotli' as never }, /compression/],
    [{ partitioner: 'random' as never }, /partitioner random/],
  ]
  for (const [options, message] of nonsense) {
    expect(() => kafka.producer(options)).toThrow(message)
    expect(() => kafka.producer(options)).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
  }
  const plain = kafka.producer({ acks: 1, maxInFlight: 50 })
  await plain.close()
})
