// The simulated network against the contract, and the faults that only it can arrange.

import { networkContract } from '@klamm/base/testing'
import { SimWorld } from './world.ts'

networkContract('the simulated network', async () => {
  const world = new SimWorld({ seed: 1 })
  const pump = world.scheduler.pump()
  const server = world.node('server').start()
  const client = world.node('client').start()
  return {
    server: server.network,
    client: client.network,
    address: () => ({ kind: 'tcp', host: '0.0.0.0', port: 0 }),
    dispose: async () => pump[Symbol.dispose](),
  }
})
