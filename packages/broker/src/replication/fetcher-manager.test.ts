// Which leader is asked for which partition.

import { silentLogger } from '@klamm/base/env'
import { expect, test } from 'vitest'
import type { PeerChannels } from '../network/peer-channels.ts'
import type { Partition } from '../partition/partition.ts'
import { partitionImage } from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { FetcherManager } from './fetcher-manager.ts'
import { openReplicas, ScriptedLeader } from './testing/followed.ts'

async function managing(count: number) {
  const { clock, partitions } = await openReplicas(count)
  const leaders = new Map<number, ScriptedLeader>()
  const to = (brokerId: number) => {
    let leader = leaders.get(brokerId)
    if (leader === undefined) {
      leader = new ScriptedLeader()
      leaders.set(brokerId, leader)
    }
    return leader
  }
  const failures: unknown[] = []
  const manager = new FetcherManager({
    brokerId: 1,
    peers: { to } as unknown as PeerChannels,
    clock,
    log: silentLogger,
    brokerEpoch: () => 10,
    onFailure: error => failures.push(error),
  })
  const follow = (partition: Partition, leader: number, leaderEpoch: number) => {
    partition.follow(partitionImage({ leader, leaderEpoch }))
    manager.follow(partition, leader, leaderEpoch)
  }
  return {
    clock,
    partitions: partitions as [Partition, ...Partition[]],
    leaders,
    manager,
    follow,
    failures,
  }
}

test('each leader is asked, in one request, for what it leads', async () => {
  const { partitions, leaders, follow } = await managing(3)
  for (const [i, partition] of partitions.entries()) follow(partition, i === 1 ? 3 : 2, 1)
  await settled()
  expect([...leaders.keys()].toSorted()).toEqual([2, 3])
  expect(leaders.get(2)?.lastAsked).toEqual(['0@0/1', '2@0/1'])
  expect(leaders.get(3)?.lastAsked).toEqual(['1@0/1'])
})

test('a partition goes along with its leadership', async () => {
  const { partitions, leaders, follow } = await managing(1)
  const [partition] = partitions
  follow(partition, 2, 1)
  await settled()
  follow(partition, 3, 2)
  await settled()
  expect(leaders.get(3)?.lastAsked).toEqual(['0@0/2'])
  leaders.get(2)?.answer([{}])
  await settled()
  expect(leaders.get(2)?.asked).toHaveLength(1)
  // And back: the fetcher of that leader is still there.
  follow(partition, 2, 3)
  await settled()
  expect(leaders.get(2)?.lastAsked).toEqual(['0@0/3'])
})

test('what is not followed any more is not asked for', async () => {
  const { partitions, leaders, manager, follow } = await managing(2)
  const [first, second] = partitions as unknown as [Partition, Partition]
  follow(first, 2, 1)
  follow(second, 2, 1)
  await settled()
  manager.unfollow(first)
  manager.unfollow(first)
  leaders.get(2)?.answer([{ partitionIndex: 0 }, { partitionIndex: 1 }])
  await settled()
  expect(leaders.get(2)?.lastAsked).toEqual(['1@0/1'])
})

test('when it stops nothing is followed, also not what comes later', async () => {
  const { clock, partitions, leaders, manager, follow, failures } = await managing(2)
  follow(partitions[0], 2, 1)
  await settled()
  await manager[Symbol.asyncDispose]()
  follow(partitions[1] as Partition, 3, 1)
  await settled()
  expect(leaders.has(3)).toBe(false)
  expect(clock.pendingTimers).toBe(0)
  expect(failures).toEqual([])
})
