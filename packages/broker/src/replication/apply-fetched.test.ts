// What the log of a follower is after each thing its machine may decide.

import { StorageError } from '@klamm/base/env'
import { readBatchHeader } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { appendProduced } from '../partition/append.ts'
import type { Partition } from '../partition/partition.ts'
import { batchOf, brokers, partitionImage } from '../partition/testing/replica.ts'
import type { FollowerAction, FollowerFetch, PartitionFollower } from '../replica/index.ts'
import { settled } from '../testing/turns.ts'
import { applyFetched } from './apply-fetched.ts'
import { follow, ledBatch, openReplicas } from './testing/followed.ts'

async function following(leaderEpoch = 1) {
  const { partitions } = await openReplicas(1)
  const [partition] = partitions as [Partition]
  follow(partition, leaderEpoch)
  return partition
}

interface Answer {
  readonly batches?: readonly Uint8Array[]
  readonly error?: 'OFFSET_OUT_OF_RANGE'
  readonly highWatermark?: number
  readonly logStartOffset?: number
  readonly divergingEpoch?: { readonly leaderEpoch: number; readonly endOffset: number }
}

/** The leader has answered: the machine decides, and that is done. */
function apply(partition: Partition, answer: Answer) {
  const follower = partition.follower as PartitionFollower
  const { batches = [], error = 'NONE', divergingEpoch } = answer
  const action = follower.fetched(follower.nextFetch() as FollowerFetch, {
    error,
    highWatermark: answer.highWatermark ?? 0,
    logStartOffset: answer.logStartOffset ?? 0,
    divergingEpoch,
    batches: batches.map(batch => readBatchHeader(batch)),
  })
  const bytes = Buffer.concat(batches)
  return {
    action,
    done: applyFetched(
      partition,
      follower,
      action as Exclude<FollowerAction, { reason: string } | { kind: 'retry' }>,
      bytes,
    ),
  }
}

test('batches are appended as they came, and it is done when they are durable', async () => {
  const partition = await following()
  const batches = [ledBatch(0, 1, ['a', 'b']), ledBatch(2, 1)]
  const { done } = apply(partition, { batches, highWatermark: 3 })
  expect(partition.log).toMatchObject({ logEndOffset: 3, durableEndOffset: 0 })
  expect(partition.highWatermark).toBe(0)
  await done
  expect(partition.log.durableEndOffset).toBe(3)
  expect(partition.highWatermark).toBe(3)
  expect(Buffer.concat(partition.log.read(0, 10_000, 3, true).chunks)).toEqual(
    Buffer.concat(batches),
  )
})

test('only as many batches are appended as continue the log', async () => {
  const partition = await following()
  const { action, done } = apply(partition, { batches: [ledBatch(0, 1), ledBatch(7, 9)] })
  expect(action).toMatchObject({ kind: 'append', batchCount: 1 })
  await done
  expect(partition.log.logEndOffset).toBe(1)
})

test('an empty log takes a batch that begins before it, and begins there', async () => {
  const partition = await following()
  await apply(partition, { error: 'OFFSET_OUT_OF_RANGE', logStartOffset: 5 }).done
  expect(partition.log).toMatchObject({ logStartOffset: 5, logEndOffset: 5 })
  const { action, done } = apply(partition, {
    batches: [ledBatch(3, 1, ['a', 'b', 'c', 'd'])],
    logStartOffset: 5,
  })
  expect(action).toMatchObject({ kind: 'append', restartAt: 3 })
  await done
  expect(partition.log.logEndOffset).toBe(7)
})

test('a cut is done when it is durable, and only then the next fetch is known', async () => {
  const partition = await following()
  await apply(partition, { batches: [ledBatch(0, 1), ledBatch(1, 1)] }).done
  const { done } = apply(partition, { divergingEpoch: { leaderEpoch: 1, endOffset: 1 } })
  expect(partition.follower?.nextFetch()).toBeUndefined()
  await done
  expect(partition.log.logEndOffset).toBe(1)
  expect(partition.follower?.nextFetch()).toMatchObject({ fetchOffset: 1 })
})

test('no news change nothing, but that the high watermark may rise', async () => {
  const partition = await following()
  await apply(partition, { batches: [ledBatch(0, 1)] }).done
  expect(partition.highWatermark).toBe(0)
  const { done } = apply(partition, { highWatermark: 1 })
  expect(done).toBeUndefined()
  expect(partition.highWatermark).toBe(1)
})

test.each<[string, Answer]>([
  ['a cut', { divergingEpoch: { leaderEpoch: 1, endOffset: 0 } }],
  ['a new beginning', { error: 'OFFSET_OUT_OF_RANGE', logStartOffset: 9 }],
])('%s that ends in another leader epoch is nothing to its follower', async (_what, answer) => {
  const partition = await following()
  await apply(partition, { batches: [ledBatch(0, 1)] }).done
  const { done } = apply(partition, answer)
  follow(partition, 2)
  const { follower } = partition
  await done
  await settled()
  expect(partition.follower).toBe(follower)
  expect(follower?.state).toBe('fetching')
  expect(follower?.nextFetch()).toMatchObject({
    currentLeaderEpoch: 2,
    fetchOffset: partition.log.logEndOffset,
  })
})

test.each<[string, Answer]>([
  ['a cut', { divergingEpoch: { leaderEpoch: 1, endOffset: 0 } }],
  ['a new beginning', { error: 'OFFSET_OUT_OF_RANGE', logStartOffset: 9 }],
])(
  '%s that ends when the replica leads is nothing to what it has appended since',
  async (_what, answer) => {
    const partition = await following()
    await apply(partition, { batches: [ledBatch(0, 1)] }).done
    const { done } = apply(partition, answer)
    partition.lead(partitionImage({ leaderEpoch: 2 }), brokers)
    const { logEndOffset } = partition.log
    appendProduced(partition, batchOf(), {
      acks: 1,
      origin: 'client',
      zstdIsAllowed: true,
      wallMs: 1_000,
    })
    await done
    await settled()
    expect(partition.log.durableEndOffset).toBe(logEndOffset + 1)
    expect(partition.leader?.durableEndOffset).toBe(logEndOffset + 1)
  },
)

test('that a new beginning failed is told by the store, not by a promise that nobody has', async () => {
  const partition = await following()
  await apply(partition, { error: 'OFFSET_OUT_OF_RANGE', logStartOffset: 5 }).done
  const { log } = partition
  Object.assign(log, {
    restart: () => Promise.reject(new StorageError('io', 'a test says so')),
  })
  // A rejection that is not handled would fail this run.
  expect(() => apply(partition, { batches: [ledBatch(3, 1, ['a', 'b', 'c'])] })).toThrow()
  await settled()
})
