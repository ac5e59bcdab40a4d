// Appends of producers on the leader.

import { readBatchHeader, readRecords, verifyCrc } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { settled } from '../testing/turns.ts'
import { type AppendOptions, appendProduced } from './append.ts'
import type { Partition } from './partition.ts'
import {
  batchOf,
  brokers,
  followerFetches,
  openReplica,
  partitionImage,
  type TestBatch,
  unreadableBatch,
} from './testing/replica.ts'

const options: AppendOptions = {
  acks: -1,
  origin: 'client',
  zstdIsAllowed: true,
  wallMs: 1_735_689_600_000,
}

async function leading(configs: Readonly<Record<string, string>> = {}, image = partitionImage()) {
  const replica = await openReplica(configs)
  replica.partition.lead(image, brokers)
  return replica
}

function append(partition: Partition, batch: TestBatch = {}, changes: Partial<AppendOptions> = {}) {
  return appendProduced(partition, batchOf(batch), { ...options, ...changes })
}

/** All batches of the log, in one. */
function stored({ log }: Partition): readonly Uint8Array[] {
  return log.read(log.logStartOffset, 1e9, log.logEndOffset, true).chunks
}

test('a batch gets the next offsets and the epoch of its leader, and keeps its checksum', async () => {
  const { partition } = await leading()
  expect(append(partition, { values: ['a', 'b'] })).toEqual({
    error: 'NONE',
    baseOffset: 0,
    endOffset: 2,
    logAppendTimeMs: -1,
  })
  expect(append(partition, { values: ['c'] })).toMatchObject({ baseOffset: 2, endOffset: 3 })
  const [, second = new Uint8Array()] = stored(partition)
  expect(readBatchHeader(second)).toMatchObject({ baseOffset: 2, partitionLeaderEpoch: 1 })
  expect(verifyCrc(second, 0)).toBe(true)
})

test('nobody but the leader appends', async () => {
  const { partition } = await openReplica()
  expect(append(partition)).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER' })
  partition.follow(partitionImage({ leader: 2 }))
  expect(append(partition)).toMatchObject({ error: 'NOT_LEADER_OR_FOLLOWER' })
  expect(partition.log.logEndOffset).toBe(0)
})

test('acks=all needs min.insync.replicas, others do not', async () => {
  const { partition } = await leading({ 'min.insync.replicas': '2' }, partitionImage({ isr: [1] }))
  expect(append(partition)).toMatchObject({ error: 'NOT_ENOUGH_REPLICAS' })
  expect(append(partition, {}, { acks: 1 })).toMatchObject({ error: 'NONE', baseOffset: 0 })
})

test('while the disk is behind clients are sent away, coordinators are not', async () => {
  const { partition, disk } = await leading()
  disk.isBehind = true
  expect(append(partition)).toMatchObject({ error: 'KAFKA_STORAGE_ERROR' })
  expect(append(partition, {}, { origin: 'coordinator' })).toMatchObject({ error: 'NONE' })
  disk.isBehind = false
  expect(append(partition)).toMatchObject({ error: 'NONE' })
})

test('a flipped bit is found and nothing is appended', async () => {
  const { partition } = await leading()
  const batch = batchOf({ values: ['precious'] })
  const last = batch.length - 1
  batch[last] = (batch[last] ?? 0) ^ 1
  expect(appendProduced(partition, batch, options)).toMatchObject({ error: 'CORRUPT_MESSAGE' })
  expect(partition.log.logEndOffset).toBe(0)
})

test('a batch of a transaction is refused, whoever sends it', async () => {
  const { partition } = await leading()
  const batch = batchOf({ producerId: 5, producerEpoch: 0, baseSequence: 0, isTransactional: true })
  const { error } = appendProduced(partition, batch, options)
  expect(error).toBe('TRANSACTIONAL_ID_AUTHORIZATION_FAILED')
  expect(partition.log.logEndOffset).toBe(0)
})

test.each([
  ['nothing', new Uint8Array()],
  ['half a header', batchOf().subarray(0, 30)],
  ['a batch cut off', batchOf().subarray(0, -1)],
  ['two batches', new Uint8Array([...batchOf(), ...batchOf()])],
  ['zeros', new Uint8Array(100)],
])('%s is refused, not a failure of the broker', async (_what, bytes) => {
  const { partition } = await leading()
  const { error } = appendProduced(partition, bytes.slice(), options)
  expect(['INVALID_RECORD', 'CORRUPT_MESSAGE']).toContain(error)
  expect(partition.log.logEndOffset).toBe(0)
})

