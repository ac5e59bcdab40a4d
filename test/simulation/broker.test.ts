// How a whole broker stops: what it holds is given back, and what it proves is believed.

import { SimWorld } from '@klamm/sim'
import { expect, test } from 'vitest'
import { SimCluster } from './sim-cluster.ts'

const limitMs = 60_000

async function startedCluster() {
  const world = new SimWorld({ seed: 1 })
  const cluster = new SimCluster({ world, brokerCount: 3, config: new Map() })
  for (const id of cluster.brokerIds) cluster.start(id)
  expect(await world.scheduler.runUntilTrue(() => cluster.isReady(), limitMs)).toBe(true)
  return { world, cluster }
}

test('when all brokers have stopped, no timer is set and nothing is under way', async () => {
  const { world, cluster } = await startedCluster()
  const { scheduler } = world
  for (const broker of cluster.running) await scheduler.settle(broker.stop(0), limitMs)
  // What was on its way when they stopped may still arrive, at sockets that are closed.
  await scheduler.runFor(limitMs)
  expect(scheduler.nextAtMs).toBeUndefined()
  expect(cluster.failures).toEqual([])
})

test('a disk that its broker has given back can be opened by the next process', async () => {
  const { world, cluster } = await startedCluster()
  expect(await world.scheduler.settle(cluster.stop(2, 5_000), limitMs)).toBe(true)
  cluster.start(2)
  expect(await world.scheduler.runUntilTrue(() => cluster.isReady(), limitMs)).toBe(true)
  expect(cluster.failures).toEqual([])
})

test('a broker that is stopped twice stops once, and a second time waits for it', async () => {
  const { world, cluster } = await startedCluster()
  const broker = cluster.broker(1)
  const both = Promise.all([broker?.stop(0), broker?.stop(0)])
  await world.scheduler.settle(both, limitMs)
  expect(cluster.failures).toEqual([])
})
