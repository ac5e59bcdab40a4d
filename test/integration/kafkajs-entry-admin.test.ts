// The admin of `@klamm/client/kafkajs` against that of KafkaJS: same programs, same answers.

import * as ours from '@klamm/client/kafkajs'
import type { Cluster } from '@klamm/cluster'
import theirs from 'kafkajs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { programsOn, timestamp } from './kafkajs-programs.ts'
import { eventually, testCluster } from './test-cluster.ts'

let cluster: Cluster

beforeAll(async () => {
  cluster = await testCluster()
})

afterAll(() => cluster?.close())

const { kafkaOf, newTopic, same, fill } = programsOn(() => cluster)

test('the admin gives the same answers', async () => {
  const answers = await same('admin', 2, async (library, topic) => {
    await fill(library, topic, 5)
    const admin = kafkaOf(library).admin()
    await admin.connect()
    const byId = <T extends { partition: number }>(list: T[]) =>
      list.sort((a, b) => a.partition - b.partition)
    const other = `${topic}-other`
    const create = (numPartitions: number) =>
      admin.createTopics({
        topics: [
          { topic: other, numPartitions, configEntries: [{ name: 'retention.ms', value: '1000' }] },
        ],
      })
    const created = [await create(2), await create(2)]
    const failed = await admin.createTopics({ topics: [{ topic: 'no/topic' }] }).then(
      () => 'nothing',
      error => [error.name, error.errors.length],
    )
    await admin.createPartitions({ topicPartitions: [{ topic: other, count: 4 }] })
    const grownTo = await eventually(async () => {
      const { topics } = await admin.fetchTopicMetadata({ topics: [other] })
      return topics[0]?.partitions.length === 4 ? 4 : undefined
    }, 'the new partitions')
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
    const groupId = `${topic}-group`
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] })
    const committed = await admin.fetchOffsets({ groupId, topics: [topic] })
    const { groups } = await admin.listGroups()
    const described = await admin.describeGroups([groupId])
    const deleted = await admin.deleteGroups([groupId])
    const notDeleted = await admin.deleteGroups([groupId]).then(
      () => 'nothing',
      error => [error.name, error.groups[0].errorCode, error.groups[0].error.type],
    )
    const offsets = byId(await admin.fetchTopicOffsets(topic))
    const byTime = [
      byId(await admin.fetchTopicOffsetsByTimestamp(topic, Number(timestamp))),
      byId(await admin.fetchTopicOffsetsByTimestamp(topic)),
    ]
    const listed = (await admin.listTopics()).filter(name => name === topic || name === other)
    await admin.deleteTopics({ topics: [other] })
    const { brokers, clusterId } = await admin.describeCluster()
    await admin.disconnect()
    const text = JSON.stringify({
      created,
      failed,
      grownTo,
      partitions: metadata.topics[0]?.partitions
        .sort((a, b) => a.partitionId - b.partitionId)
        .map(each => [Object.keys(each).sort(), each.partitionId, each.replicas.length]),
      committed: committed.map(each => ({ ...each, partitions: byId(each.partitions) })),
      groups: groups.filter(each => each.groupId === groupId).length,
      described: described.groups.map(({ groupId: id, state, members }) => [id, state, members]),
      deleted,
      notDeleted,
      offsets,
      byTime,
      listed: listed.sort(),
      brokers: brokers.sort((a, b) => a.nodeId - b.nodeId),
      clusterId,
    })
    return JSON.parse(text.replaceAll(topic, 'TOPIC'))
  })
  expect(answers).toMatchObject({ created: [true, false], grownTo: 4 })
  expect(answers.offsets[0]).toEqual({ partition: 0, offset: '5', high: '5', low: '0' })
})

test('offsets are reset to what the beginning and the end are now', async () => {
  const topic = await newTopic('reset', 1)
  await fill(theirs, topic, 5)
  const admin = new ours.Kafka({ brokers: [...cluster.bootstrapServers], logLevel: 0 }).admin()
  await admin.connect()
  const groupId = topic
  const offsetAfter = async (earliest: boolean) => {
    await admin.resetOffsets({ groupId, topic, earliest })
    const found = await admin.fetchOffsets({ groupId })
    return found[0]?.partitions
  }
  expect(await offsetAfter(false)).toEqual([{ partition: 0, offset: '5', metadata: null }])
  expect(await offsetAfter(true)).toEqual([{ partition: 0, offset: '0', metadata: null }])
  await admin.disconnect()
  await expect(admin.listTopics()).rejects.toThrow(ours.KafkaJSError)
})
