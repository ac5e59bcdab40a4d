// What a follower asks its leader for, when, and what becomes of the answers.

import { NetworkError, silentLogger } from '@klamm/base/env'
import { DecodeError, errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { PeerChannel } from '../network/peer-channel.ts'
import { appendProduced } from '../partition/append.ts'
import type { Partition } from '../partition/partition.ts'
import { batchOf, brokers, partitionImage } from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { Fetcher } from './fetcher.ts'
import { follow, ledBatch, openReplicas, ScriptedLeader } from './testing/followed.ts'

async function fetching(count = 1) {
  const { clock, partitions } = await openReplicas(count)
  const leader = new ScriptedLeader()
  const failures: unknown[] = []
  const fetcher = new Fetcher({
    brokerId: 1,
    channel: leader as unknown as PeerChannel,
    clock,
    log: silentLogger,
    brokerEpoch: () => 10,
    onFailure: error => failures.push(error),
  })
  const add = (partition: Partition, leaderEpoch = 1) => {
    follow(partition, leaderEpoch)
    fetcher.add(partition, leaderEpoch)
  }
  const wait = async (ms: number) => {
    clock.advance(ms)
    await settled()
  }
  const [partition] = partitions as [Partition]
  return { clock, partitions, partition, leader, fetcher, failures, add, wait }
}

test('every partition is asked for from its end, by a follower under its own registration', async () => {
  const { partitions, leader, add } = await fetching(2)
  for (const partition of partitions) add(partition, 3)
  await settled()
  expect(leader.asked).toHaveLength(1)
  expect(leader.lastAsked).toEqual(['0@0/3', '1@0/3'])
  expect(leader.lastBody).toMatchObject({
    replicaState: { replicaId: 1, replicaEpoch: 10 },
    maxWaitMs: 500,
    minBytes: 1,
    sessionId: 0,
    sessionEpoch: 0,
  })
})

test('what was fetched is acknowledged by the next fetch, and that waits for the disk', async () => {
  const { partition, leader, add, failures } = await fetching()
  add(partition)
  await settled()
  leader.answer([{ records: [ledBatch(0, 1, ['a', 'b'])], highWatermark: 2 }])
  let asksBefore = -1
  partition.whenDurable(1, () => {
    asksBefore = leader.asked.length
  })
  await settled()
  expect(asksBefore).toBe(1)
  expect(leader.lastAsked).toEqual(['0@2/1'])
  expect(leader.lastBody.topics[0]?.partitions[0]?.lastFetchedEpoch).toBe(1)
  expect(partition).toMatchObject({ highWatermark: 2, log: { durableEndOffset: 2 } })
  expect(failures).toEqual([])
})

test('a replica that has just led is asked for once its own tail is on the disk', async () => {
  const { partition, leader, add } = await fetching()
  partition.lead(partitionImage({ leaderEpoch: 1 }), brokers)
  appendProduced(partition, batchOf(), {
    acks: 1,
    origin: 'client',
    zstdIsAllowed: true,
    wallMs: 1_000,
  })
  expect(partition.log).toMatchObject({ logEndOffset: 1, durableEndOffset: 0 })
  add(partition, 2)
  expect(leader.asked).toEqual([])
  await settled()
  expect(leader.lastAsked).toEqual(['0@1/2'])
})

test('with a session only what has changed is asked for, and no news means to ask again', async () => {
  const { partitions, leader, add } = await fetching(2)
  for (const partition of partitions) add(partition)
  await settled()
  leader.answer([{ partitionIndex: 0 }, { partitionIndex: 1 }], 77)
  await settled()
  expect(leader.lastBody).toMatchObject({ sessionId: 77, sessionEpoch: 1, topics: [] })
  leader.answer([{ partitionIndex: 1, records: [ledBatch(0, 1)] }], 77)
  await settled()
  const next = { sessionId: 77, sessionEpoch: 2, forgottenTopicsData: [] }
  expect(leader.lastBody).toMatchObject(next)
  expect(leader.lastAsked).toEqual(['1@1/1'])
})

test.each<[string, (leader: ScriptedLeader) => void]>([
  ['a lost connection', leader => leader.fail(new NetworkError('closed', 'lost'))],
  ['nonsense', leader => leader.fail(new DecodeError('too short'))],
  ['a refusal', leader => leader.answer([], 0, errorCodes.FETCH_SESSION_ID_NOT_FOUND)],
])('after %s the same is asked for again, a little later and in full', async (_what, break_) => {
  const { partition, leader, add, wait, failures } = await fetching()
  add(partition)
  await settled()
  leader.answer([{}], 77)
  await settled()
  break_(leader)
  await settled()
  await wait(99)
  expect(leader.asked).toHaveLength(2)
  await wait(1)
  expect(leader.lastAsked).toEqual(['0@0/1'])
  expect(leader.lastBody.sessionEpoch).toBe(0)
  expect(failures).toEqual([])
})

test('a leader that does not answer at all is asked again', async () => {
  const { partition, leader, add, wait } = await fetching()
  add(partition)
  await settled()
  await wait(2_499)
  expect(leader.asked).toHaveLength(1)
  await wait(1)
  await wait(100)
  expect(leader.asked).toHaveLength(2)
})

test('damaged batches are not appended, and asked for again', async () => {
  const { partition, leader, add, wait } = await fetching()
  add(partition)
  await settled()
  const damaged = ledBatch(0, 1)
  damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
  leader.answer([{ records: [damaged] }])
  await settled()
  expect(partition.log.logEndOffset).toBe(0)
  expect(leader.asked).toHaveLength(1)
  await wait(100)
  expect(leader.lastAsked).toEqual(['0@0/1'])
})

test('a partition that is added while a request waits is asked for at once', async () => {
  const { partitions, leader, add, failures } = await fetching(3)
  const [first, second, third] = partitions as [Partition, Partition, Partition]
  add(first)
  await settled()
  expect(leader.releases).toBe(0)
  add(second)
  add(third)
  await settled()
  // Once: both go with the next request.
  expect(leader.releases).toBe(1)
  leader.answer([{}])
  await settled()
  expect(leader.lastAsked.toSorted()).toEqual(['0@0/1', '1@0/1', '2@0/1'])
  expect(leader.releases).toBe(1)
  expect(failures).toEqual([])
})

test('an error of one partition delays that one alone, and it need not wait for the others', async () => {
  const { partitions, leader, add, wait } = await fetching(2)
  for (const partition of partitions) add(partition)
  await settled()
  const errorCode = errorCodes.NOT_LEADER_OR_FOLLOWER
  leader.answer([{ partitionIndex: 0 }, { partitionIndex: 1, errorCode }])
  await settled()
  expect(leader.lastAsked).toEqual(['0@0/1'])
  await wait(99)
  expect(leader.releases).toBe(0)
  await wait(1)
  expect(leader.releases).toBe(1)
  leader.answer([{ partitionIndex: 0 }])
  await settled()
  expect(leader.lastAsked.toSorted()).toEqual(['0@0/1', '1@0/1'])
})

test('a leader that cannot be told to answer now answers when it likes', async () => {
  const { partitions, leader, add, failures } = await fetching(2)
  const [first, second] = partitions as [Partition, Partition]
  add(first)
  await settled()
  const { request } = leader
  leader.request = () => Promise.reject(new NetworkError('closed', 'lost'))
  add(second)
  await settled()
  leader.request = request
  leader.answer([{}])
  await settled()
  expect(leader.lastAsked.toSorted()).toEqual(['0@0/1', '1@0/1'])
  expect(failures).toEqual([])
})

test('where the logs part the follower cuts, and asks from there', async () => {
  const { partition, leader, add, failures } = await fetching()
  add(partition)
  await settled()
  leader.answer([{ records: [ledBatch(0, 1)] }])
  await settled()
  leader.answer([{ records: [ledBatch(1, 1)] }])
  await settled()
  expect(leader.lastAsked).toEqual(['0@2/1'])
  leader.answer([{ divergingEpoch: { epoch: 1, endOffset: 1 } }])
  await settled()
  expect(partition.log.logEndOffset).toBe(1)
  expect(leader.lastAsked).toEqual(['0@1/1'])
  expect(failures).toEqual([])
})

test('a log of which the leader has nothing left begins anew where the leader begins', async () => {
  const { partition, leader, add } = await fetching()
  add(partition)
  await settled()
  leader.answer([{ errorCode: errorCodes.OFFSET_OUT_OF_RANGE, logStartOffset: 40 }])
  await settled()
  expect(partition.log).toMatchObject({ logStartOffset: 40, logEndOffset: 40 })
  expect(leader.lastAsked).toEqual(['0@40/1'])
})

test('a replica that cannot follow its leader is not asked for any more, the others are', async () => {
  const { partitions, leader, add, wait } = await fetching(2)
  for (const partition of partitions) add(partition)
  await settled()
  const records = [ledBatch(0, 1)]
  leader.answer([{ partitionIndex: 0, records, highWatermark: 1 }, { partitionIndex: 1 }])
  await settled()
  // The leader lacks what it said was committed.
  leader.answer([
    { partitionIndex: 0, divergingEpoch: { epoch: 0, endOffset: 0 } },
    { partitionIndex: 1 },
  ])
  await settled()
  expect(partitions[0]?.follower?.state).toBe('failed')
  await wait(1_000)
  expect(leader.lastAsked).toEqual(['1@0/1'])
})

test('what was asked in an earlier epoch is of no use in this one', async () => {
  const { partition, leader, fetcher, add } = await fetching()
  add(partition)
  await settled()
  fetcher.remove(partition)
  add(partition, 2)
  await settled()
  leader.answer([{ records: [ledBatch(0, 1)], highWatermark: 1 }])
  await settled()
  expect(partition.log.logEndOffset).toBe(0)
  expect(leader.lastAsked).toEqual(['0@0/2'])
})

test('a partition that is not followed any more gets nothing', async () => {
  const { partition, leader, fetcher, add, failures } = await fetching()
  add(partition)
  await settled()
  fetcher.remove(partition)
  expect(fetcher.size).toBe(0)
  leader.answer([{ records: [ledBatch(0, 1)] }])
  await settled()
  expect(partition.log.logEndOffset).toBe(0)
  expect(leader.asked).toHaveLength(1)
  expect(failures).toEqual([])
})

test('a bug ends the broker', async () => {
  const { partition, leader, add, failures } = await fetching()
  add(partition)
  await settled()
  const bug = new TypeError('of undefined')
  leader.fail(bug)
  await settled()
  expect(failures).toEqual([bug])
})

test('when it stops nothing is asked, nothing waits and nothing fails', async () => {
  const { clock, partitions, leader, fetcher, add, wait, failures } = await fetching(2)
  for (const partition of partitions) add(partition)
  await settled()
  const errorCode = errorCodes.NOT_LEADER_OR_FOLLOWER
  leader.answer([{ partitionIndex: 0 }, { partitionIndex: 1, errorCode }])
  await settled()
  await fetcher[Symbol.asyncDispose]()
  expect(clock.pendingTimers).toBe(0)
  await wait(5_000)
  expect(leader.asked).toHaveLength(2)
  expect(failures).toEqual([])
})
