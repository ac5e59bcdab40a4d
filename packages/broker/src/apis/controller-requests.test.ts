// What brokers ask the active controller: registration, heartbeats, ISRs and producer ids.

import { oneUuid } from '@klamm/base'
import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { allocateProducerIds } from './allocate-producer-ids.ts'
import { alterPartition } from './alter-partition.ts'
import { assignReplicasToDirs } from './assign-replicas-to-dirs.ts'
import { brokerHeartbeat } from './broker-heartbeat.ts'
import { brokerRegistration } from './broker-registration.ts'
import { handlers } from './index.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

for (const apiVersion of versionsOf(brokerRegistration)) {
  test(`version ${apiVersion} of BrokerRegistration grants an epoch`, async () => {
    const cluster = clusterOf()
    const request = {
      brokerId: 4,
      clusterId: 'test',
      incarnationId: 'AQAAAAAAAAAAAAAAAAAAAQ',
      listeners: [{ name: 'PLAINTEXT', host: 'h', port: 9094, securityProtocol: 0 }],
      features: [{ name: 'group.version', minSupportedVersion: 0, maxSupportedVersion: 1 }],
      rack: 'zone-b',
      logDirs: ['AgAAAAAAAAAAAAAAAAAAAQ'],
    }
    const epoch = cluster.nextOffset
    const services = servicesOf(cluster)
    const response = await ask(brokerRegistration, services, { apiVersion }, request)
    expect(response).toMatchObject({ errorCode: errorCodes.NONE, brokerEpoch: epoch })
    expect(cluster.image.cluster.broker(4)).toMatchObject({
      epoch,
      zone: 'zone-b',
      fenced: true,
      endpoints: [{ listener: 'PLAINTEXT', host: 'h', port: 9094, securityProtocol: 0 }],
      features: [{ name: 'group.version', minLevel: 0, maxLevel: 1 }],
      logDirs: apiVersion >= 2 ? ['AgAAAAAAAAAAAAAAAAAAAQ'] : [],
    })
    const stranger = { ...request, clusterId: 'other' }
    expect(await ask(brokerRegistration, services, { apiVersion }, stranger)).toMatchObject({
      errorCode: errorCodes.INCONSISTENT_CLUSTER_ID,
      brokerEpoch: -1,
    })
  })
}

for (const apiVersion of versionsOf(brokerHeartbeat)) {
  test(`version ${apiVersion} of BrokerHeartbeat fences, unfences and lets go`, async () => {
    const cluster = clusterOf()
    const beat = (wants: object, brokerEpoch = cluster.brokerEpoch(3)) => {
      const request = {
        brokerId: 3,
        brokerEpoch,
        currentMetadataOffset: cluster.nextOffset - 1,
        ...wants,
      }
      return ask(brokerHeartbeat, servicesOf(cluster), { apiVersion }, request)
    }
    expect(await beat({ wantFence: true })).toMatchObject({ isFenced: true, isCaughtUp: true })
    expect(await beat({})).toMatchObject({ isFenced: false, shouldShutDown: false })
    expect(await beat({ wantShutDown: true })).toMatchObject({ shouldShutDown: true })
    expect(await beat({}, 77)).toMatchObject({ errorCode: errorCodes.STALE_BROKER_EPOCH })
  })
}

