// The log of a coordinator shard on a partition: for one leadership, and no longer.

import { expect, test } from 'vitest'
import {
  brokers,
  followerFetches,
  openReplica,
  partitionImage,
} from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { PartitionShardLog } from './partition-shard-log.ts'

async function opened() {
  const replica = await openReplica()
  const { partition } = replica
  partition.lead(partitionImage(), brokers)
  const { leader } = partition
  if (leader === undefined) throw new Error('broker 1 leads')
  return { replica, partition, log: new PartitionShardLog(partition, leader, () => 1_000) }
}

const record = { key: Uint8Array.of(1), value: Uint8Array.of(2) }

test('records of a coordinator are one batch, and are read as they were appended', async () => {
  const { log } = await opened()
  expect(log.append([record, { key: Uint8Array.of(3), value: null }])).toBe(2)
  const { batches, nextOffset } = await log.read(0, 1_000)
  expect([batches.length, nextOffset]).toEqual([1, 2])
  expect((await log.read(2, 1_000)).batches).toEqual([])
})

test('an append is committed when the followers have it, not before', async () => {
  const { replica, log } = await opened()
  const endOffset = log.append([record])
  let isCommitted = false
  void log.whenCommitted(endOffset).then(() => {
    isCommitted = true
  })
  await settled()
  expect([isCommitted, log.highWatermark]).toEqual([false, 0])
  await followerFetches(replica, endOffset)
  expect([isCommitted, log.highWatermark]).toEqual([true, 1])
})

test('when the leadership ends, whoever waits is told, and nothing is appended any more', async () => {
  const { partition, log } = await opened()
  const committed = log.whenCommitted(log.append([record]))
  partition.lead(partitionImage({ leaderEpoch: 2, partitionEpoch: 2 }), brokers)
  await expect(committed).rejects.toMatchObject({ errorName: 'NOT_LEADER_OR_FOLLOWER' })
  expect(() => log.append([record])).toThrow(
    expect.objectContaining({ errorName: 'NOT_COORDINATOR' }),
  )
  await expect(log.whenCommitted(1)).rejects.toMatchObject({ errorName: 'NOT_COORDINATOR' })
  expect(log.logEndOffset).toBe(1)
})

test('what the partition refuses is thrown, and nothing was appended', async () => {
  const { partition, log } = await opened()
  partition.lead(partitionImage({ isr: [1], partitionEpoch: 2 }), brokers)
  partition.configChanged({ ...partition.config, minInsyncReplicas: 2 })
  expect(() => log.append([record])).toThrow(
    expect.objectContaining({ errorName: 'NOT_ENOUGH_REPLICAS' }),
  )
  expect(log.logEndOffset).toBe(0)
})
