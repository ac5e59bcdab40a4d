// Real sockets against the contract, and what only they have: stale paths and system errors.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { networkContract } from '../testing/network-contract.ts'
import { SocketNetwork } from './socket-network.ts'

networkContract('TCP', async () => {
  const network = new SocketNetwork()
  return {
    server: network,
    client: network,
    address: () => ({ kind: 'tcp', host: '127.0.0.1', port: 0 }),
    dispose: async () => {},
  }
})

networkContract('unix sockets', async () => {
  const network = new SocketNetwork()
  const directory = mkdtempSync(join(tmpdir(), 'klamm-'))
  return {
    server: network,
    client: network,
    address: () => ({ kind: 'unix', path: join(directory, 'socket') }),
    dispose: async () => rmSync(directory, { recursive: true }),
  }
})
