// The proof that a broker stopped cleanly (KIP-966): when it is written, and when it is void.

import { SimWorld } from '@klamm/sim'
import { expect, test } from 'vitest'
import { BrokerStores } from '../../packages/broker/src/storage/broker-stores.ts'

const clusterId = 'c2ltLWNsdXN0ZXItMDAwMA'
const directoryId = 'c2ltLWRpcmVjdG9yeS0wMQ'

function machine() {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('broker-1')
  const options = {
    brokerId: 1,
    clusterId,
    zone: 'a',
    directoryId,
    voters: [{ nodeId: 1, directoryId }],
    listen: { kind: 'tcp', host: 'broker-1', port: 9092 },
    advertisedHost: 'broker-1',
    config: new Map<string, string>(),
    onFailure: () => undefined,
  } as const
  return {
    world,
    node,
    /** A process opens the stores. */
    open: () => {
      node.stop()
      return world.scheduler.settle(BrokerStores.open(node.start(), options, () => undefined))
    },
    close: (stores: BrokerStores) => world.scheduler.settle(stores[Symbol.asyncDispose]()),
  }
}

test('a new directory proves nothing', async () => {
  const { open } = machine()
  expect((await open()).cleanBrokerEpoch).toBe(-1)
})

test('a clean stop proves the epoch of the broker, to the next process and to no other', async () => {
  const { open, close } = machine()
  const first = await open()
  first.closeCleanly(7)
  await close(first)
  const second = await open()
  expect(second.cleanBrokerEpoch).toBe(7)
  await close(second)
  expect((await open()).cleanBrokerEpoch).toBe(-1)
})

test('a crash leaves no proof, also when the stop had begun', async () => {
  const { open, node } = machine()
  const stores = await open()
  stores.closeCleanly(7)
  node.crash('power')
  expect((await open()).cleanBrokerEpoch).toBe(-1)
})

test('after a failure, or without a registration, a stop proves nothing', async () => {
  const { open, close } = machine()
  const failed = await open()
  failed.notClean()
  failed.closeCleanly(7)
  await close(failed)
  const unregistered = await open()
  expect(unregistered.cleanBrokerEpoch).toBe(-1)
  unregistered.closeCleanly(-1)
  await close(unregistered)
  expect((await open()).cleanBrokerEpoch).toBe(-1)
})
