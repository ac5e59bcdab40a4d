// The in-process network against the contract.

import { nodeClock } from '../node/clock.ts'
import { networkContract } from '../testing/network-contract.ts'
import { LocalNetwork } from './local-network.ts'

networkContract('the in-process network', async () => {
  const network = new LocalNetwork(nodeClock)
  return {
    server: network,
    client: network,
    address: () => ({ kind: 'tcp', host: 'here', port: 0 }),
    dispose: async () => {},
  }
})
