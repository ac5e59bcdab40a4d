// TLS over sockets against the contract, and what can be wrong with certificates.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { networkContract } from '../testing/network-contract.ts'
import { testCertificate, testKey } from '../testing/test-certificate.ts'
import { SocketNetwork } from './socket-network.ts'

const tlsListen = { cert: testCertificate, key: testKey }
const here = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const

const secure = new SocketNetwork({ tlsListen, tlsConnect: { ca: testCertificate } })

networkContract('TLS', async () => ({
  server: secure,
  client: secure,
  address: () => here,
  dispose: async () => {},
}))

networkContract('TLS over unix sockets', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-'))
  return {
    server: secure,
    client: secure,
    address: () => ({ kind: 'unix', path: join(directory, 'socket') }),
    dispose: async () => rmSync(directory, { recursive: true }),
  }
})

test('a certificate that nobody vouches for is refused, and so is one for another name', async () => {
  const listener = await secure.listen({ ...here, host: 'localhost' }, stream => stream.destroy())
  const trusting = [{}, { ca: testCertificate, servername: 'broker.example' }]
  for (const tlsConnect of trusting) {
    const network = new SocketNetwork({ tlsConnect })
    await expect(network.connect(listener.address)).rejects.toMatchObject({
      name: 'NetworkError',
      code: 'tls',
    })
  }
  await listener.close()
})

test('a side that does not speak TLS is told apart from one that is not there', async () => {
  const plain = new SocketNetwork()
  const listener = await plain.listen(here, stream => {
    stream.handle({ onData: () => void stream.write([new Uint8Array(64)]), onClose() {} })
  })
  await expect(secure.connect(listener.address)).rejects.toMatchObject({ code: 'tls' })
  await listener.close()
  await expect(secure.connect(listener.address)).rejects.toMatchObject({ code: 'refused' })
})

test('a server may ask for a certificate', async () => {
  const listening = { ...tlsListen, ca: testCertificate, requestCert: true }
  const server = new SocketNetwork({ tlsListen: listening })
  const received = Promise.withResolvers<string>()
  const listener = await server.listen(here, stream => {
    stream.handle({
      onData: chunk => received.resolve(new TextDecoder().decode(chunk)),
      onClose() {},
    })
  })
  const client = new SocketNetwork({ tlsConnect: { ...tlsListen, ca: testCertificate } })
  const stream = await client.connect(listener.address)
  stream.handle({ onData() {}, onClose() {} })
  stream.write([new TextEncoder().encode('it is me')])
  expect(await received.promise).toBe('it is me')
  stream.destroy()
  await listener.close()
})
