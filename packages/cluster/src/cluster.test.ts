// What the cluster does with its nodes, whatever they are.

import { LocalNetwork } from '@klamm/base/env'
import { nodeClock } from '@klamm/base/node'
import { expect, test } from 'vitest'
import { Cluster } from './cluster.ts'
import type { Launcher, NodeEvents } from './launcher.ts'
import type { NodeOptions } from './node-options.ts'

/** A launcher whose nodes do nothing; what is done to them is written down. */
class Script implements Launcher {
  readonly clients = new LocalNetwork(nodeClock)
  readonly log: string[] = []
  readonly events = new Map<number, NodeEvents>()
  /** Fails each node with this before it has started. */
  earlyFailure: Error | undefined
  /** A killed node ends when this resolves. */
  killed: Promise<void> = Promise.resolve()

  async launch({ brokerId, port }: NodeOptions, events: NodeEvents) {
    this.log.push(`launch ${brokerId} on ${port}`)
    this.events.set(brokerId, events)
    if (this.earlyFailure !== undefined) events.onFailure(brokerId, this.earlyFailure)
    return {
      brokerId,
      port: port === 0 ? 40_000 + brokerId : port,
      ready: async () => {},
      stop: async (how: string) => void this.log.push(`stop ${brokerId} ${how}`),
      kill: async () => {
        this.log.push(`kill ${brokerId}`)
        await this.killed
        this.log.push(`${brokerId} is gone`)
      },
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function nodeOptions(brokerId: number): NodeOptions {
  return {
    brokerId,
    clusterId: 'test',
    zone: 'zone-a',
    directoryId: `directory-${brokerId}`,
    voters: [],
    host: '127.0.0.1',
    port: 0,
    dataDirectory: undefined,
    durability: 'memory',
    config: [],
    logLevel: 'silent',
  }
}

async function started(...brokerIds: number[]) {
  const launcher = new Script()
  const cluster = new Cluster('test', launcher, brokerIds.map(nodeOptions))
  await cluster.start()
  launcher.log.length = 0
  return { launcher, cluster }
}

test('a broker keeps the free port it was given, and its place in the list', async () => {
  const { launcher, cluster } = await started(1, 2)
  const addresses = ['127.0.0.1:40001', '127.0.0.1:40002']
  expect(cluster.bootstrapServers).toEqual(addresses)
  await cluster.kill(1)
  expect(cluster.bootstrapServers).toEqual(addresses.slice(1))
  await cluster.restart(1)
  expect(launcher.log).toEqual(['kill 1', '1 is gone', 'launch 1 on 40001'])
  expect(cluster.bootstrapServers).toEqual(addresses)
})

test('one broker stops so that others take over, all of them without that', async () => {
  const { launcher, cluster } = await started(1, 2, 3)
  await cluster.stop(2)
  await cluster.close()
  expect(launcher.log).toEqual(['stop 2 alone', 'stop 1 all', 'stop 3 all'])
})

test('what is left of a broker that failed ends before it starts again', async () => {
  const { launcher, cluster } = await started(1, 2)
  const { promise, resolve } = Promise.withResolvers<void>()
  launcher.killed = promise
  const failure = new Error('the disk failed')
  launcher.events.get(1)?.onFailure(1, failure)
  expect(cluster.failures).toEqual([failure])
  expect(cluster.brokers.map(({ brokerId }) => brokerId)).toEqual([2])
  const restarted = cluster.restart(1)
  resolve()
  await restarted
  expect(launcher.log).toEqual(['kill 1', '1 is gone', 'launch 1 on 40001'])
})

test('closing waits for what is left of a broker that failed', async () => {
  const { launcher, cluster } = await started(1)
  launcher.events.get(1)?.onFailure(1, new Error('the disk failed'))
  await cluster.close()
  expect(launcher.log).toEqual(['kill 1', '1 is gone'])
})

test('a broker that fails while it starts is ended, and the start rejects', async () => {
  const launcher = new Script()
  const cluster = new Cluster('test', launcher, [nodeOptions(1)])
  launcher.earlyFailure = new Error('a bug')
  await expect(cluster.start()).rejects.toThrow('a bug')
  expect(launcher.log).toEqual(['launch 1 on 0', 'kill 1', '1 is gone'])
  expect(cluster.brokers).toEqual([])
})
