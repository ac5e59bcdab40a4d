// What a replica knows of its high watermark after a restart.

import { silentLogger } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { staticLayers } from '../broker-options.ts'
import { topicConfig } from '../config/topic-config.ts'
import { settled } from '../testing/turns.ts'
import { Partition } from './partition.ts'
import { ReplicaLog } from './replica-log.ts'
import { managed } from './testing/managed.ts'
import {
  appendTo,
  brokers,
  followerFetches,
  openReplica,
  partitionImage,
  type Replica,
  topicId,
} from './testing/replica.ts'

const configs = { 'min.insync.replicas': '2' }

/** Four records, of which three are committed and noted to be. */
async function checkpointed() {
  const replica = await openReplica(configs)
  const { partition } = replica
  partition.lead(partitionImage(), brokers)
  for (let i = 0; i < 4; i++) {
    appendTo(partition.log, 1)
    if (partition.leader !== undefined) partition.leaderAppended(partition.leader)
  }
  await settled()
  await followerFetches(replica, 3)
  expect(partition.highWatermark).toBe(3)
  partition.checkpoint()
  partition.stop('NOT_LEADER_OR_FOLLOWER')
  return replica
}

/** The replica as a restart finds it. */
function reopened({ store, clock }: Replica): Partition {
  return new Partition({
    topicId,
    topicName: 'orders',
    partitionIndex: 0,
    brokerId: 1,
    log: new ReplicaLog(store.log(`${topicId}-0`), clock),
    config: topicConfig(new Map(Object.entries(configs)), staticLayers(new Map())),
    clock,
    logger: silentLogger,
    replicaLagTimeMaxMs: 30_000,
    isDiskBehind: () => false,
    propose: () => undefined,
    onDamage: () => undefined,
  })
}

test('a new leader with an ISR that is too small serves what was known to be committed', async () => {
  const partition = reopened(await checkpointed())
  partition.lead(partitionImage({ leaderEpoch: 2, isr: [1] }), brokers)
  expect(partition.readable()).toMatchObject({ highWatermark: 3, logEndOffset: 4 })
  // What clients were told may have been more (KIP-207).
  expect(partition.leader?.clientHighWatermark()).toBeUndefined()
})

test('a follower waits for what its leader says, and is cut where the leader says', async () => {
  const replica = await checkpointed()
  const partition = reopened(replica)
  partition.follow(partitionImage({ leader: 2, leaderEpoch: 2 }))
  expect(partition.highWatermark).toBe(0)
  // Nor does it forget, before its leader has said anything.
  partition.checkpoint()
  expect(partition.log.checkpointedHighWatermark).toBe(3)
  await partition.log.truncate(2)
  const again = reopened(replica)
  again.lead(partitionImage({ leaderEpoch: 3, isr: [1] }), brokers)
  expect(again.highWatermark).toBe(2)
})

test('high watermarks are noted at intervals, and at a stop', async () => {
  const { clock, cluster, store, manager, begin, publish, partition } = await managed()
  begin()
  cluster.createPartition('orders', [1])
  publish()
  const { log, leader, topicId: id } = partition('orders') ?? {}
  const append = async () => {
    if (log === undefined || leader === undefined) throw new Error('it leads')
    appendTo(log, 0)
    partition('orders')?.leaderAppended(leader)
    await settled()
  }
  const noted = () => store.log(`${id}-0`).checkpointedHighWatermark
  await append()
  expect(noted()).toBe(0)
  clock.advance(5_000)
  expect(noted()).toBe(1)
  await append()
  await manager[Symbol.asyncDispose]()
  expect(noted()).toBe(2)
  expect(clock.pendingTimers).toBe(0)
})
