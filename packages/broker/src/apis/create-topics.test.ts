import { isUuid, zeroUuid } from '@klamm/base'
import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { createTopics } from './create-topics.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

const topic = { name: 't', numPartitions: 2, replicationFactor: 3, assignments: [], configs: [] }

for (const apiVersion of versionsOf(createTopics)) {
  test(`version ${apiVersion} creates topics and tells what there is to tell`, async () => {
    const cluster = clusterOf()
    const topics = [
      { ...topic, configs: [{ name: 'retention.ms', value: '5' }] },
      { ...topic, name: 'u', numPartitions: 0 },
    ]
    const response = await ask(createTopics, servicesOf(cluster), { apiVersion }, { topics })
    const [created, refused] = response.topics
    expect(created?.errorCode).toBe(errorCodes.NONE)
    expect(isUuid(created?.topicId ?? '')).toBe(true)
    expect(created?.topicId === zeroUuid).toBe(apiVersion < 7)
    expect(created?.errorMessage).toBe(null)
    expect(created?.numPartitions).toBe(apiVersion >= 5 ? 2 : -1)
    expect(created?.replicationFactor).toBe(apiVersion >= 5 ? 3 : -1)
    expect(refused).toMatchObject({ name: 'u', errorCode: errorCodes.INVALID_PARTITIONS })
    expect(refused?.errorMessage).toContain('larger than 0')
    expect(cluster.image.topics.sortedNames()).toEqual(['t'])
  })
}

test('from version 5 on all configs of a new topic are told, each with its source', async () => {
  const services = servicesOf(clusterOf({ 'message.max.bytes': '77' }))
  const topics = [{ ...topic, configs: [{ name: 'retention.ms', value: '5' }] }]
  const response = await ask(createTopics, services, { apiVersion: 5 }, { topics })
  const configs = response.topics[0]?.configs ?? []
  const find = (name: string) => configs.find(config => config.name === name)
  expect(configs.length).toBe(37)
  expect(find('retention.ms')).toMatchObject({ value: '5', configSource: 1 })
  expect(find('max.message.bytes')).toMatchObject({ value: '77', configSource: 4 })
  expect(find('cleanup.policy')).toMatchObject({ value: 'delete', configSource: 5 })
})

test('validating creates nothing; assignments and missing values reach the controller', async () => {
  const cluster = clusterOf()
  const request = {
    validateOnly: true,
    topics: [
      {
        ...topic,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [3, 1] }],
      },
      { ...topic, name: 'u', configs: [{ name: 'retention.ms', value: null }] },
    ],
  }
  const response = await ask(createTopics, servicesOf(cluster), { apiVersion: 7 }, request)
  expect(response.topics.map(({ errorCode }) => errorCode)).toEqual([
    errorCodes.NONE,
    errorCodes.INVALID_CONFIG,
  ])
  expect(response.topics[0]).toMatchObject({ numPartitions: 1, replicationFactor: 2 })
  expect(cluster.image.topics.size).toBe(0)
})
