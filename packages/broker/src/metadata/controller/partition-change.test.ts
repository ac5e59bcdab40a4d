import { expect, test } from 'vitest'
import type { PartitionImage } from '../image/partition.ts'
import { noLeader } from '../records/records.ts'
import { type Election, partitionTowards } from './partition-change.ts'

function partition(given: Partial<PartitionImage> = {}): PartitionImage {
  return {
    replicas: [1, 2, 3],
    isr: [1, 2, 3],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 1,
    leaderRecoveryState: 'recovered',
    leaderEpoch: 0,
    partitionEpoch: 0,
    ...given,
  }
}

function context(active: readonly number[], election: Election = 'online', min = 1) {
  const config = { minInsyncReplicas: min, uncleanLeaderElection: false }
  return { election, config, mayLead: (id: number) => active.includes(id) }
}

const leaderless = { isr: [], leader: noLeader }

test('a last known leader that is a replica no more is forgotten', () => {
  const before = partition({ ...leaderless, replicas: [1, 2], lastKnownElr: [1] })
  const moved = partitionTowards(before, { replicas: [2, 3] }, context([]))
  expect(moved.lastKnownElr).toEqual([])
})

test('an unclean election asks the replicas that were there first, then those being added', () => {
  const before = partition({ ...leaderless, replicas: [3, 2, 1], addingReplicas: [3] })
  expect(partitionTowards(before, {}, context([1, 3], 'unclean')).leader).toBe(1)
  expect(partitionTowards(before, {}, context([3], 'unclean')).leader).toBe(3)
})

test('min.insync.replicas counts no more replicas than there are', () => {
  const before = partition({ replicas: [1, 2], isr: [1, 2] })
  const after = partitionTowards(before, {}, context([1, 2], 'online', 3))
  expect(after).toMatchObject({ isr: [1, 2], elr: [], leader: 1 })
})

test('an emptied replica is the last known leader only of what it alone holds', () => {
  const target = { isr: [], lost: 1, emptied: 1 }
  const shared = partition({ isr: [1] })
  expect(partitionTowards(shared, target, context([])).lastKnownElr).toEqual([])
  const alone = partition({ replicas: [1], isr: [1] })
  expect(partitionTowards(alone, target, context([])).lastKnownElr).toEqual([1])
})

test('old replicas stay until every new one is in the ISR', () => {
  const moving = partition({
    replicas: [3, 4, 1],
    isr: [1],
    addingReplicas: [3, 4],
    removingReplicas: [1],
  })
  const all = context([1, 3, 4])
  expect(partitionTowards(moving, { isr: [1, 3] }, all)).toMatchObject({
    replicas: [3, 4, 1],
    isr: [1, 3],
    leader: 1,
  })
  expect(partitionTowards(moving, { isr: [1, 3, 4] }, all)).toMatchObject({
    replicas: [3, 4],
    isr: [3, 4],
    leader: 3,
    addingReplicas: [],
    removingReplicas: [],
  })
})
