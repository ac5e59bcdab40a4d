// Which network an address goes to.

import { expect, test } from 'vitest'
import { TestClock } from '../testing/test-clock.ts'
import { addressText } from './address.ts'
import { LocalNetwork } from './local-network.ts'
import { RoutedNetwork } from './routed-network.ts'

test('each kind of address goes its own way', async () => {
  const clock = new TestClock()
  const sockets = new LocalNetwork(clock)
  const threads = new LocalNetwork(clock)
  const network = new RoutedNetwork({ tcp: sockets, peer: threads })
  const peer = { kind: 'peer', brokerId: 2 } as const
  const tcp = { kind: 'tcp', host: 'here', port: 0 } as const
  await network.listen(peer, () => {})
  await expect(threads.listen(peer, () => {})).rejects.toMatchObject({ code: 'addressInUse' })
  await sockets.listen(peer, () => {})
  const listener = await network.listen(tcp, () => {})
  await expect(sockets.listen(listener.address, () => {})).rejects.toThrow('already')
  const connecting = network.connect(listener.address)
  clock.advance(0)
  await connecting
})

test('a kind without a network is unreachable', async () => {
  const network = new RoutedNetwork({})
  const address = { kind: 'unix', path: '/run/klamm.sock' } as const
  await expect(network.connect(address)).rejects.toMatchObject({
    code: 'unreachable',
    message: 'no network reaches unix:/run/klamm.sock',
  })
  await expect(network.listen(address, () => {})).rejects.toMatchObject({ code: 'unreachable' })
})

test('addresses have one text each', () => {
  expect(addressText({ kind: 'tcp', host: '::1', port: 9092 })).toBe('[::1]:9092')
  expect(addressText({ kind: 'tcp', host: 'broker-1', port: 9092 })).toBe('broker-1:9092')
  expect(addressText({ kind: 'peer', brokerId: 3 })).toBe('peer:3')
})
