// Bounds: of memory, of time, of interest. Who waits, in which order, and who does not have to.

import { channel, tracingChannel } from 'node:diagnostics_channel'
import { Produce } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { Kafka } from '../kafka.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import type { Producer } from './producer.ts'
import type { ProducerOptions } from './producer-options.ts'
import { numbered, refusal, stored, values } from './testing/stored.ts'

function producerOf(fake: FakeCluster, options?: ProducerOptions<never, never>): Producer {
  return new Kafka(fake.options({ requestTimeoutMs: 5_000 })).producer(options) as Producer
}

const record = (value: string, bytes = 100) => ({
  topic: 'a',
  messages: [{ key: value, value: new Uint8Array(bytes), partition: 0 }],
})

const keys = (fake: FakeCluster): string[] => {
  return stored(fake, 'a').map(({ key }) => new TextDecoder().decode(key ?? undefined))
}

test('calls that do not fit wait, and get in first come first served', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 1_000 })
  await fake.settle(producer.send(record('k0')))
  fake.delay(1, 100)
  // The large one is not overtaken by small ones that would fit.
  const sizes = [500, 700, 10, 10, 900, 300, 10]
  const sent = sizes.map((size, i) => producer.send(record(`k${i + 1}`, size)))
  await fake.settle(Promise.all(sent))
  expect(keys(fake)).toEqual([0, 1, 2, 3, 4, 5, 6, 7].map(i => `k${i}`))
  await fake.settle(producer.close())
})

test('one call that is larger than all the room gets in piece by piece', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 1_000 })
  let most = 0
  fake.on(Produce, request => {
    const bytes = request.topicData[0]?.partitionData[0]?.records?.[0]?.length ?? 0
    most = Math.max(most, bytes)
    return undefined
  })
  const messages = numbered(200, { key: 'some key' })
  const results = await fake.settle(producer.send({ topic: 'a', messages }))
  expect(results.map(({ offset }) => offset)).toEqual(messages.map((_, i) => i))
  expect(values(fake, 'a')).toEqual(messages.map(({ value }) => value))
  expect(most).toBeLessThanOrEqual(1_100)
  await fake.settle(producer.close())
})

test('whoever would not wait is refused at once, and nothing of the call is sent', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 1_000, onFull: 'throw' })
  // Nothing is known of the topic yet: what waits for that counts as well.
  const first = producer.send(record('k0', 600))
  const refused = await fake.rejection(producer.send(record('k1', 600)))
  expect(refused).toMatchObject({ code: 'ERR_BUFFER_FULL', retriable: true, topic: 'a' })
  const batch = {
    topicMessages: [
      { topic: 'b', messages: numbered(1) },
      { topic: 'a', messages: record('k2', 600).messages },
    ],
  }
  expect(await fake.rejection(producer.sendBatch(batch))).toMatchObject({ code: 'ERR_BUFFER_FULL' })
  await fake.settle(first)
  await fake.settle(producer.send(record('k3', 600)))
  expect(keys(fake)).toEqual(['k0', 'k3'])
  expect(stored(fake, 'b')).toEqual([])
  await fake.settle(producer.close())
})

test('a call that is aborted while it waits is left out; one on its way may be stored', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 400 })
  await fake.settle(producer.send(record('k0')))
  fake.delay(1, 100)
  const [onItsWay, inLine] = [new AbortController(), new AbortController()]
  const first = producer.send(record('k1', 300), { signal: onItsWay.signal })
  const second = producer.send(record('k2', 300), { signal: inLine.signal })
  const third = producer.send(record('k3', 300))
  await fake.run(20)
  const reason = new Error('the request was cancelled')
  inLine.abort(reason)
  onItsWay.abort(reason)
  for (const error of await fake.rejections([first, second])) {
    expect(error).toMatchObject({ code: 'ERR_ABORTED', cause: reason })
  }
  await fake.settle(third)
  expect(keys(fake)).toEqual(['k0', 'k1', 'k3'])
  await fake.settle(producer.close())
})

test('a batch that nobody waits for any more is not sent; a shared one is', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { lingerMs: 100 })
  await fake.settle(producer.send(record('k0')))
  const abort = new AbortController()
  const { signal } = abort
  const alone = producer.send(record('k1'), { signal })
  abort.abort()
  expect(await fake.rejection(alone)).toMatchObject({ code: 'ERR_ABORTED' })
  await fake.run(200)
  expect(keys(fake)).toEqual(['k0'])
  expect(await fake.rejection(producer.send(record('k2'), { signal }))).toMatchObject({
    code: 'ERR_ABORTED',
  })
  const later = new AbortController()
  const shared = producer.send(record('k3'), { signal: later.signal })
  const other = producer.send(record('k4'))
  later.abort()
  await fake.rejection(shared)
  await fake.settle(other)
  expect(keys(fake)).toEqual(['k0', 'k3', 'k4'])
  await fake.settle(producer.close())
})

