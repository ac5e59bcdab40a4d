// Real sockets against the contract, and what only they have: stale paths and system errors.

import { spawn } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Address, ByteStream } from '../env/index.ts'
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

test('of a paused connection little more is read than was on its way', async () => {
  const sockets: Socket[] = []
  const onSocket = (message: unknown): void => {
    sockets.push((message as { readonly socket: Socket }).socket)
  }
  subscribe('net.server.socket', onSocket)
  const network = new SocketNetwork()
  const streams: ByteStream[] = []
  const listener = await network.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 }, stream => {
    streams.push(stream)
    stream.handle({ onData: chunk => stream.write([chunk]), onClose() {} })
    if (streams.length === 1) stream.pause()
  })
  const [paused, echo] = [
    await network.connect(listener.address),
    await network.connect(listener.address),
  ]
  paused.handle({ onData() {}, onClose() {} })
  paused.write([new Uint8Array(8 << 20)])
  // Round trips beside it give Node the time to read what it wants to.
  let echoed = Promise.withResolvers<void>()
  echo.handle({ onData: () => echoed.resolve(), onClose() {} })
  for (let i = 0; i < 50; i++) {
    echoed = Promise.withResolvers<void>()
    echo.write([Uint8Array.of(1)])
    await echoed.promise
  }
  unsubscribe('net.server.socket', onSocket)
  expect(paused.queuedBytes).toBeGreaterThan(0)
  expect(sockets[0]?.readableLength).toBeGreaterThan(0)
  expect(sockets[0]?.readableLength).toBeLessThanOrEqual(80 * 1024)
  for (const stream of [...streams, paused, echo]) stream.destroy()
  await listener.close()
})
