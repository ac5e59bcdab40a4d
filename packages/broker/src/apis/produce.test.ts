// Produce in each version through its bytes, and what acks mean.

import { zeroUuid } from '@klamm/base'
import { errorCodes, type Produce, type RequestOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { batchOf, partitionImage, type TestBatch } from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { noResponse, type RequestContext } from './handler.ts'
import { produce } from './produce.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { internalTopicId, ledTopic, topicId } from './testing/led-topic.ts'

type Request = RequestOf<typeof Produce>

interface Sent extends TestBatch {
  readonly index?: number
  readonly name?: string
  readonly id?: string
  readonly records?: readonly Uint8Array[] | null
}

function request(sent: Sent = {}, more: Partial<Request> = {}): Partial<Request> {
  const { index = 0, name = 'orders', id = topicId, records, ...batch } = sent
  return {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1_000,
    topicData: [
      {
        name,
        topicId: id,
        partitionData: [{ index, records: records === undefined ? [batchOf(batch)] : records }],
      },
    ],
    ...more,
  }
}

function context(apiVersion: number, signal = new AbortController().signal): RequestContext {
  return {
    apiVersion,
    correlationId: 1,
    clientId: null,
    listener: 'client',
    connectionId: 1,
    remoteAddress: 'there',
    requestBytes: 0,
    signal,
  }
}

function handled(services: Parameters<typeof produce.handle>[0], sent: Partial<Request>) {
  return produce.handle(services, context(9), sent as Request)
}

test.each(versionsOf(produce))('v%i appends and tells the first offset', async apiVersion => {
  const { services, partition } = await ledTopic()
  await ask(produce, services, { apiVersion }, request({ values: ['a', 'b'] }))
  const { responses } = await ask(produce, services, { apiVersion }, request({ values: ['c'] }))
  expect(responses).toMatchObject([
    {
      ...(apiVersion >= 13 ? { topicId } : { name: 'orders' }),
      partitionResponses: [{ index: 0, errorCode: 0, baseOffset: 2, logAppendTimeMs: -1 }],
    },
  ])
  expect(partition.log.durableEndOffset).toBe(3)
})

test.each(versionsOf(produce))('v%i says who leads instead, as far as it can', async apiVersion => {
  const { services } = await ledTopic()
  const answer = await ask(produce, services, { apiVersion }, request({ index: 1 }))
  const [partition] = answer.responses[0]?.partitionResponses ?? []
  expect(partition).toMatchObject({ errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 })
  if (apiVersion < 10) return
  expect(partition?.currentLeader).toEqual({ leaderId: 2, leaderEpoch: 0 })
  expect(answer.nodeEndpoints).toEqual([{ nodeId: 2, host: 'broker-2', port: 9092, rack: null }])
})

test.each([
  [12, { name: 'nothing' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  [13, { id: 'bm90aGluZy1hdC1hbGwtMA' }, 'UNKNOWN_TOPIC_ID'],
  [13, { id: zeroUuid }, 'UNKNOWN_TOPIC_ID'],
  [12, { index: 7 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  [12, { records: null }, 'INVALID_RECORD'],
  [12, { records: [] }, 'INVALID_RECORD'],
  [12, { records: [new Uint8Array(100)] }, 'INVALID_RECORD'],
  [12, { name: '__consumer_offsets' }, 'INVALID_TOPIC_EXCEPTION'],
  [13, { id: internalTopicId }, 'INVALID_TOPIC_EXCEPTION'],
] as const)('v%i of %j is refused with %s', async (apiVersion, sent, error) => {
  const { services, partition } = await ledTopic()
  const { responses } = await ask(produce, services, { apiVersion }, request(sent))
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(errorCodes[error])
  expect(partition.log.logEndOffset).toBe(0)
})

test('zstd needs v7', async () => {
  const { services } = await ledTopic()
  const codes = []
  for (const apiVersion of [6, 7]) {
    const sent = request({ compression: 'zstd' })
    const { responses } = await ask(produce, services, { apiVersion }, sent)
    codes.push(responses[0]?.partitionResponses[0]?.errorCode)
  }
  expect(codes).toEqual([errorCodes.UNSUPPORTED_COMPRESSION_TYPE, 0])
})

test.each([[-2], [2], [100]])('acks=%i is none', async acks => {
  const { services, partition } = await ledTopic()
  const { responses } = await ask(produce, services, { apiVersion: 9 }, request({}, { acks }))
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(errorCodes.INVALID_REQUIRED_ACKS)
  expect(partition.log.logEndOffset).toBe(0)
})

test('records at fault are named', async () => {
  const { services } = await ledTopic({ 'cleanup.policy': 'compact' })
  const { responses } = await ask(produce, services, { apiVersion: 9 }, request())
  expect(responses[0]?.partitionResponses[0]).toMatchObject({
    errorCode: errorCodes.INVALID_RECORD,
    recordErrors: [{ batchIndex: 0, batchIndexErrorMessage: expect.any(String) }],
  })
})

test('acks=0 is not answered, once the records are durable', async () => {
  const { services, partition } = await ledTopic()
  const answer = handled(services, request({}, { acks: 0 }))
  expect(partition.log).toMatchObject({ logEndOffset: 1, durableEndOffset: 0 })
  expect(await answer).toBe(noResponse)
  expect(partition.log.durableEndOffset).toBe(1)
})

test.each([
  ['another leader', request({ index: 1 }, { acks: 0 }), 'NOT_LEADER_OR_FOLLOWER'],
  ['garbage', request({ records: [new Uint8Array(100)] }, { acks: 0 }), 'INVALID_RECORD'],
  [
    'a transaction',
    request({}, { acks: 0, transactionalId: 't' }),
    'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  ],
])('with acks=0 %s closes the connection, with the reason', async (_what, sent, reason) => {
  const { services } = await ledTopic()
  await expect(handled(services, sent)).rejects.toMatchObject({
    name: 'CloseConnection',
    message: expect.stringContaining(reason),
  })
})

test('acks=all waits for the other replicas until the time is up', async () => {
  const { services, partition, clock } = await ledTopic()
  partition.lead(partitionImage({ leaderEpoch: 2, partitionEpoch: 2 }), {
    brokerEpoch: 10,
    eligible: new Map([[2, 20]]),
  })
  let isAnswered = false
  const answer = ask(produce, services, { apiVersion: 9 }, request()).finally(() => {
    isAnswered = true
  })
  await settled()
  expect(partition.log.durableEndOffset).toBe(1)
  clock.advance(999)
  await settled()
  expect(isAnswered).toBe(false)
  clock.advance(1)
  const { responses } = await answer
  expect(responses[0]?.partitionResponses[0]?.errorCode).toBe(errorCodes.REQUEST_TIMED_OUT)
  expect(clock.pendingTimers).toBe(0)
})

test('a leadership that ends while records wait is told, with the present leader', async () => {
  const { services, partition } = await ledTopic()
  partition.lead(partitionImage({ leaderEpoch: 2, partitionEpoch: 2 }), {
    brokerEpoch: 10,
    eligible: new Map([[2, 20]]),
  })
  const answer = ask(produce, services, { apiVersion: 10 }, request())
  await settled()
  partition.follow(partitionImage({ leader: 2, leaderEpoch: 3, partitionEpoch: 3 }))
  const { responses, nodeEndpoints } = await answer
  expect(responses[0]?.partitionResponses[0]).toMatchObject({
    errorCode: errorCodes.NOT_LEADER_OR_FOLLOWER,
    baseOffset: -1,
    currentLeader: { leaderId: 1, leaderEpoch: 0 },
  })
  expect(nodeEndpoints).toHaveLength(1)
})

test('requests of one connection are appended in their order, before any is awaited', async () => {
  const { services, partition } = await ledTopic()
  const answers = ['a', 'b', 'c'].map(value => handled(services, request({ values: [value] })))
  expect(partition.log.logEndOffset).toBe(3)
  const offsets = []
  for (const answer of await Promise.all(answers)) {
    if (answer !== noResponse) offsets.push(answer.responses[0]?.partitionResponses[0]?.baseOffset)
  }
  expect(offsets).toEqual([0, 1, 2])
})
