// What the metadata tell the group coordinator.

import { expect, test } from 'vitest'
import { brokers, openReplica, partitionImage } from '../partition/testing/replica.ts'
import { GroupPublisher } from './group-publisher.ts'
import type { GroupService } from './group-service.ts'

function publisher() {
  const told: string[] = []
  const groups = {
    elected: (partition: number) => told.push(`elected ${partition}`),
    resigned: (partition: number) => told.push(`resigned ${partition}`),
    topicsDeleted: (topics: readonly { readonly name: string }[]) =>
      told.push(`deleted ${topics.map(({ name }) => name).join()}`),
  }
  return { told, publisher: new GroupPublisher(groups as never as GroupService, () => 0) }
}

async function led(topicName: string) {
  const { partition } = await openReplica()
  partition.lead(partitionImage(), brokers)
  return Object.assign(partition, { topicName })
}

test('leading a partition of the offsets topic begins and ends a shard', async () => {
  const { told, publisher: groups } = publisher()
  const partition = await led('__consumer_offsets')
  groups.leadershipChanged(partition, true)
  groups.leadershipChanged(partition, false)
  expect(told).toEqual(['elected 0', 'resigned 0'])
})

test('other topics are none of its business', async () => {
  const { told, publisher: groups } = publisher()
  groups.leadershipChanged(await led('orders'), true)
  expect(told).toEqual([])
})

test('a leadership that is over when it is told of begins no shard', async () => {
  const { told, publisher: groups } = publisher()
  const partition = await led('__consumer_offsets')
  partition.stop('NOT_LEADER_OR_FOLLOWER')
  groups.leadershipChanged(partition, true)
  expect(told).toEqual(['resigned 0'])
})

test('only topics that are gone are told of', () => {
  const { told, publisher: groups } = publisher()
  const [a, b] = [
    { name: 'a', id: 'a' },
    { name: 'b', id: 'b' },
  ]
  const topics = [
    { before: a, after: undefined },
    { before: b, after: b },
    { before: undefined, after: b },
  ]
  groups.publish({ topics } as never)
  groups.publish({ topics: [] } as never)
  expect(told).toEqual(['deleted a'])
})
