// Reads for consumers and followers: limits, waiting, waking.

import { expect, test } from 'vitest'
import { metadataOf } from '../apis/testing/metadata.ts'
import type { MetadataImage } from '../metadata/index.ts'
import { AnswerMemory } from '../network/answer-memory.ts'
import { settled } from '../testing/turns.ts'
import { appendProduced } from './append.ts'
import { type FetchedData, FetchReader, type FetchReaderOptions } from './fetch-reader.ts'
import { PartitionLookup } from './lookup.ts'
import { ParkedFetches } from './parked-fetches.ts'
import {
  batchOf,
  brokers,
  damage,
  followerFetches,
  openReplica,
  partitionImage,
  type Replica,
  topicId,
} from './testing/replica.ts'

const { image } = metadataOf([{ name: 'orders', id: topicId, leaders: [1] }]) as {
  image: MetadataImage
}

async function leading(): Promise<Replica> {
  const replica = await openReplica()
  replica.partition.lead(partitionImage(), brokers)
  return replica
}

function produce({ partition }: Replica, value = 'a'): void {
  appendProduced(partition, batchOf({ values: [value] }), {
    acks: 1,
    origin: 'client',
    zstdIsAllowed: true,
    wallMs: 1_000,
  })
}

const follower = { replicaId: 2, brokerEpoch: 20 }

interface Asked extends Partial<FetchReaderOptions> {
  readonly fetchOffset?: number
  readonly partitionIndex?: number
  readonly currentLeaderEpoch?: number
  readonly minBytes?: number
}

function reading({ partition, clock }: Replica, asked: Asked = {}) {
  const { fetchOffset = 0, partitionIndex = 0, currentLeaderEpoch = 1, ...rest } = asked
  const { minBytes = 1, ...options } = rest
  const reader = new FetchReader({
    clock,
    lookup: new PartitionLookup({
      image: () => image,
      partition: (_id, index) => (index === 0 ? partition : undefined),
    }),
    partitions: [
      {
        topicId,
        topicName: undefined,
        partitionIndex,
        fetchOffset,
        partitionMaxBytes: 1_000_000,
        currentLeaderEpoch,
        lastFetchedEpoch: -1,
        logStartOffset: 0,
      },
    ],
    limits: {
      minBytes,
      maxBytes: 1_000_000,
      isolation: options.follower === undefined ? 'readUncommitted' : 'replica',
    },
    maxWaitMs: 500,
    follower: undefined,
    parkedFetches: new ParkedFetches(),
    leaderOnly: false,
    memory: undefined,
    signal: new AbortController().signal,
    ...options,
  })
  const result: { answer: FetchedData | undefined } = { answer: undefined }
  void reader.answer().then(([first]) => {
    result.answer = first
  })
  return result
}

test('what is there is answered at once', async () => {
  const replica = await leading()
  produce(replica)
  await settled()
  await followerFetches(replica, 1)
  const fetch = reading(replica)
  await settled()
  expect(fetch.answer).toMatchObject({ error: 'NONE', highWatermark: 1, logStartOffset: 0 })
  expect(fetch.answer?.chunks).toHaveLength(1)
  expect(replica.clock.pendingTimers).toBe(0)
})

test('a log that turns out to be damaged serves nothing, and its owner hears of it', async () => {
  const replica = await leading()
  produce(replica)
  await settled()
  await followerFetches(replica, 1)
  damage(replica)
  const fetch = reading(replica)
  await settled()
  expect(fetch.answer).toMatchObject({ error: 'KAFKA_STORAGE_ERROR', chunks: [] })
  expect(replica.damages).toHaveLength(1)
})

test('a consumer waits for what is committed, not for what is appended', async () => {
  const replica = await leading()
  const fetch = reading(replica)
  produce(replica)
  await settled()
  expect(fetch.answer).toBeUndefined()
  await followerFetches(replica, 1)
  expect(fetch.answer?.chunks).toHaveLength(1)
  expect(replica.clock.pendingTimers).toBe(0)
})

