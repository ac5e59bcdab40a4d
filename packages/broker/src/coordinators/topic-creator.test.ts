// What the controller is asked for, for which names.

import { seededRandom } from '@klamm/base'
import { LocalNetwork, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import { type CreateTopics, errorCodes, type RequestOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { ControllerChannel } from '../network/controller-channel.ts'
import { PeerChannels } from '../network/peer-channels.ts'
import { TopicCreator } from './topic-creator.ts'

type Request = RequestOf<typeof CreateTopics>

/** A creator in a cluster of `clusterSize` brokers, and what it asked the controller for. */
function creator(clusterSize: number) {
  const asked: Request['topics'][number][] = []
  const clock = new TestClock()
  const network = new LocalNetwork(clock)
  const peers = new PeerChannels({ network, clock, log: silentLogger, clientId: 'test' })
  const controller = new ControllerChannel({
    brokerId: 1,
    clock,
    random: seededRandom(1),
    peers,
    controllerId: () => 1,
    local: async (_schema, _version, body) => {
      asked.push(...(body as Request).topics)
      const topics = (body as Request).topics.map(({ name }) => ({
        name,
        errorCode: errorCodes.NONE,
      }))
      return { throttleTimeMs: 0, topics } as never
    },
  })
  const topics = new TopicCreator({
    clock,
    log: silentLogger,
    controller,
    clusterSize: () => clusterSize,
    specs: new Map([
      [
        '__consumer_offsets',
        {
          partitionCount: 5,
          replicationFactor: 3,
          configs: new Map([['cleanup.policy', 'compact']]),
        },
      ],
    ]),
    onFailure: error => {
      throw error
    },
  })
  return { topics, asked }
}

test.each([
  [1, 1],
  [3, 3],
  [9, 3],
])('in a cluster of %i an internal topic that wants three replicas has %i', (size, replicas) => {
  const { topics, asked } = creator(size)
  topics.ensure('__consumer_offsets')
  expect(asked).toEqual([
    {
      name: '__consumer_offsets',
      numPartitions: 5,
      replicationFactor: replicas,
      assignments: [],
      configs: [{ name: 'cleanup.policy', value: 'compact' }],
    },
  ])
})

test("any other topic is made by the cluster's defaults", () => {
  const { topics, asked } = creator(3)
  topics.ensure('orders')
  expect(asked).toEqual([
    { name: 'orders', numPartitions: -1, replicationFactor: -1, assignments: [], configs: [] },
  ])
})

test('the internal topic of something that is not here is not made an ordinary one', () => {
  const { topics, asked } = creator(3)
  topics.ensure('__transaction_state')
  expect(asked).toEqual([])
})

test('a topic is asked for once at a time, and at most a hundred are', async () => {
  const { topics, asked } = creator(3)
  for (let i = 0; i < 200; i++) for (let j = 0; j < 2; j++) topics.ensure(`topic-${i}`)
  expect(asked.map(({ name }) => name)).toEqual(Array.from({ length: 100 }, (_, i) => `topic-${i}`))
  await topics[Symbol.asyncDispose]()
  topics.ensure('after the end')
  expect(asked).toHaveLength(100)
})