for (const apiVersion of versionsOf(alterPartition)) {
  test(`version ${apiVersion} of AlterPartition changes the ISR and tells the state`, async () => {
    const cluster = clusterOf()
    const { topicId } = cluster.createPartition('t', [1, 2, 3])
    const propose = (partitionEpoch: number, ...ids: number[]) => ({
      brokerId: 1,
      brokerEpoch: cluster.brokerEpoch(1),
      topics: [
        {
          topicId,
          partitions: [
            {
              partitionIndex: 0,
              leaderEpoch: 0,
              newIsr: ids,
              newIsrWithEpochs: ids.map(id => ({
                brokerId: id,
                brokerEpoch: cluster.brokerEpoch(id),
              })),
              leaderRecoveryState: 0,
              partitionEpoch,
            },
          ],
        },
      ],
    })
    const services = servicesOf(cluster)
    const shrunk = await ask(alterPartition, services, { apiVersion }, propose(0, 1, 2))
    expect(shrunk.topics[0]?.partitions).toEqual([
      {
        partitionIndex: 0,
        errorCode: errorCodes.NONE,
        leaderId: 1,
        leaderEpoch: 0,
        isr: [1, 2],
        leaderRecoveryState: 0,
        partitionEpoch: 1,
      },
    ])
    // Without epochs nobody is let in.
    const grown = await ask(alterPartition, services, { apiVersion }, propose(1, 1, 2, 3))
    expect(grown.topics[0]?.partitions[0]?.errorCode).toBe(
      errorCodes[apiVersion >= 3 ? 'NONE' : 'INELIGIBLE_REPLICA'],
    )
    const stale = { ...propose(2, 1), brokerEpoch: 77 }
    const refused = await ask(alterPartition, services, { apiVersion }, stale)
    expect(refused).toMatchObject({ errorCode: errorCodes.STALE_BROKER_EPOCH, topics: [] })
  })
}

test('a leader may say that it has recovered, not that it is recovering again', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createPartition('t', [1])
  const partition = {
    partitionIndex: 0,
    leaderEpoch: 0,
    newIsr: [],
    newIsrWithEpochs: [{ brokerId: 1, brokerEpoch: cluster.brokerEpoch(1) }],
    leaderRecoveryState: 1,
    partitionEpoch: 0,
  }
  const request = {
    brokerId: 1,
    brokerEpoch: cluster.brokerEpoch(1),
    topics: [{ topicId, partitions: [partition] }],
  }
  const response = await ask(alterPartition, servicesOf(cluster), { apiVersion: 3 }, request)
  expect(response.topics[0]?.partitions[0]?.errorCode).toBe(errorCodes.INVALID_REQUEST)
})

test('AssignReplicasToDirs tells of lost replicas, and of nothing else', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createPartition('t', [1, 2, 3])
  const place = (id: string, partitionIndex: number) => ({
    id,
    topics: [{ topicId, partitions: [{ partitionIndex }] }],
  })
  const assign = (brokerEpoch: number, ...directories: ReturnType<typeof place>[]) =>
    ask(
      assignReplicasToDirs,
      servicesOf(cluster),
      { apiVersion: 0 },
      { brokerId: 1, brokerEpoch, directories },
    )
  const own = place('AgAAAAAAAAAAAAAAAAAAAQ', 0)
  const epoch = cluster.brokerEpoch(1)
  const answer = await assign(epoch, own, place(oneUuid, 0), place(oneUuid, 7))
  const codes = answer.directories.map(({ topics }) =>
    topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode)),
  )
  const { NONE, UNKNOWN_TOPIC_OR_PARTITION, INVALID_REQUEST, STALE_BROKER_EPOCH } = errorCodes
  expect(codes).toEqual([[NONE, UNKNOWN_TOPIC_OR_PARTITION], [INVALID_REQUEST]])
  expect(cluster.partition('t')).toMatchObject({ leader: 2, isr: [2, 3] })
  const stale = await assign(77, place(oneUuid, 0))
  expect(stale).toMatchObject({ errorCode: STALE_BROKER_EPOCH, directories: [] })
})

test('AllocateProducerIds hands out blocks', async () => {
  const cluster = clusterOf()
  const next = (brokerEpoch = cluster.brokerEpoch(1)) =>
    ask(allocateProducerIds, servicesOf(cluster), { apiVersion: 0 }, { brokerId: 1, brokerEpoch })
  expect(await next()).toMatchObject({ producerIdStart: 0, producerIdLen: 1000 })
  expect(await next()).toMatchObject({ producerIdStart: 1000, producerIdLen: 1000 })
  expect(await next(77)).toMatchObject({ errorCode: errorCodes.STALE_BROKER_EPOCH })
})

test('what would be told of its own effect is not asked of the controller twice', () => {
  const names = handlers
    .filter(({ isRepeatable }) => !isRepeatable)
    .map(({ schema }) => schema.name)
  expect(names).toEqual(['CreateTopics', 'DeleteTopics', 'CreatePartitions'])
})
