// The producer against a cluster that misbehaves: every record is stored once and in order, or its
// sender is told that it was not.

import {
  type ErrorName,
  errorCodes,
  InitProducerId,
  isRetriable,
  Metadata,
  Produce,
  readBatchHeader,
} from '@klamm/protocol'
import { expect, test } from 'vitest'
import { Kafka } from '../kafka.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import type { Producer } from './producer.ts'
import type { ProducerOptions } from './producer-options.ts'
import { numbered, refusal, stored, storeSilently, values } from './testing/stored.ts'

function producerOf(fake: FakeCluster, options?: ProducerOptions<never, never>): Producer {
  return new Kafka(fake.options({ requestTimeoutMs: 5_000 })).producer(options) as Producer
}

/** Sends without waiting: one batch per call. */
function sendAll(producer: Producer, count: number, topic = 'a'): Promise<unknown>[] {
  return Array.from({ length: count }, (_, i) => {
    return producer.send({ topic, messages: [{ value: `v${i}`, partition: 0 }] })
  })
}

const upTo = (count: number): string[] => Array.from({ length: count }, (_, i) => `v${i}`)

/** A producer whose batches hold one record each, known to the leader. */
async function oneByOne(
  fake: FakeCluster,
  options: ProducerOptions<never, never> = {},
): Promise<Producer> {
  const producer = producerOf(fake, { batchBytes: 70, lingerMs: 0, ...options })
  await fake.settle(producer.send({ topic: 'a', messages: [{ value: 'first', partition: 0 }] }))
  return producer
}

for (const how of ['close', 'drop', 'cut', 'garbage'] as const) {
  for (const isStored of [true, false]) {
    test(`an answer is lost (${how}), the records ${isStored ? 'were' : 'were not'} stored`, async () => {
      await using fake = new FakeCluster({ topics: { a: 1 } })
      const producer = await oneByOne(fake)
      fake.once(Produce, () => undefined)
      fake.once(Produce, async request => {
        if (isStored) await storeSilently(fake, 'a', request)
        return how
      })
      await fake.settle(Promise.all(sendAll(producer, 8)))
      expect(values(fake, 'a')).toEqual(['first', ...upTo(8)])
      await fake.settle(producer.close())
      expect(fake.pendingTimers).toBe(0)
    })
  }
}

test('five batches of a partition are on their way at a time, in order', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  fake.delay(1, 100)
  const sent = Promise.all(sendAll(producer, 12))
  await fake.run(50)
  expect(fake.requests(Produce)).toHaveLength(1 + 5)
  await fake.settle(sent)
  expect(values(fake, 'a')).toEqual(['first', ...upTo(12)])
  await fake.settle(producer.close())
})

test('whatever a broker answers to one of many batches, the others are stored in order', async () => {
  for (const error of Object.keys(errorCodes) as ErrorName[]) {
    if (error === 'NONE') continue
    await using fake = new FakeCluster({ topics: { a: 1 } })
    const producer = await oneByOne(fake)
    fake.once(Produce, () => undefined)
    fake.once(Produce, request => refusal(request, error))
    const results = await fake.settle(Promise.allSettled(sendAll(producer, 5)))
    const failed = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
    const isRetried =
      isRetriable(error) || ['OUT_OF_ORDER_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'].includes(error)
    if (isRetried) {
      expect([error, failed, values(fake, 'a')]).toEqual([error, [], ['first', ...upTo(5)]])
    } else if (error !== 'DUPLICATE_SEQUENCE_NUMBER') {
      expect(failed).toMatchObject([{ code: error, topic: 'a', partition: 0 }])
      expect([error, values(fake, 'a')]).toEqual([error, ['first', 'v0', 'v2', 'v3', 'v4']])
    }
    await fake.settle(producer.close())
  }
})