test('a retried batch is stored once and answered with its first offset', async () => {
  const { partition } = await leading()
  const producer = { producerId: 7, producerEpoch: 0 }
  const batch = { ...producer, baseSequence: 0, values: ['a', 'b'] }
  append(partition, { values: ['before'] })
  const first = append(partition, batch)
  expect(first).toMatchObject({ baseOffset: 1, endOffset: 3 })
  append(partition, { ...producer, baseSequence: 2 })
  expect(append(partition, batch)).toEqual(first)
  expect(partition.log.logEndOffset).toBe(4)
  expect(append(partition, { ...producer, baseSequence: 9 })).toMatchObject({
    error: 'OUT_OF_ORDER_SEQUENCE_NUMBER',
  })
})

test('with LogAppendTime the batch has the time of its append, also when it is sent again', async () => {
  const { partition } = await leading({ 'message.timestamp.type': 'LogAppendTime' })
  const batch = { producerId: 7, producerEpoch: 0, baseSequence: 0 }
  expect(append(partition, batch)).toMatchObject({ logAppendTimeMs: options.wallMs })
  const later = append(partition, batch, { wallMs: options.wallMs + 5_000 })
  expect(later).toMatchObject({ baseOffset: 0, logAppendTimeMs: options.wallMs })
  const [bytes = new Uint8Array()] = stored(partition)
  expect(verifyCrc(bytes, 0)).toBe(true)
  expect([...readRecords(bytes)].map(record => record.timestamp)).toEqual([options.wallMs])
})

test('compacted topics want keys, and say which records have none', async () => {
  const { partition } = await leading({ 'cleanup.policy': 'compact' })
  expect(append(partition, { key: 'k' })).toMatchObject({ error: 'NONE' })
  expect(append(partition, { values: ['a', 'b'] })).toMatchObject({
    error: 'INVALID_RECORD',
    recordErrors: [{ batchIndex: 0 }, { batchIndex: 1 }],
  })
  expect(partition.log.logEndOffset).toBe(1)
})

test('a topic that wants another compression gets it, with a checksum that matches', async () => {
  const { partition } = await leading({ 'compression.type': 'gzip' })
  expect(append(partition, { values: ['x'.repeat(500)] })).toMatchObject({ error: 'NONE' })
  const [bytes = new Uint8Array()] = stored(partition)
  expect(readBatchHeader(bytes).attributes & 7).toBe(1)
  expect(bytes.length).toBeLessThan(200)
  expect(verifyCrc(bytes, 0)).toBe(true)
  expect([...readRecords(bytes)].map(({ offset }) => offset)).toEqual([0])
})

test('what cannot be opened is refused where it has to be opened', async () => {
  const { partition } = await leading({ 'cleanup.policy': 'compact' })
  expect(appendProduced(partition, unreadableBatch(), options)).toMatchObject({
    error: 'INVALID_RECORD',
  })
})

test('an append is committed when the other replica has fetched beyond it', async () => {
  const replica = await leading()
  const { partition } = replica
  const told: string[] = []
  append(partition, { values: ['a', 'b'] })
  partition.whenCommitted(2, error => told.push(`committed ${error}`))
  partition.whenDurable(2, error => told.push(`durable ${error}`))
  expect(told).toEqual([])
  await settled()
  expect(told).toEqual(['durable NONE'])
  await followerFetches(replica, 2)
  expect(told).toEqual(['durable NONE', 'committed NONE'])
})

test('who waits hears when the leadership ends, and is not told of later commits', async () => {
  const replica = await leading()
  const { partition } = replica
  const told: string[] = []
  append(partition)
  partition.whenCommitted(1, error => told.push(error))
  partition.follow(partitionImage({ leader: 2, leaderEpoch: 2, partitionEpoch: 2 }))
  expect(told).toEqual(['NOT_LEADER_OR_FOLLOWER'])
  partition.whenCommitted(1, error => told.push(error))
  await settled()
  expect(told).toEqual(['NOT_LEADER_OR_FOLLOWER', 'NOT_LEADER_OR_FOLLOWER'])
})
