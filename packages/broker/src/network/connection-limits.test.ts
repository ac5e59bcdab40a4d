// Kafka's configs of connections, and addresses as they are counted.

import { expect, test } from 'vitest'
import { maxConnections } from '../limits.ts'
import { connectionLimits, hostOf, refusalOf } from './connection-limits.ts'

function limitsOf(configs: Readonly<Record<string, string>>) {
  const nothing = new Map<string, string>()
  return connectionLimits({
    broker: nothing,
    brokerDefault: nothing,
    static: new Map(Object.entries(configs)),
  })
}

test('the defaults are those of Kafka, below what a broker can bear', () => {
  const limits = limitsOf({})
  expect(limits.idle.maxIdleMs).toBe(600_000)
  expect(limits.maxConnections).toBe(maxConnections)
  expect(limits.maxConnectionsPerIp).toBe(2_147_483_647)
  expect(limitsOf({ 'connections.max.idle.ms': '-1' }).idle.maxIdleMs).toBe(Infinity)
})

test('a connection too many is refused, over all or from one address', () => {
  const limits = limitsOf({ 'max.connections': '5', 'max.connections.per.ip': '2' })
  expect(refusalOf(limits, 4, 1, '10.0.0.1')).toBeUndefined()
  expect(refusalOf(limits, 5, 0, '10.0.0.1')).toBe('too many connections')
  expect(refusalOf(limits, 4, 2, '10.0.0.1')).toBe('too many connections from 10.0.0.1')
})

test('an address may have a number of its own, greater or smaller', () => {
  const limits = limitsOf({
    'max.connections.per.ip': '2',
    'max.connections.per.ip.overrides': '10.0.0.1:3, ::1:0, nonsense, x:y',
  })
  expect(refusalOf(limits, 0, 2, '10.0.0.1')).toBeUndefined()
  expect(refusalOf(limits, 0, 3, '10.0.0.1')).toBeDefined()
  expect(refusalOf(limits, 0, 0, '::1')).toBeDefined()
  expect(refusalOf(limits, 0, 1, 'nonsense')).toBeUndefined()
})

test.each([
  ['127.0.0.1:51234', '127.0.0.1'],
  ['[::1]:51234', '::1'],
  ['[::ffff:10.0.0.1]:51234', '10.0.0.1'],
  ['[fe80::ffff:1]:1', 'fe80::ffff:1'],
  ['local:7', 'local'],
  ['client-1', 'client-1'],
])('%s is counted as %s', (remoteAddress, host) => {
  expect(hostOf(remoteAddress)).toBe(host)
})