test('a leader that stored and then lacked replicas is asked again, the record is there once', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  fake.once(Produce, async request => {
    await storeSilently(fake, 'a', request)
    return refusal(request, 'NOT_ENOUGH_REPLICAS_AFTER_APPEND')
  })
  const results = await fake.settle(Promise.all(sendAll(producer, 3)))
  expect(results).toMatchObject([[{ offset: 1 }], [{ offset: 2 }], [{ offset: 3 }]])
  expect(values(fake, 'a')).toEqual(['first', ...upTo(3)])
  await fake.settle(producer.close())
})

test('a leader that moved is found by the hint in the answer, without asking for metadata', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  const asked = fake.requests(Metadata).length
  fake.moveLeader('a', 0, 3)
  fake.on(Metadata, () => 'drop')
  fake.once(Produce, request => {
    const currentLeader = { leaderId: 3, leaderEpoch: 1 }
    const nodeEndpoints = [{ nodeId: 3, host: 'broker-3', port: 9092, rack: null }]
    return refusal(request, 'NOT_LEADER_OR_FOLLOWER', { currentLeader }, { nodeEndpoints })
  })
  const atMs = fake.nowMs
  await fake.settle(Promise.all(sendAll(producer, 1)))
  // No back-off: the next attempt goes to somebody else.
  expect(fake.nowMs - atMs).toBeLessThan(50)
  expect(fake.requests(Produce).map(({ brokerId }) => brokerId)).toEqual([1, 1, 3])
  expect(fake.requests(Metadata).length).toBeLessThanOrEqual(asked + 1)
  await fake.settle(producer.close())
})

test('a leader that moved is found without a hint, in an old protocol as well', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  fake.versions(Produce, [3, 8])
  const producer = await oneByOne(fake)
  fake.moveLeader('a', 0, 2)
  await fake.settle(Promise.all(sendAll(producer, 4)))
  fake.kill(2)
  await fake.settle(producer.send({ topic: 'a', messages: [{ value: 'v4', partition: 0 }] }))
  expect(values(fake, 'a')).toEqual(['first', ...upTo(5)])
  expect(fake.requests(Produce).at(-1)).toMatchObject({ version: 8 })
  await fake.settle(producer.close())
})

test('while nobody leads a partition its records wait, those of others do not', async () => {
  await using fake = new FakeCluster({ topics: { a: 1, b: 1 } })
  const producer = await oneByOne(fake)
  fake.moveLeader('a', 0, -1)
  const waiting = producer.send({ topic: 'a', messages: [{ value: 'v0', partition: 0 }] })
  await fake.settle(producer.send({ topic: 'b', messages: numbered(1) }))
  await fake.run(5_000)
  expect(values(fake, 'a')).toEqual(['first'])
  fake.moveLeader('a', 0, 2)
  expect(await fake.settle(waiting)).toMatchObject([{ offset: 1 }])
  await fake.settle(producer.close())
})

test('a leader that vanishes is replaced as soon as its requests time out', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  const sent = sendAll(producer, 7)
  fake.vanish(1)
  await fake.settle(Promise.all(sent))
  expect(values(fake, 'a')).toEqual(['first', ...upTo(7)])
  await fake.settle(producer.close())
})

test('a batch that is too large is sent in parts', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  for (const compression of ['none', 'zstd'] as const) {
    const producer = producerOf(fake, { compression })
    const before = stored(fake, 'a').length
    const sizes: number[] = []
    fake.on(Produce, request => {
      const size = request.topicData[0]?.partitionData[0]?.records?.[0]?.length ?? 0
      sizes.push(size)
      return size > 300 ? refusal(request, 'MESSAGE_TOO_LARGE') : undefined
    })
    const messages = Array.from({ length: 20 }, (_, i) => ({
      key: `k${i}`,
      value: Uint8Array.from({ length: 40 }, (_x, at) => (i * 37 + at * at * 11) % 256),
      headers: { h: `${i}` },
    }))
    const results = await fake.settle(producer.send({ topic: 'a', messages }))
    expect(results.map(({ offset }) => offset)).toEqual(messages.map((_, i) => before + i))
    const records = stored(fake, 'a').slice(before)
    expect(records.map(({ value }) => [...(value ?? [])])).toEqual(
      messages.map(({ value }) => [...value]),
    )
    expect(
      records.map(({ headers }) => new TextDecoder().decode(headers[0]?.value ?? undefined)),
    ).toEqual(messages.map((_, i) => `${i}`))
    await fake.settle(producer.close())
  }
})

