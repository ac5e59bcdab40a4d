// What is accepted as options, and what is said of what is not.

import { expect, test } from 'vitest'
import { KafkaError } from './errors.ts'
import { type KafkaOptions, resolveOptions } from './options.ts'

test.each([
  ['a:1', { kind: 'tcp', host: 'a', port: 1 }],
  ['broker.example', { kind: 'tcp', host: 'broker.example', port: 9092 }],
  ['[::1]:9093', { kind: 'tcp', host: '::1', port: 9093 }],
  ['[fe80::1]', { kind: 'tcp', host: 'fe80::1', port: 9092 }],
  ['::1', { kind: 'tcp', host: '::1', port: 9092 }],
  ['unix:/run/klamm.sock', { kind: 'unix', path: '/run/klamm.sock' }],
])('%s is an address', (text, address) => {
  expect(resolveOptions({ brokers: text }).bootstrap).toEqual([address])
})

test('addresses come as a list or separated by commas', () => {
  const expected = ['a', 'b'].map(host => ({ kind: 'tcp', host, port: 9092 }))
  expect(resolveOptions({ brokers: 'a, b' }).bootstrap).toEqual(expected)
  expect(resolveOptions({ brokers: ['a', 'b'] }).bootstrap).toEqual(expected)
})

test('what is left out has a default', () => {
  expect(resolveOptions({ brokers: 'a' })).toMatchObject({
    clientId: 'klamm',
    connectionTimeoutMs: 10_000,
    requestTimeoutMs: 30_000,
    retry: { initialMs: 100, maxMs: 1_000 },
    metadataMaxAgeMs: 300_000,
  })
})

test.each<[Partial<KafkaOptions>, string]>([
  [{ brokers: '' }, 'brokers'],
  [{ brokers: [] }, 'brokers'],
  [{ brokers: undefined as never }, 'brokers'],
  [{ brokers: 'a:0' }, 'ports are 1 to 65535'],
  [{ brokers: 'a:70000' }, 'ports are 1 to 65535'],
  [{ brokers: 'a:b' }, 'a:b is not host:port'],
  [{ brokers: 'kafka://a:1' }, 'is a URL'],
  [{ brokers: 'unix:' }, 'without a path'],
  [{ requestTimeoutMs: 0 }, 'requestTimeoutMs'],
  [{ connectionTimeoutMs: Number.NaN }, 'connectionTimeoutMs'],
  [{ metadataMaxAgeMs: '5' as never }, 'metadataMaxAgeMs'],
  [{ retry: { initialMs: 10, maxMs: 1 } }, 'retry.maxMs'],
  [{ ssl: true, env: { network: {} as never } }, 'ssl'],
])('%j is refused, by name', (options, message) => {
  const resolve = () => resolveOptions({ brokers: 'a', ...options })
  expect(resolve).toThrow(message)
  expect(resolve).toThrow(KafkaError)
})
