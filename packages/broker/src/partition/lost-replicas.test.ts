// What a broker does about replicas whose log it cannot vouch for.

import { expect, test } from 'vitest'
import { CrashEngine, keysOf, replace } from '../storage/testing/crash-engine.ts'
import { settled } from '../testing/turns.ts'
import { managed } from './testing/managed.ts'
import { appendTo } from './testing/replica.ts'

const segment = 'segment-0000000000'

type Broker = Awaited<ReturnType<typeof managed>>

/** Broker 1 ran, led `orders` with these replicas, and has stopped with three batches in it. */
async function stopped(replicas: readonly number[] = [1, 2, 3]) {
  const engine = new CrashEngine()
  const first = await managed({ engine })
  const { cluster } = first
  first.begin()
  cluster.createPartition('orders', replicas)
  first.publish()
  const leading = present(first.partition('orders'))
  const { topicId, log } = leading
  for (let i = 0; i < 3; i++) {
    appendTo(log, 0, { values: ['some value'] })
    leading.leaderAppended(present(leading.leader))
    while (log.durableEndOffset < log.logEndOffset) await settled()
  }
  expect(log.logEndOffset).toBe(3)
  await first.stop()
  const restart = () => managed({ engine, cluster, incarnation: 100 })
  return { engine, cluster, restart, id: `${topicId}-0` }
}

/** The same, and then one byte of the second batch changed, which no start notices. */
async function damaged(replicas?: readonly number[]) {
  const before = await stopped(replicas)
  await replace(before.engine, segment, 3, value => {
    value[value.length - 3] = (value.at(-3) ?? 0) ^ 1
    return value
  })
  return before
}

/** The same, and the store cannot tell any more what came after the first batch. */
async function cutShort(replicas?: readonly number[]) {
  const before = await stopped(replicas)
  await replace(before.engine, segment, 2, value => value.fill(0, 60))
  return before
}

/** The same, and the log was marked when its damage was found. */
async function marked(replicas?: readonly number[]) {
  const before = await damaged(replicas)
  const second = await managed({ ...before, incarnation: 98 })
  second.begin()
  second.cluster.heartbeat(1)
  second.publish()
  present(second.partition('orders')).read(0, 1_000, 3, true)
  await second.stop()
  return before
}

test('a damaged log is held at the start, until the controller knows and a new epoch begins', async () => {
  const { restart, cluster, id } = await marked()
  const { store, manager, begin, partition, reports, reported, publish } = await restart()
  expect(begin()).toEqual([])
  expect(reports.map(({ replicas }) => replicas)).toMatchObject([[{ partitionIndex: 0 }]])
  expect(manager.mayServe).toBe(false)
  expect(partition('orders')).toBeUndefined()
  expect([...store.corruptLogs.keys()]).toEqual([id])
  cluster.loseReplica(1, 'orders')
  // The controller has answered, the metadata are late: what they say rests on the lost log.
  expect(await reported()).toEqual([])
  expect(manager.mayServe).toBe(true)
  expect(store.corruptLogs.size).toBe(1)
  const { leader, leaderEpoch } = cluster.partition('orders')
  expect(publish()).toEqual([`follow orders ${leader} ${leaderEpoch}`])
  expect(partition('orders')?.log.logEndOffset).toBe(0)
  expect(store.corruptLogs.size).toBe(0)
})

test('metadata that are early wait for the answer of the controller', async () => {
  const { restart, cluster } = await marked()
  const { begin, reported, publish, partition } = await restart()
  begin()
  cluster.loseReplica(1, 'orders')
  expect(publish()).toEqual([])
  const { leader, leaderEpoch } = cluster.partition('orders')
  expect(await reported()).toEqual([`follow orders ${leader} ${leaderEpoch}`])
  expect(partition('orders')?.log.logEndOffset).toBe(0)
})

test('the only replica stays offline and keeps what it has, until loss is accepted', async () => {
  const { restart, cluster, id } = await marked([1])
  const { store, begin, reported, publish, partition } = await restart()
  begin()
  cluster.loseReplica(1, 'orders')
  await reported()
  cluster.heartbeat(1)
  expect(publish()).toEqual([])
  expect(cluster.partition('orders').leader).toBe(-1)
  expect([...store.corruptLogs.keys()]).toEqual([id])
  const request = { electionType: 'unclean', partitions: undefined } as const
  cluster.commit(cluster.controller.electLeaders(request))
  expect(publish()).toEqual(['unfollow orders', 'leads orders'])
  expect(partition('orders')?.log.logEndOffset).toBe(0)
})