test('the records that a broker names fail alone', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = producerOf(fake)
  fake.once(Produce, request => {
    const recordErrors = [{ batchIndex: 1, batchIndexErrorMessage: 'a compacted topic needs keys' }]
    return refusal(request, 'INVALID_RECORD', { recordErrors })
  })
  const sends = ['v0', 'v1', 'v2'].map(value =>
    producer.send({ topic: 'a', messages: [{ value }] }),
  )
  const results = await fake.settle(Promise.allSettled(sends))
  expect(results).toMatchObject([
    { value: [{ offset: 0 }] },
    { reason: { code: 'INVALID_RECORD', message: /.*/ } },
    { value: [{ offset: 1 }] },
  ])
  expect((results[1] as PromiseRejectedResult).reason.message).toBe(
    'a record of a-0: a compacted topic needs keys',
  )
  expect(values(fake, 'a')).toEqual(['v0', 'v2'])
  await fake.settle(producer.close())
})

test('of a call with many records the error tells how many failed', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  const producer = producerOf(fake)
  fake.on(Produce, (request, { brokerId }) => {
    return brokerId === 2 ? refusal(request, 'TOPIC_AUTHORIZATION_FAILED') : undefined
  })
  const messages = [0, 1, 1, 0].map((partition, i) => ({ value: `v${i}`, partition }))
  const error = await fake.rejection(producer.send({ topic: 'a', messages }))
  expect(error).toMatchObject({
    code: 'TOPIC_AUTHORIZATION_FAILED',
    message: '2 of 4 records of a-1: TOPIC_AUTHORIZATION_FAILED',
    partition: 1,
    retriable: false,
  })
  await fake.settle(producer.close())
})

test('a record that nobody acknowledges in time is given up, and the error says what is known', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake, { deliveryTimeoutMs: 12_000 })
  fake.on(Produce, request => refusal(request, 'NOT_ENOUGH_REPLICAS'))
  const refused = await fake.rejection(sendAll(producer, 1)[0] as Promise<unknown>)
  expect(refused).toMatchObject({
    code: 'ERR_DELIVERY_TIMEOUT',
    message:
      'a record of a-0: not acknowledged within 12000 ms, ' +
      'the last attempt ended with NOT_ENOUGH_REPLICAS',
    cause: { code: 'NOT_ENOUGH_REPLICAS' },
  })
  fake.on(Produce, () => 'drop')
  const lost = await fake.rejection(sendAll(producer, 1)[0] as Promise<unknown>)
  expect(lost.message).toMatch(/; it is unknown whether they were stored$/)
  expect(lost).toMatchObject({
    code: 'ERR_DELIVERY_TIMEOUT',
    cause: { code: 'ERR_REQUEST_TIMEOUT' },
  })
  // What comes after is neither held up nor taken for the lost one.
  fake.on(Produce, () => undefined)
  await fake.settle(producer.send({ topic: 'a', messages: [{ value: 'last', partition: 0 }] }))
  expect(values(fake, 'a')).toEqual(['first', 'last'])
  const epochs = fake.batches('a', 0).map(batch => readBatchHeader(batch).producerEpoch)
  expect(epochs).toEqual([0, 2])
  await fake.settle(producer.close())
})

test('a topic that does not exist is an error, and created when that is allowed', async () => {
  await using fake = new FakeCluster()
  const producer = producerOf(fake, { allowAutoTopicCreation: false })
  const typo = producer.send({ topic: 'typo', messages: numbered(2) })
  expect(await fake.rejection(typo)).toMatchObject({
    code: 'UNKNOWN_TOPIC_OR_PARTITION',
    topic: 'typo',
  })
  const allowed = producerOf(fake)
  const early = allowed.send({ topic: 'new', messages: numbered(1) })
  await fake.run(1_000)
  fake.createTopic('new', 1)
  expect(await fake.settle(early)).toMatchObject([{ offset: 0 }])
  const asked = fake.requests(Metadata).map(({ request }) => request.allowAutoTopicCreation)
  expect(asked).toContain(true)
  await fake.settle(Promise.all([producer.close(), allowed.close()]))
})

