import { expect, test } from 'vitest'
import { EpochCache } from './epoch-cache.ts'
import { PartitionLeader } from './partition-leader.ts'
import { preferredReadReplica } from './read-replica.ts'

const zones = new Map([
  [1, 'a'],
  [2, 'b'],
  [3, 'b'],
  [4, 'c'],
])

/** Replicas 1 (leader) to 4; `ends` says how far each follower has come. */
function leader(ends: Readonly<Record<number, number>>, isr = [1, 2, 3, 4]): PartitionLeader {
  const machine = new PartitionLeader({
    brokerId: 1,
    brokerEpoch: 0,
    partition: { leaderEpoch: 1, partitionEpoch: 0, replicas: [1, 2, 3, 4], isr },
    eligibleBrokers: new Map(),
    minInsyncReplicas: 1,
    replicaLagTimeMaxMs: 30,
    offsets: { logStartOffset: 5, highWatermark: 5, durableEndOffset: 20, logEndOffset: 20 },
    epochs: new EpochCache(),
    nowMs: 0,
  })
  for (const [id, fetchOffset] of Object.entries(ends)) {
    machine.followerFetched({
      replicaId: Number(id),
      brokerEpoch: 0,
      currentLeaderEpoch: 1,
      fetchOffset,
      lastFetchedEpoch: -1,
      logStartOffset: 5,
      nowMs: 1,
    })
  }
  return machine
}

test('a consumer reads from the replica of its zone that has come farthest', () => {
  expect(preferredReadReplica(leader({ 2: 10, 3: 15 }), 'b', 8, zones)).toBe(3)
  expect(preferredReadReplica(leader({ 2: 15, 3: 10 }), 'b', 8, zones)).toBe(2)
})

test('a consumer in the zone of the leader stays with it', () => {
  expect(preferredReadReplica(leader({ 2: 10 }), 'a', 8, zones)).toBeUndefined()
})

test('a consumer in a zone without a replica stays with the leader', () => {
  expect(preferredReadReplica(leader({ 2: 10 }), 'z', 8, zones)).toBeUndefined()
})

test('a replica that does not have the offset, has not fetched or is out of sync is no choice', () => {
  expect(preferredReadReplica(leader({ 2: 10 }), 'b', 11, zones)).toBeUndefined()
  expect(preferredReadReplica(leader({ 2: 10 }), 'b', 4, zones)).toBeUndefined()
  expect(preferredReadReplica(leader({}), 'b', 8, zones)).toBeUndefined()
  expect(preferredReadReplica(leader({ 2: 10 }, [1, 4]), 'b', 8, zones)).toBeUndefined()
})
