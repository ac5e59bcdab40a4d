// ListOffsets in each version through its bytes.

import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { appendProduced } from '../partition/append.ts'
import type { Partition } from '../partition/partition.ts'
import {
  batchOf,
  brokers,
  damage,
  partitionImage,
  type TestBatch,
  unreadableBatch,
} from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { listOffsets } from './list-offsets.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { ledTopic } from './testing/led-topic.ts'

function produce(partition: Partition, batch: TestBatch | Uint8Array): void {
  const bytes = batch instanceof Uint8Array ? batch : batchOf(batch)
  const outcome = appendProduced(partition, bytes, {
    acks: 1,
    origin: 'client',
    zstdIsAllowed: true,
    wallMs: 1_000_000,
  })
  expect(outcome.error).toBe('NONE')
}

async function filled() {
  const topic = await ledTopic()
  produce(topic.partition, { values: ['a', 'b', 'c'], timestamp: 100 })
  produce(topic.partition, { values: ['d'], timestamp: 300 })
  produce(topic.partition, { values: ['e'], timestamp: 200 })
  await settled()
  return topic
}

async function offsetOf(
  services: Parameters<typeof listOffsets.handle>[0],
  timestamp: number,
  changes: { apiVersion?: number; currentLeaderEpoch?: number; index?: number; name?: string } = {},
) {
  const { apiVersion = 8, currentLeaderEpoch = -1, index = 0, name = 'orders' } = changes
  const { topics } = await ask(
    listOffsets,
    services,
    { apiVersion },
    {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions: [{ partitionIndex: index, currentLeaderEpoch, timestamp }] }],
    },
  )
  return topics[0]?.partitions[0]
}

test.each(versionsOf(listOffsets))('v%i tells the ends of a partition', async apiVersion => {
  const { services } = await filled()
  const latest = await offsetOf(services, -1, { apiVersion })
  expect(latest).toMatchObject({ errorCode: 0, offset: 5, timestamp: -1 })
  expect(await offsetOf(services, -2, { apiVersion })).toMatchObject({ errorCode: 0, offset: 0 })
  if (apiVersion >= 4) expect(latest?.leaderEpoch).toBe(1)
})

test.each([
  [0, 0, 100],
  [100, 0, 100],
  [101, 1, 101],
  [103, 3, 300],
  [250, 3, 300],
  [301, -1, -1],
])('the first record at or after %i is the one at %i', async (asked, offset, timestamp) => {
  const { services } = await filled()
  expect(await offsetOf(services, asked)).toMatchObject({ errorCode: 0, offset, timestamp })
})

test('the record with the greatest timestamp', async () => {
  const { services } = await filled()
  expect(await offsetOf(services, -3)).toMatchObject({ errorCode: 0, offset: 3, timestamp: 300 })
})

test.each([
  [-3, 7],
  [-4, 8],
  [-5, 9],
  [-6, 11],
])('what timestamp %i stands for is known from v%i on', async (timestamp, since) => {
  const { services } = await filled()
  const codes = versionsOf(listOffsets).map(async apiVersion => {
    return (await offsetOf(services, timestamp, { apiVersion }))?.errorCode
  })
  expect(await Promise.all(codes)).toEqual(
    versionsOf(listOffsets).map(v => (v < since ? errorCodes.UNSUPPORTED_VERSION : 0)),
  )
})

test('tiered storage has nothing here', async () => {
  const { services } = await filled()
  expect(await offsetOf(services, -4)).toMatchObject({ errorCode: 0, offset: 0 })
  expect(await offsetOf(services, -5, { apiVersion: 9 })).toMatchObject({ offset: -1 })
})

test('a batch that cannot be opened is an error of its partition, not of the broker', async () => {
  const { services, partition } = await ledTopic()
  produce(partition, unreadableBatch())
  await settled()
  for (const timestamp of [0, -3]) {
    const { errorCode, offset } = (await offsetOf(services, timestamp)) ?? {}
    expect(errorCode).toBe(errorCodes.INVALID_RECORD)
    expect(offset).toBe(-1)
  }
  expect(await offsetOf(services, -1)).toMatchObject({ errorCode: 0, offset: 1 })
})

test('a damaged log is an error of its partition, and its owner hears of it', async () => {
  const { services, partition, damages } = await filled()
  damage({ partition })
  for (const timestamp of [0, -3]) {
    const { errorCode, offset } = (await offsetOf(services, timestamp)) ?? {}
    expect([errorCode, offset]).toEqual([errorCodes.KAFKA_STORAGE_ERROR, -1])
  }
  expect(damages).toHaveLength(2)
})

test('a new leader that may lag behind what clients were told says so (KIP-207)', async () => {
  const { services, partition } = await filled()
  produce(partition, { values: ['late'], timestamp: 900 })
  partition.lead(partitionImage({ leaderEpoch: 2, partitionEpoch: 2 }), brokers)
  await settled()
  const codes = []
  for (const timestamp of [-1, -3, 900])
    codes.push((await offsetOf(services, timestamp))?.errorCode)
  expect(codes).toEqual(codes.map(() => errorCodes.OFFSET_NOT_AVAILABLE))
  // What is found is committed, whatever else may be.
  expect(await offsetOf(services, 300)).toMatchObject({ errorCode: 0, offset: 3 })
})

test.each([
  ['an epoch of the past', { currentLeaderEpoch: 0 }, 'FENCED_LEADER_EPOCH'],
  ['an epoch of the future', { currentLeaderEpoch: 2 }, 'UNKNOWN_LEADER_EPOCH'],
  ['a partition led elsewhere', { index: 1 }, 'NOT_LEADER_OR_FOLLOWER'],
  ['a topic that is not there', { name: 'nothing' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
] as const)('%s is refused', async (_what, changes, error) => {
  const { services } = await filled()
  expect((await offsetOf(services, -1, changes))?.errorCode).toBe(errorCodes[error])
})
