// What a spec means when parts of it are left out, and what is refused.

import { expect, test } from 'vitest'
import { type ClusterSpec, checkSpec } from './spec.ts'

test('nothing said: three zones in threads, in memory', () => {
  const { mode, zones, brokersPerZone, durability } = checkSpec({})
  expect({ mode, zones, brokersPerZone, durability }).toEqual({
    mode: 'worker',
    zones: ['zone-a', 'zone-b', 'zone-c'],
    brokersPerZone: 1,
    durability: 'memory',
  })
  expect(checkSpec({ dataDirectory: 'data' }).durability).toBe('fsync')
})

test.each([
  [{ zones: 1 }, '1', '1'],
  [{ zones: 2 }, '2', '1'],
  [{ zones: 3 }, '3', '2'],
  [{ zones: 1, brokersPerZone: 3 }, '3', '2'],
  [{ zones: 3, brokersPerZone: 3 }, '3', '2'],
] satisfies [ClusterSpec, string, string][])(
  'topics of %j have %s replicas and need %s in sync, unless said otherwise',
  (spec, replicas, inSync) => {
    const { config } = checkSpec(spec)
    expect(config.get('default.replication.factor')).toBe(replicas)
    expect(config.get('min.insync.replicas')).toBe(inSync)
    const said = checkSpec({ ...spec, config: { 'min.insync.replicas': 7 } })
    expect(said.config.get('min.insync.replicas')).toBe('7')
    expect(said.config.get('default.replication.factor')).toBe(replicas)
  },
)

test.each([
  [{ zones: 0 }, 'zones'],
  [{ zones: ['a', 'a'] }, 'zones: the names must differ'],
  [{ zones: 3, port: 65_534 }, 'port: 3 brokers do not fit above 65534'],
  [{ durability: 'fsync' }, "durability: 'fsync' needs a data directory"],
  [{ host: '0.0.0.0' as '127.0.0.1' }, 'host'],
] satisfies [ClusterSpec, string][])('%j is refused', (spec, reason) => {
  expect(() => checkSpec(spec)).toThrow(reason)
})
