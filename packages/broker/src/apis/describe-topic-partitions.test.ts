import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { describeTopicPartitions } from './describe-topic-partitions.ts'
import { ask } from './testing/ask.ts'
import { type AdminServices, clusterOf, servicesOf } from './testing/cluster.ts'

type Request = Parameters<typeof ask<AdminServices, typeof describeTopicPartitions.schema>>[3]

function describe(services: AdminServices, request: Request) {
  return ask(describeTopicPartitions, services, { apiVersion: 0 }, request)
}

const short = (topics: Awaited<ReturnType<typeof describe>>['topics']) =>
  topics.map(({ name, partitions }) => [
    name,
    partitions.map(({ partitionIndex }) => partitionIndex),
  ])

function threeTopics(configs: Readonly<Record<string, string>> = {}): AdminServices {
  const cluster = clusterOf(configs)
  cluster.createTopic('b', { partitionCount: 3 })
  cluster.createTopic('a', { partitionCount: 2 })
  cluster.createTopic('c', { partitionCount: 1 })
  return servicesOf(cluster)
}

test('a partition is told with who is eligible to lead it', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createPartition('t', [3, 2, 1], [['min.insync.replicas', '2']])
  cluster.kill([3])
  cluster.kill([2])
  const response = await describe(servicesOf(cluster), { topics: [{ name: 't' }] })
  expect(response.topics).toEqual([
    {
      errorCode: errorCodes.NONE,
      name: 't',
      topicId,
      isInternal: false,
      topicAuthorizedOperations: 3576,
      partitions: [
        {
          errorCode: errorCodes.NONE,
          partitionIndex: 0,
          leaderId: 1,
          leaderEpoch: 2,
          replicaNodes: [3, 2, 1],
          isrNodes: [1],
          eligibleLeaderReplicas: [2],
          lastKnownElr: [],
          offlineReplicas: [3, 2],
        },
      ],
    },
  ])
  expect(response.nextCursor).toBe(null)
})

test('pages follow each other through all topics, by name', async () => {
  const services = threeTopics()
  const pages: unknown[] = []
  let cursor: { topicName: string; partitionIndex: number } | null = null
  do {
    const response = await describe(services, { responsePartitionLimit: 2, cursor })
    pages.push(short(response.topics))
    cursor = response.nextCursor
  } while (cursor !== null)
  expect(pages).toEqual([
    [['a', [0, 1]]],
    [['b', [0, 1]]],
    [
      ['b', [2]],
      ['c', [0]],
    ],
  ])
})

test('the broker has a limit of its own, and a page has one partition at least', async () => {
  const services = threeTopics({ 'max.request.partition.size.limit': '3' })
  const own = await describe(services, { responsePartitionLimit: 100 })
  expect(short(own.topics)).toEqual([
    ['a', [0, 1]],
    ['b', [0]],
  ])
  expect(own.nextCursor).toEqual({ topicName: 'b', partitionIndex: 1 })
  const least = await describe(services, { responsePartitionLimit: 0 })
  expect(short(least.topics)).toEqual([['a', [0]]])
})

test('topics asked for are sorted, each once; those that are not there say so', async () => {
  const topics = ['c', 'no such', 'a', 'nowhere', 'c'].map(name => ({ name }))
  const response = await describe(threeTopics(), { topics })
  expect(response.topics.map(({ name, errorCode }) => [name, errorCode])).toEqual([
    ['a', errorCodes.NONE],
    ['c', errorCodes.NONE],
    ['no such', errorCodes.INVALID_TOPIC_EXCEPTION],
    ['nowhere', errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
  ])
  const later = { topics, cursor: { topicName: 'c', partitionIndex: 0 } }
  expect(short((await describe(threeTopics(), later)).topics)[0]).toEqual(['c', [0]])
})
