// Real sockets: TLS and unix, trusted and not.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address } from '@klamm/base/env'
import { SocketNetwork, type SocketNetworkOptions } from '@klamm/base/node'
import { testCertificate, testKey } from '@klamm/base/testing'
import { ApiVersions, Metadata } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from './core.ts'
import type { KafkaOptions } from './options.ts'
import { versionsResponse } from './testing/default-answers.ts'
import { FakeConnection } from './testing/fake-connection.ts'

const here = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const
const tlsListen = { cert: testCertificate, key: testKey }

/** A broker that knows its versions and answers nothing else with sense. */
async function brokerAt(address: Address, options: SocketNetworkOptions = {}) {
  const network = new SocketNetwork(options)
  const context = { schemas: [ApiVersions, Metadata], rangeOf: () => [0, 3] as const }
  return network.listen(address, stream => {
    const connection = new FakeConnection(stream, {
      rangeOf: context.rangeOf,
      answer: async () => versionsResponse(context),
      unsupported: () => versionsResponse(context),
      onFailure: () => connection.close(),
      onClose() {},
    })
  })
}

async function versionBy(options: KafkaOptions): Promise<number> {
  await using core = openCore(options)
  return await core.brokers.versionFor('any', Metadata, { timeoutMs: 3_000 })
}

test('a broker is reached over TLS when its certificate is trusted', async () => {
  const { address, close } = await brokerAt({ ...here, host: 'localhost' }, { tlsListen })
  const brokers = address.kind === 'tcp' ? `localhost:${address.port}` : ''
  expect(await versionBy({ brokers, ssl: { ca: testCertificate } })).toBe(3)
  await expect(versionBy({ brokers, ssl: true })).rejects.toMatchObject({
    code: 'ERR_CONNECTION',
    retriable: false,
  })
  await expect(versionBy({ brokers })).rejects.toThrow('expects TLS')
  await close()
})

test('TLS to a port that does not speak it is not tried again', async () => {
  const { address, close } = await brokerAt(here)
  const brokers = address.kind === 'tcp' ? `127.0.0.1:${address.port}` : ''
  await expect(versionBy({ brokers, ssl: { ca: testCertificate } })).rejects.toMatchObject({
    code: 'ERR_CONNECTION',
  })
  await close()
})

test('a broker is reached over a unix socket, with TLS on it or without', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'klamm-'))
  const plain = await brokerAt({ kind: 'unix', path: join(directory, 'plain') })
  const secure = await brokerAt({ kind: 'unix', path: join(directory, 'secure') }, { tlsListen })
  expect(await versionBy({ brokers: `unix:${directory}/plain` })).toBe(3)
  const ssl = { ca: testCertificate, servername: 'localhost' }
  expect(await versionBy({ brokers: `unix:${directory}/secure`, ssl })).toBe(3)
  await Promise.all([plain.close(), secure.close()])
  rmSync(directory, { recursive: true })
})
