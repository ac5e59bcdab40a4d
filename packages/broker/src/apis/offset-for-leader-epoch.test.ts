// OffsetForLeaderEpoch in each version through its bytes.

import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { appendProduced } from '../partition/append.ts'
import { batchOf, brokers, partitionImage } from '../partition/testing/replica.ts'
import { settled } from '../testing/turns.ts'
import { offsetForLeaderEpoch } from './offset-for-leader-epoch.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { ledTopic } from './testing/led-topic.ts'

/** Two records in epoch 1, one in epoch 3, which goes on. */
async function filled() {
  const { partition, services } = await ledTopic()
  const append = (values: readonly string[]) =>
    appendProduced(partition, batchOf({ values }), {
      acks: 1,
      origin: 'client',
      zstdIsAllowed: true,
      wallMs: 1_000_000,
    })
  append(['a', 'b'])
  await settled()
  partition.lead(partitionImage({ replicas: [1], isr: [1], leaderEpoch: 3 }), brokers)
  append(['c'])
  await settled()
  return services
}

async function endOf(
  leaderEpoch: number,
  changes: { apiVersion?: number; topic?: string; partition?: number; current?: number } = {},
) {
  const { apiVersion = 4, topic = 'orders', partition = 0, current = -1 } = changes
  const partitions = [{ partition, currentLeaderEpoch: current, leaderEpoch }]
  const request = { replicaId: -1, topics: [{ topic, partitions }] }
  const answer = await ask(offsetForLeaderEpoch, await filled(), { apiVersion }, request)
  const told = answer.topics[0]?.partitions[0]
  return [told?.errorCode, told?.leaderEpoch, told?.endOffset]
}

test.each(versionsOf(offsetForLeaderEpoch))(
  'v%i tells where an epoch ends, or the one before it',
  async apiVersion => {
    expect(await endOf(1, { apiVersion })).toEqual([0, 1, 2])
    expect(await endOf(2, { apiVersion })).toEqual([0, 1, 2])
    expect(await endOf(3, { apiVersion })).toEqual([0, 3, 3])
  },
)

test('an epoch that is none, or not yet, ends nowhere', async () => {
  expect(await endOf(-1)).toEqual([0, -1, -1])
  expect(await endOf(9)).toEqual([0, -1, -1])
})

test.each([
  ['an epoch of the past', { current: 2 }, 'FENCED_LEADER_EPOCH'],
  ['an epoch of the future', { current: 4 }, 'UNKNOWN_LEADER_EPOCH'],
  ['a partition led elsewhere', { partition: 1 }, 'NOT_LEADER_OR_FOLLOWER'],
  ['a topic that is not there', { topic: 'nothing' }, 'UNKNOWN_TOPIC_OR_PARTITION'],
] as const)('%s is refused', async (_what, changes, error) => {
  expect(await endOf(1, changes)).toEqual([errorCodes[error], -1, -1])
})
