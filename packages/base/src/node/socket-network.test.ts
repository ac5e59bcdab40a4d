// Real sockets against the contract, and what only they have: stale paths and system errors.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Address } from '../env/index.ts'
import { networkContract } from '../testing/network-contract.ts'
import { networkError } from './socket-errors.ts'
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

test('a socket path left by a killed process is taken over, a used one is not', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-'))
  const address = { kind: 'unix', path: join(directory, 'socket') } as const
  const network = new SocketNetwork()
  const program = `require('node:net').createServer().listen(${JSON.stringify(address.path)}, () =>
    process.kill(process.pid, 'SIGKILL'))`
  const child = spawn(process.execPath, ['-e', program], { stdio: 'inherit' })
  await once(child, 'exit')
  expect(existsSync(address.path)).toBe(true)
  const listener = await network.listen(address, stream => stream.destroy())
  await expect(network.listen(address, () => {})).rejects.toMatchObject({ code: 'addressInUse' })
  expect(existsSync(address.path)).toBe(true)
  await listener.close()
  rmSync(directory, { recursive: true })
})

test('what the system refuses has a word for it', async () => {
  const network = new SocketNetwork({ connectTimeoutMs: 2_000 })
  const listen = (address: Address): Promise<unknown> => network.listen(address, () => {})
  await expect(listen({ kind: 'unix', path: '/proc/none/socket' })).rejects.toThrow('/proc/none')
  await expect(listen({ kind: 'tcp', host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
    name: 'NetworkError',
    code: 'unreachable',
  })
  await expect(listen({ kind: 'peer', brokerId: 1 })).rejects.toMatchObject({ code: 'unreachable' })
  const nowhere = network.connect({ kind: 'unix', path: '/nonexistent/socket' })
  await expect(nowhere).rejects.toMatchObject({ code: 'refused' })
})

test('an error of the system is told by its code', () => {
  const error = Object.assign(new Error('denied'), { code: 'EACCES' })
  expect(networkError(error, 'listening on x', 'closed')).toMatchObject({
    code: 'permission',
    message: 'listening on x: denied',
    cause: error,
  })
  const odd = Object.assign(new Error('odd'), { code: 'EODD' })
  expect(networkError(odd, 'reading', 'closed').code).toBe('closed')
})
