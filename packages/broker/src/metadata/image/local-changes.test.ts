import { expect, test } from 'vitest'
import type { MetadataRecord } from '../records/records.ts'
import { TestCluster } from '../testing/test-cluster.ts'
import { changesBetween } from './changes.ts'
import { imageFromSnapshot } from './delta.ts'
import { MetadataImage } from './image.ts'
import { type LocalChanges, localChanges } from './local-changes.ts'

/** Three brokers; topic a on 1,2 and topic b on 2,3. */
function cluster(): TestCluster {
  const cluster = new TestCluster()
  cluster.start([1, 2, 3])
  cluster.createPartition('a', [1, 2])
  cluster.createPartition('b', [2, 3])
  return cluster
}

function names(changes: LocalChanges): Record<string, string[]> {
  const short = (list: readonly { topicName: string; partitionIndex: number }[]) =>
    list.map(({ topicName, partitionIndex }) => `${topicName}-${partitionIndex}`)
  return {
    deleted: short(changes.deleted),
    leading: short(changes.leading),
    following: short(changes.following),
    leaderless: short(changes.leaderless),
  }
}

function localTo(brokerId: number, before: MetadataImage, after: MetadataImage): LocalChanges {
  return localChanges(changesBetween(before, after), brokerId)
}

const none = { deleted: [], leading: [], following: [], leaderless: [] }

test('a broker that starts learns all its partitions, and no others', () => {
  const { image } = cluster()
  const { empty } = MetadataImage
  expect(names(localTo(1, empty, image))).toEqual({ ...none, leading: ['a-0'] })
  const two = { ...none, leading: ['b-0'], following: ['a-0'] }
  expect(names(localTo(2, empty, image))).toEqual(two)
  expect(names(localTo(4, empty, image))).toEqual(none)
})

test('a change of the leader tells each replica its part, and nobody else', () => {
  const c = cluster()
  const before = c.image
  c.kill([1])
  const two = localTo(2, before, c.image)
  expect(names(two)).toEqual({ ...none, leading: ['a-0'] })
  expect(two.leading[0]?.previous?.leader).toBe(1)
  expect(names(localTo(1, before, c.image))).toEqual({ ...none, following: ['a-0'] })
  expect(names(localTo(3, before, c.image))).toEqual(none)
})

test('without a leader a replica does nothing', () => {
  const c = cluster()
  const before = c.image
  c.kill([1, 2])
  expect(names(localTo(1, before, c.image))).toEqual({ ...none, leaderless: ['a-0'] })
})

test('replicas of deleted topics and replicas that moved away are deleted', () => {
  const c = cluster()
  const before = c.image
  c.commit(c.controller.deleteTopics([{ name: 'a', topicId: undefined }]))
  c.commit(
    c.controller.alterPartitionReassignments([
      { topicName: 'b', partitionIndex: 0, replicas: [3] },
    ]),
  )
  const two = localTo(2, before, c.image)
  expect(two.deleted.map(({ topicName, reason }) => [topicName, reason]).sort()).toEqual([
    ['a', 'topicDeleted'],
    ['b', 'reassigned'],
  ])
  expect(names(localTo(3, before, c.image))).toEqual({ ...none, leading: ['b-0'] })
})

test('a name that is in use again is a deletion of one id and another partition', () => {
  const c = cluster()
  const before = c.image
  const oldId = before.topics.byName('a')?.id
  c.commit(c.controller.deleteTopics([{ name: 'a', topicId: undefined }]))
  c.createPartition('a', [1, 2])
  const one = localTo(1, before, c.image)
  expect(one.deleted).toEqual([
    { topicId: oldId, topicName: 'a', partitionIndex: 0, reason: 'topicDeleted' },
  ])
  expect(one.leading[0]?.previous).toBe(undefined)
  expect(one.leading[0]?.topicId).not.toBe(oldId)
})

test('a snapshot that skips entries tells the same as the entries would', () => {
  const c = cluster()
  const before = c.image
  c.kill([1])
  c.createTopic('c', { partitionCount: 40, replicationFactor: 2 })
  c.commit(c.controller.deleteTopics([{ name: 'b', topicId: undefined }]))
  const records: MetadataRecord[] = c.image.toRecords()
  const skipped = imageFromSnapshot(records, c.image.position)
  for (const id of [1, 2, 3]) {
    expect(names(localTo(id, before, skipped))).toEqual(names(localTo(id, before, c.image)))
  }
})
