// What observers are told of connections and requests.

import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { FindCoordinator } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from './core.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

test('connections are told when they come and go, with who lost them', async () => {
  await using fake = new FakeCluster({ brokers: 1 })
  const events: unknown[] = []
  const hear = (event: unknown, name: string | symbol): void => {
    events.push([name, event])
  }
  const channels = ['klamm:client:connect', 'klamm:client:disconnect']
  for (const channel of channels) subscribe(channel, hear)
  await using core = openCore(fake.options({ clientId: 'me' }))
  await fake.settle(core.metadata.refresh())
  await fake.settle(core.metadata.topics('all'))
  fake.disconnect(1)
  await fake.run(100)
  for (const channel of channels) unsubscribe(channel, hear)
  const about = { clientId: 'me', address: 'broker-1:9092', lane: 'main' }
  expect(events).toMatchObject([
    ['klamm:client:connect', about],
    ['klamm:client:disconnect', { ...about, brokerId: 1 }],
  ])
})

test('a request is traced from its call to its answer or failure', async () => {
  await using fake = new FakeCluster({ brokers: 1 })
  const seen: unknown[] = []
  const traced = tracingChannel('klamm:client:request')
  const hear = (what: string) => (context: object) => void seen.push([what, { ...context }])
  const listeners = {
    start: hear('start'),
    end: () => {},
    asyncStart: hear('answered'),
    asyncEnd: () => {},
    error: hear('error'),
  }
  await using core = openCore(fake.options({ clientId: 'me' }))
  await fake.settle(core.metadata.topics('all'))
  traced.subscribe(listeners)
  const body = { key: 'g', keyType: 0, coordinatorKeys: ['g'] }
  await fake.settle(core.brokers.request(1, FindCoordinator, body))
  fake.once(FindCoordinator, 'close')
  await fake.rejection(core.brokers.request(1, FindCoordinator, body))
  traced.unsubscribe(listeners)
  const about = { clientId: 'me', brokerId: 1, api: 'FindCoordinator' }
  expect(seen).toMatchObject([
    ['start', about],
    ['answered', { ...about, version: 6 }],
    ['start', about],
    ['error', { ...about, error: { code: 'ERR_CONNECTION' } }],
    ['answered', about],
  ])
})