test('damage that a read finds ends the leadership at once, and stays known', async () => {
  const { restart, cluster, engine, id } = await damaged()
  const broker = await restart()
  await leads(broker)
  const { store, partition, reports, reported, publish } = broker
  const leading = present(partition('orders'))
  const told: string[] = []
  leading.whenCommitted(9, error => told.push(error))
  // The first batch is whole.
  expect(leading.read(0, 1, 3, true)?.nextOffset).toBe(1)
  expect(leading.read(0, 1_000, 3, true)).toBeUndefined()
  expect(told).toEqual(['KAFKA_STORAGE_ERROR'])
  expect(partition('orders')).toBeUndefined()
  expect(leading.readable()).toBeUndefined()
  expect(reports).toHaveLength(1)
  expect(broker.manager.mayServe).toBe(true)
  await store.close()
  const again = await managed({ engine, cluster, incarnation: 101 })
  expect([...again.store.corruptLogs.keys()]).toEqual([id])
  // This broker goes on as if it had not stopped.
  expect(await reported()).toEqual(['unfollow orders', 'led orders'])
  expect(publish()).toEqual([])
})

test('who was told to lead by metadata of the past does not lead on with an empty log', async () => {
  const { restart, cluster } = await damaged()
  const broker = await restart()
  await leads(broker)
  const { partition, reported, publish } = broker
  partition('orders')?.read(0, 1_000, 3, true)
  cluster.loseReplica(1, 'orders')
  expect(await reported()).toEqual(['unfollow orders', 'led orders'])
  expect(partition('orders')).toBeUndefined()
  const { leader, leaderEpoch } = cluster.partition('orders')
  expect(leader).not.toBe(1)
  expect(publish()).toEqual([`follow orders ${leader} ${leaderEpoch}`])
  expect(partition('orders')?.log.logEndOffset).toBe(0)
})

test('a store that has lost its end is not written to before the controller knows of all it had', async () => {
  const { restart, cluster, engine, id } = await cutShort()
  cluster.createPartition('later', [2, 1])
  const keys = await keysOf(engine, segment)
  const { store, manager, begin, reports, reported, publish, partition } = await restart()
  expect(begin()).toEqual([])
  await settled()
  // Also of those that have no log: it may have been lost altogether.
  expect(reports[0]?.replicas).toHaveLength(2)
  expect(manager.mayServe).toBe(false)
  expect(store.endSequence).toBeGreaterThan(keys.length)
  expect(store.logIds()).toEqual([id])
  const unwritten = store.endSequence
  for (const name of ['orders', 'later']) cluster.loseReplica(1, name)
  publish()
  await settled()
  expect(store.endSequence).toBe(unwritten)
  const events = await reported()
  expect(events.map(event => event.split(' ', 2).join(' '))).toEqual([
    'follow later',
    'follow orders',
  ])
  expect(manager.mayServe).toBe(true)
  // What is there is right, and need not be fetched again.
  expect(partition('orders')?.log.logEndOffset).toBe(1)
})

test('a topic that is deleted meanwhile takes the held log along', async () => {
  const { restart, cluster, id } = await marked()
  const { store, begin, reported, publish } = await restart()
  begin()
  const topicId = id.slice(0, -2)
  cluster.commit(cluster.controller.deleteTopics([{ topicId, name: undefined }]))
  expect(publish()).toEqual([])
  await settled()
  expect([store.logIds(), store.corruptLogs.size]).toEqual([[], 0])
  expect(await reported()).toEqual([])
})

test('without damage there is nothing to wait for', async () => {
  const { restart } = await stopped()
  const { manager, begin, reports, partition } = await restart()
  expect(manager.mayServe).toBe(true)
  expect(begin()).toEqual(['follow orders 2 1'])
  expect(reports).toEqual([])
  expect(partition('orders')?.log.logEndOffset).toBe(3)
})

/** Broker 1 has caught up and leads `orders` again. */
async function leads({ cluster, begin, publish, partition }: Broker) {
  begin()
  cluster.proposeIsr('orders', [1, 2, 3])
  cluster.commit(cluster.controller.balanceLeaders(1))
  publish()
  expect(partition('orders')?.leader).toBeDefined()
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is there')
  return value
}
