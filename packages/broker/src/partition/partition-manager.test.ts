// What a broker does about its replicas when the metadata change.

import { expect, test } from 'vitest'
import { settled } from '../testing/turns.ts'
import { managed } from './testing/managed.ts'
import { appendTo } from './testing/replica.ts'

test('what is said of an earlier incarnation is not for this one', async () => {
  const { cluster, publish, begin, partition } = await managed()
  cluster.createPartition('orders', [1, 2, 3])
  expect(publish()).toEqual([])
  expect(partition('orders')).toBeUndefined()
  // Registered, it is fenced and led past; then it learns everything at once.
  expect(begin()).toEqual(['follow orders 2 1'])
  expect(partition('orders')?.follower?.leaderEpoch).toBe(1)
})

test('leading, leading on with another ISR, following', async () => {
  const { cluster, publish, begin, partition } = await managed()
  begin()
  cluster.createPartition('orders', [1, 2, 3])
  expect(publish()).toEqual(['unfollow orders', 'leads orders'])
  const { leader } = partition('orders') ?? {}
  cluster.proposeIsr('orders', [1, 2])
  expect(publish()).toEqual(['unfollow orders'])
  expect(partition('orders')?.leader).toBe(leader)
  expect(leader?.partition.isr).toEqual([1, 2])
  cluster.heartbeat(1, { fence: true })
  expect(publish()).toEqual(['led orders', 'follow orders 2 1'])
  expect(partition('orders')?.leader).toBeUndefined()
})

test('without a leader nothing is led, followed or answered', async () => {
  const { cluster, publish, begin, partition } = await managed()
  begin()
  cluster.createPartition('orders', [1])
  expect(publish()).toEqual(['unfollow orders', 'leads orders'])
  const told: string[] = []
  const open = partition('orders')
  if (open === undefined) throw new Error('the partition is open')
  appendTo(open.log, 0)
  open.whenCommitted(1, error => told.push(error))
  cluster.heartbeat(1, { fence: true })
  expect(publish()).toEqual(['unfollow orders', 'led orders'])
  expect(told).toEqual(['NOT_LEADER_OR_FOLLOWER'])
  expect(open.readable()).toBeUndefined()
})

test('a deleted topic takes its log along, and whoever waits hears of it', async () => {
  const { cluster, store, publish, begin, partition } = await managed()
  begin()
  cluster.createPartition('orders', [1, 2])
  publish()
  const told: string[] = []
  const open = partition('orders')
  if (open === undefined) throw new Error('the partition is open')
  open.whenCommitted(1, error => told.push(error))
  const id = open.topicId
  expect(store.logIds()).toEqual([`${id}-0`])
  cluster.commit(cluster.controller.deleteTopics([{ topicId: id, name: undefined }]))
  expect(publish()).toEqual(['unfollow orders', 'led orders'])
  expect(told).toEqual(['UNKNOWN_TOPIC_OR_PARTITION'])
  await settled()
  expect(store.logIds()).toEqual([])
})

test('logs of replicas that are not here any more are deleted, but only when that is known', async () => {
  const stray = 'c3RyYXktdG9waWMtMDAwMA-3'
  const { cluster, store, publish, begin } = await managed({ strays: [stray] })
  cluster.createPartition('orders', [1, 2])
  publish()
  expect(store.logIds()).toEqual([stray])
  begin()
  await settled()
  const { id } = cluster.image.topics.byName('orders') ?? {}
  expect(store.logIds()).toEqual([`${id}-0`])
})

test('configs reach partitions that are open, and those opened later', async () => {
  const { cluster, publish, begin, partition } = await managed()
  begin()
  cluster.createPartition('orders', [1], [['max.message.bytes', '4000']])
  publish()
  expect(partition('orders')?.config.maxMessageBytes).toBe(4_000)
})

test('leaders look for followers that lag, until the broker stops', async () => {
  const { clock, cluster, manager, publish, begin } = await managed()
  begin()
  cluster.createPartition('orders', [1, 2, 3])
  publish()
  clock.advance(31_000)
  clock.advance(15_000)
  expect(publish()).toContain('propose orders')
  await manager[Symbol.asyncDispose]()
  expect(clock.pendingTimers).toBe(0)
})
