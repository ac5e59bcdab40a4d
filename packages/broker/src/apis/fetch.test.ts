// Fetch in each version through its bytes.

import { errorCodes, type Fetch, type RequestOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { appendProduced } from '../partition/append.ts'
import type { Partition } from '../partition/partition.ts'
import { batchOf, brokers, partitionImage } from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { fetch } from './fetch.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { ledTopic, topicId } from './testing/led-topic.ts'

type Request = RequestOf<typeof Fetch>

function request(fetchOffset: number, more: Partial<Request> = {}, index = 0): Partial<Request> {
  return {
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000_000,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        topic: 'orders',
        topicId,
        partitions: [
          {
            partition: index,
            currentLeaderEpoch: -1,
            fetchOffset,
            lastFetchedEpoch: -1,
            logStartOffset: -1,
            partitionMaxBytes: 1_000_000,
            replicaDirectoryId: 'AAAAAAAAAAAAAAAAAAAAAA',
            highWatermark: 0,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: '',
    ...more,
  }
}

async function produced(partition: Partition, value: string): Promise<Uint8Array> {
  const batch = batchOf({ values: [value] })
  appendProduced(partition, batch, {
    acks: 1,
    origin: 'client',
    zstdIsAllowed: true,
    wallMs: 1_000_000,
  })
  await settled()
  return batch
}

test.each(versionsOf(fetch))('v%i gives the batches as they are stored', async apiVersion => {
  const { services, partition } = await ledTopic()
  await produced(partition, 'a')
  const second = await produced(partition, 'b')
  const { responses } = await ask(fetch, services, { apiVersion }, request(1))
  expect(responses).toHaveLength(1)
  const [answer] = responses[0]?.partitions ?? []
  expect(answer).toMatchObject({ partitionIndex: 0, errorCode: 0, highWatermark: 2 })
  expect(Buffer.concat([...(answer?.records ?? [])])).toEqual(Buffer.from(second))
  if (apiVersion >= 13) expect(responses[0]?.topicId).toBe(topicId)
  else expect(responses[0]?.topic).toBe('orders')
})

test.each(versionsOf(fetch))('v%i tells errors per partition', async apiVersion => {
  const { services } = await ledTopic()
  const beyond = await ask(fetch, services, { apiVersion }, request(5))
  expect(beyond.responses[0]?.partitions[0]?.errorCode).toBe(errorCodes.OFFSET_OUT_OF_RANGE)
  const elsewhere = await ask(fetch, services, { apiVersion }, request(0, {}, 1))
  const [partition] = elsewhere.responses[0]?.partitions ?? []
  expect(partition?.errorCode).toBe(errorCodes.NOT_LEADER_OR_FOLLOWER)
  if (apiVersion < 16) return
  expect(partition?.currentLeader).toEqual({ leaderId: 2, leaderEpoch: 0 })
  expect(elsewhere.nodeEndpoints).toMatchObject([{ nodeId: 2, host: 'broker-2' }])
})

test('a client that says it is a follower is read for as a consumer', async () => {
  const { services, partition } = await ledTopic()
  await produced(partition, 'a')
  const before = partition.leader?.followers.size
  const claim = { replicaState: { replicaId: 2, replicaEpoch: 20 } }
  const { responses } = await ask(fetch, services, { apiVersion: 17 }, request(0, claim))
  expect(responses[0]?.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 1 })
  expect(partition.leader?.followers.size).toBe(before)
})

test('a session tells only what is new', async () => {
  const { services, partition } = await ledTopic()
  await produced(partition, 'a')
  const apiVersion = 13
  const opened = await ask(fetch, services, { apiVersion }, request(0, { sessionEpoch: 0 }))
  const { sessionId } = opened
  expect(sessionId).not.toBe(0)
  const step = (sessionEpoch: number, topics: Request['topics'] = []) =>
    ask(fetch, services, { apiVersion }, request(0, { sessionId, sessionEpoch, topics }))
  const moved = await step(1, request(1).topics)
  expect(moved).toMatchObject({ errorCode: 0, responses: [] })
  await produced(partition, 'b')
  expect((await step(2)).responses[0]?.partitions[0]).toMatchObject({ highWatermark: 2 })
  expect(await step(2)).toMatchObject({
    errorCode: errorCodes.INVALID_FETCH_SESSION_EPOCH,
    responses: [],
  })
})

test('a session that is not there is an error of the request', async () => {
  const { services } = await ledTopic()
  const asked = request(0, { sessionId: 77, sessionEpoch: 3 })
  const answer = await ask(fetch, services, { apiVersion: 12 }, asked)
  expect(answer.errorCode).toBe(errorCodes.FETCH_SESSION_ID_NOT_FOUND)
})

test('a fetch that waits is answered when there is something', async () => {
  const { services, partition, clock } = await ledTopic()
  const waiting = ask(fetch, services, { apiVersion: 12 }, request(0, { maxWaitMs: 0x7fffffff }))
  await settled()
  await produced(partition, 'a')
  const { responses } = await waiting
  expect(responses[0]?.partitions[0]?.records?.[0]?.length).toBeGreaterThan(0)
  clock.advance(0)
  expect(clock.pendingTimers).toBe(0)
})

test('a fetch of nothing calls back what its follower has waiting, of brokers alone', async () => {
  const { services, partition } = await ledTopic()
  partition.lead(partitionImage({ leaderEpoch: 2 }), brokers)
  const replicaState = { replicaId: 2, replicaEpoch: 20 }
  const context = {
    apiVersion: 17,
    correlationId: 1,
    clientId: 'broker-2',
    connectionId: 1,
    remoteAddress: 'peer:2',
    requestBytes: 100,
    signal: new AbortController().signal,
  }
  const fetches = (listener: 'client' | 'peer', more: Partial<Request>) => {
    const whole = request(0, { replicaState, ...more }) as Request
    return fetch.handle(services, { ...context, listener }, whole)
  }
  let isAnswered = false
  const waiting = Promise.resolve(fetches('peer', { maxWaitMs: 500 })).finally(() => {
    isAnswered = true
  })
  await fetches('client', { topics: [] })
  await settled()
  expect(isAnswered).toBe(false)
  await fetches('peer', { topics: [] })
  await waiting
})

test('no client waits for longer than five minutes', async () => {
  const { services, clock } = await ledTopic()
  const waiting = ask(fetch, services, { apiVersion: 12 }, request(0, { maxWaitMs: 0x7fffffff }))
  await settled()
  clock.advance(5 * 60_000)
  expect((await waiting).responses[0]?.partitions[0]?.errorCode).toBe(0)
})