test('a follower is woken by an append, before it is durable', async () => {
  const replica = await leading()
  const { partition } = replica
  const durableEnds: number[] = []
  partition.subscribe('follower', () => durableEnds.push(partition.log.durableEndOffset))
  const fetch = reading(replica, { follower })
  await settled()
  expect(fetch.answer).toBeUndefined()
  produce(replica)
  expect(durableEnds).toEqual([0])
  await settled()
  expect(fetch.answer?.chunks).toHaveLength(1)
})

test('a follower that wants its answer now gets what there is, the others go on waiting', async () => {
  const replica = await openReplica()
  replica.partition.lead(partitionImage({ replicas: [1, 2, 3] }), brokers)
  const parkedFetches = new ParkedFetches()
  const mine = reading(replica, { follower, parkedFetches })
  const others = reading(replica, { follower: { replicaId: 3, brokerEpoch: 30 }, parkedFetches })
  await settled()
  parkedFetches.release(2)
  await settled()
  expect(mine.answer).toMatchObject({ error: 'NONE', chunks: [] })
  parkedFetches.release(2)
  await settled()
  expect(others.answer).toBeUndefined()
  expect(replica.clock.pendingTimers).toBe(1)
})

test('fewer bytes than wanted are answered when the time is up', async () => {
  const replica = await leading()
  produce(replica)
  await settled()
  await followerFetches(replica, 1)
  const fetch = reading(replica, { minBytes: 100_000 })
  await settled()
  replica.clock.advance(499)
  await settled()
  expect(fetch.answer).toBeUndefined()
  replica.clock.advance(1)
  await settled()
  expect(fetch.answer?.chunks).toHaveLength(1)
})

test('news that are not enough do not make it wait longer', async () => {
  const replica = await leading()
  const fetch = reading(replica, { minBytes: 100_000 })
  for (let i = 1; i <= 4; i++) {
    replica.clock.advance(120)
    produce(replica)
    await settled()
    await followerFetches(replica, i)
    expect(fetch.answer).toBeUndefined()
  }
  replica.clock.advance(20)
  await settled()
  expect(fetch.answer?.chunks).toHaveLength(4)
  expect(replica.clock.pendingTimers).toBe(0)
})

test('who does not want to wait is answered empty', async () => {
  const replica = await leading()
  const fetch = reading(replica, { maxWaitMs: 0 })
  await settled()
  expect(fetch.answer).toMatchObject({ error: 'NONE', sizeInBytes: 0, highWatermark: 0 })
})

test('a waiting fetch hears of the end of the leadership', async () => {
  const replica = await leading()
  const [consumer, other] = [reading(replica), reading(replica, { follower })]
  await settled()
  replica.partition.stop('NOT_LEADER_OR_FOLLOWER')
  await settled()
  expect(consumer.answer?.error).toBe('NOT_LEADER_OR_FOLLOWER')
  expect(other.answer?.error).toBe('NOT_LEADER_OR_FOLLOWER')
})

test('a fetch that waits over a new election is fenced', async () => {
  const replica = await leading()
  const fetch = reading(replica, { follower })
  await settled()
  replica.partition.lead(partitionImage({ leaderEpoch: 2, partitionEpoch: 2 }), brokers)
  await settled()
  expect(fetch.answer?.error).toBe('FENCED_LEADER_EPOCH')
})

test('a fetch of a follower acknowledges once, when it comes', async () => {
  const replica = await leading()
  produce(replica)
  await settled()
  expect(replica.partition.highWatermark).toBe(0)
  reading(replica, { follower, fetchOffset: 1 })
  expect(replica.partition.highWatermark).toBe(1)
  const { followers } = replica.partition.leader ?? {}
  const before = followers?.get(2)?.lastFetchMs
  replica.clock.advance(100)
  produce(replica)
  await settled()
  // It was answered just now; that says nothing new of what the follower has.
  expect(followers?.get(2)?.lastFetchMs).toBe(before)
  expect(replica.partition.highWatermark).toBe(1)
})