test('a signal is listened to only as long as its call lasts', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  const { signal } = new AbortController()
  let listeners = 0
  const [add, remove] = [signal.addEventListener, signal.removeEventListener]
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1
    add.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners -= 1
    remove.apply(signal, args)
  }
  await fake.settle(producer.send(record('k0'), { signal }))
  await fake.settle(producer.flush({ signal }))
  expect(listeners).toBe(0)
  await fake.settle(producer.close())
})

test('waiting for room and for a topic counts towards the delivery time-out', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 400, deliveryTimeoutMs: 3_000 })
  await fake.settle(producer.send(record('k0')))
  fake.on(Produce, request => refusal(request, 'NOT_ENOUGH_REPLICAS'))
  const atMs = fake.nowMs
  const errors = await fake.rejections([
    producer.send(record('k1', 300)),
    producer.send(record('k2', 300)),
  ])
  expect(errors.map(({ code }) => code)).toEqual(['ERR_DELIVERY_TIMEOUT', 'ERR_DELIVERY_TIMEOUT'])
  expect(fake.nowMs - atMs).toBeLessThan(3_100)
  for (const id of [1, 2, 3]) fake.vanish(id)
  const unknown = producer.send({ topic: 'b', messages: numbered(1) })
  const error = await fake.rejection(unknown)
  expect(['ERR_DELIVERY_TIMEOUT', 'ERR_CONNECTION', 'ERR_REQUEST_TIMEOUT']).toContain(error.code)
  expect(fake.nowMs - atMs).toBeLessThan(6_200)
  await fake.settle(producer.close({ timeoutMs: 10 }))
})

test('close waits no longer than it is told, tells everybody, and leaves nothing behind', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake, { maxBufferedBytes: 400 })
  await fake.settle(producer.send(record('k0')))
  fake.vanish(1, { keepLeaders: true })
  const calls = [
    producer.send(record('k1', 300)),
    producer.send(record('k2', 300)),
    producer.send({ topic: 'later', messages: numbered(1) }),
  ]
  const rejected = Promise.all(calls.map(call => call.catch((error: unknown) => error)))
  const atMs = fake.nowMs
  await fake.settle(producer.close({ timeoutMs: 2_000 }))
  expect(fake.nowMs - atMs).toBeLessThan(2_010)
  const [onItsWay, inLine, unknown] = await fake.settle(rejected)
  expect(onItsWay).toMatchObject({
    code: 'ERR_CLOSED',
    message: 'a record of a-0: the producer was closed; it is unknown whether they were stored',
  })
  expect(inLine).toMatchObject({ code: 'ERR_CLOSED' })
  expect(unknown).toMatchObject({ topic: 'later' })
  expect(fake.pendingTimers).toBe(0)
})

test('the signal of the Kafka object closes its producers', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const abort = new AbortController()
  const producer = new Kafka(fake.options({ signal: abort.signal })).producer()
  await fake.settle(producer.send({ topic: 'a', messages: numbered(1) }))
  fake.delay(1, 1_000)
  const sent = producer.send({ topic: 'a', messages: numbered(1) })
  await fake.run(10)
  abort.abort()
  expect(await fake.rejection(sent)).toMatchObject({ code: 'ERR_CLOSED' })
  const late = producer.send({ topic: 'a', messages: numbered(1) })
  expect(await fake.rejection(late)).toMatchObject({ code: 'ERR_CLOSED' })
  await fake.run(10)
  expect([fake.pendingTimers, fake.openConnections]).toEqual([0, 0])
  await fake.settle(producer.close())
})

test('who listens hears of calls and batches', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const heard: unknown[] = []
  const onBatch = (event: unknown): void => void heard.push(event)
  const onStart = (event: unknown): void => void heard.push(event)
  channel('klamm:client:producer.batch').subscribe(onBatch)
  const sends = tracingChannel('klamm:client:producer.send')
  sends.start.subscribe(onStart)
  const producer = producerOf(fake)
  fake.once(Produce, request => refusal(request, 'INVALID_RECORD'))
  await fake.rejection(producer.send({ topic: 'a', messages: numbered(2) }))
  channel('klamm:client:producer.batch').unsubscribe(onBatch)
  sends.start.unsubscribe(onStart)
  await fake.settle(producer.send({ topic: 'a', messages: numbered(2) }))
  expect(heard).toMatchObject([
    { clientId: 'klamm', topic: 'a', messages: 2 },
    { topic: 'a', partition: 0, records: 2, attempts: 1, error: 'INVALID_RECORD' },
  ])
  await fake.settle(producer.close())
})