test('a topic that was deleted and made anew goes on', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  fake.deleteTopic('a')
  const sent = sendAll(producer, 3)
  await fake.run(300)
  fake.createTopic('a', 1)
  await fake.settle(Promise.all(sent))
  expect(values(fake, 'a')).toEqual(upTo(3))
  await fake.settle(producer.close())
})

test('a broker that has forgotten the producer gets its records under a new epoch', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  fake.forgetProducers('a', 0)
  await fake.settle(Promise.all(sendAll(producer, 6)))
  expect(values(fake, 'a')).toEqual(['first', ...upTo(6)])
  const header = readBatchHeader(fake.batches('a', 0).at(-1) as Uint8Array)
  expect(header).toMatchObject({ producerEpoch: 1, baseSequence: 5 })
  await fake.settle(producer.close())
})

test('without idempotence the order is kept as well', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake, { idempotent: false })
  fake.once(Produce, request => refusal(request, 'LEADER_NOT_AVAILABLE'))
  fake.once(Produce, () => 'close')
  await fake.settle(Promise.all(sendAll(producer, 6)))
  expect(values(fake, 'a')).toEqual(['first', ...upTo(6)])
  expect(fake.requests(InitProducerId)).toEqual([])
  await fake.settle(producer.close())
})

test('a producer id is asked for until there is one; a refusal is told', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const answer = (error: ErrorName) => ({
    throttleTimeMs: 0,
    errorCode: errorCodes[error],
    producerId: -1,
    producerEpoch: -1,
  })
  fake.once(InitProducerId, 'close')
  fake.once(InitProducerId, answer('COORDINATOR_LOAD_IN_PROGRESS'))
  const producer = producerOf(fake)
  await fake.settle(Promise.all(sendAll(producer, 2)))
  expect(fake.requests(InitProducerId)).toHaveLength(3)
  const other = producerOf(fake)
  fake.once(InitProducerId, answer('CLUSTER_AUTHORIZATION_FAILED'))
  const [first, second] = await fake.rejections(sendAll(other, 2))
  for (const error of [first, second]) {
    expect(error).toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED', retriable: false })
    expect(error?.message).toContain('`idempotent: false`')
  }
  // The next one asks again: what was missing may have been granted.
  await fake.settle(Promise.all(sendAll(other, 1)))
  fake.once(InitProducerId, answer('CLUSTER_AUTHORIZATION_FAILED'))
  const third = producerOf(fake)
  expect(await fake.rejection(third.connect())).toMatchObject({
    code: 'CLUSTER_AUTHORIZATION_FAILED',
  })
  await fake.settle(Promise.all([producer.close(), other.close(), third.close()]))
})

test('a broker without producer ids is told apart, and used without idempotence', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  fake.versions(InitProducerId, undefined)
  const producer = producerOf(fake)
  const [error] = await fake.rejections(sendAll(producer, 1))
  expect(error).toMatchObject({ code: 'ERR_UNSUPPORTED_VERSION' })
  const plain = producerOf(fake, { idempotent: false })
  await fake.settle(Promise.all(sendAll(plain, 1)))
  await fake.settle(Promise.all([producer.close(), plain.close()]))
})

test('a broker that asks for a pause gets it', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  const producer = await oneByOne(fake)
  fake.once(Produce, request =>
    refusal(request, 'NONE', { baseOffset: 1 }, { throttleTimeMs: 700 }),
  )
  await fake.settle(Promise.all(sendAll(producer, 1)))
  const atMs = fake.nowMs
  await fake.settle(Promise.all(sendAll(producer, 1)))
  expect(fake.nowMs - atMs).toBeGreaterThan(690)
  await fake.settle(producer.close())
})