test('a follower whose registration is older than one that was seen is refused', async () => {
  const replica = await leading()
  reading(replica, { follower })
  const stale = reading(replica, { follower: { replicaId: 2, brokerEpoch: 19 } })
  await settled()
  expect(stale.answer?.error).toBe('STALE_BROKER_EPOCH')
})

test('nothing waits for a client that is gone, and no listener stays', async () => {
  const replica = await leading()
  const abort = new AbortController()
  const fetch = reading(replica, { signal: abort.signal })
  await settled()
  abort.abort(new Error('closed'))
  await settled()
  expect(replica.clock.pendingTimers).toBe(0)
  expect(fetch.answer).toBeDefined()
})

test('a follower answers consumers, but none that must find the leader', async () => {
  const replica = await leading()
  produce(replica)
  await settled()
  await followerFetches(replica, 1)
  replica.partition.follow(partitionImage({ leader: 2, leaderEpoch: 2 }))
  const known = reading(replica, { currentLeaderEpoch: -1 })
  const old = reading(replica, { currentLeaderEpoch: -1, leaderOnly: true })
  await settled()
  expect(known.answer).toMatchObject({ error: 'NONE', highWatermark: 1 })
  expect(known.answer?.chunks).toHaveLength(1)
  expect(old.answer).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER', chunks: [] })
})

test.each([
  ['a partition that does not exist', { partitionIndex: 1 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
  ['an offset beyond the log', { fetchOffset: 5 }, 'OFFSET_OUT_OF_RANGE'],
  ['an offset before it', { fetchOffset: -1 }, 'OFFSET_OUT_OF_RANGE'],
])('%s is an error without delay', async (_what, asked, error) => {
  const replica = await leading()
  const fetch = reading(replica, asked)
  await settled()
  expect(fetch.answer?.error).toBe(error)
})

async function committed(count: number): Promise<Replica> {
  const replica = await leading()
  for (let i = 1; i <= count; i++) produce(replica)
  await settled()
  await followerFetches(replica, count)
  return replica
}

test('while much waits for slow readers a fetch gets one batch, and does not wait', async () => {
  const replica = await committed(3)
  const memory = new AnswerMemory(10_000, replica.clock)
  memory.changed(10_000)
  const fetch = reading(replica, { memory, minBytes: 100_000 })
  await settled()
  expect(fetch.answer?.chunks).toHaveLength(1)
  expect(memory.takenBytes).toBe(10_000 + (fetch.answer?.sizeInBytes ?? 0))
})

test('a fetch gets what is left of the memory, in whole batches', async () => {
  const replica = await committed(3)
  const batchBytes = batchOf({ values: ['a'] }).byteLength
  const memory = new AnswerMemory(10_000, replica.clock)
  memory.changed(10_000 - 2.5 * batchBytes)
  const fetch = reading(replica, { memory })
  await settled()
  expect(fetch.answer?.sizeInBytes).toBe(2 * batchBytes)
})

test('while far too much waits a fetch waits for room, at most as long as it wants', async () => {
  const replica = await committed(1)
  const memory = new AnswerMemory(10_000, replica.clock)
  memory.changed(20_000)
  const [first, second] = [reading(replica, { memory }), reading(replica, { memory })]
  await settled()
  expect(first.answer).toBeUndefined()
  memory.changed(-1)
  await settled()
  expect(first.answer?.chunks).toHaveLength(1)
  expect(second.answer).toBeUndefined()
  // The client of the first does not take its answer.
  memory.changed(first.answer?.sizeInBytes ?? 0)
  replica.clock.advance(500)
  await settled()
  expect(second.answer).toMatchObject({ error: 'NONE', sizeInBytes: 0 })
})
