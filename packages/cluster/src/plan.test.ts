import { ConfigError } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { planCluster, voterCount } from './plan.ts'
import { checkSpec } from './spec.ts'

test('a spec without anything is three zones of one broker in memory', () => {
  const nodes = planCluster(checkSpec({}))
  expect(nodes.map(({ brokerId, zone, port, isVoter }) => [brokerId, zone, port, isVoter])).toEqual(
    [
      [1, 'zone-a', 0, true],
      [2, 'zone-b', 0, true],
      [3, 'zone-c', 0, true],
    ],
  )
  expect(checkSpec({}).durability).toBe('memory')
})

test('brokers are dealt out zone by zone, so that the voters are in different zones', () => {
  const nodes = planCluster(checkSpec({ zones: ['x', 'y'], brokersPerZone: 3, port: 9092 }))
  expect(nodes.map(({ zone, port }) => `${zone}:${port}`)).toEqual([
    'x:9092',
    'y:9093',
    'x:9094',
    'y:9095',
    'x:9096',
    'y:9097',
  ])
  expect(nodes.filter(({ isVoter }) => isVoter)).toHaveLength(5)
})

test('the number of voters is odd and never greater than the number of brokers', () => {
  for (let brokers = 1; brokers <= 90; brokers++) {
    expect(voterCount(brokers) % 2).toBe(1)
    expect(voterCount(brokers)).toBeLessThanOrEqual(brokers)
  }
})

test('data in a directory is flushed before it is acknowledged unless asked otherwise', () => {
  expect(checkSpec({ dataDirectory: 'data' }).durability).toBe('fsync')
  expect(checkSpec({ dataDirectory: 'data', durability: 'os' }).durability).toBe('os')
})

test.each([
  [{ zones: 0 }, 'zones'],
  [{ brokersPerZone: 1.5 }, 'brokersPerZone'],
  [{ zones: ['a', 'a'] }, 'zones: the names must differ'],
  [{ durability: 'fsync' as const }, 'needs a data directory'],
  [{ port: 65_535 }, 'do not fit'],
  [{ brokers: 3 } as object, 'brokers'],
])('a spec that makes no sense is refused with its reason: %j', (spec, reason) => {
  expect(() => checkSpec(spec)).toThrow(ConfigError)
  expect(() => checkSpec(spec)).toThrow(reason)
})
