// Keys and names agree with the tables, and versions with the clients that are known to ask.

import { expect, test } from 'vitest'
import { apiKeys, apiNameOf, isFlexible } from './api-keys.ts'
import { apiSchemas } from './apis/index.ts'

test('every message table has the key and the first flexible version of the table of keys', () => {
  for (const { key, name, flexibleSince } of apiSchemas) {
    expect(apiNameOf(key)).toBe(name)
    const first = Number.isFinite(flexibleSince) ? flexibleSince : 100
    expect(isFlexible(key, first), name).toBe(first === flexibleSince)
    expect(isFlexible(key, first - 1), name).toBe(false)
  }
})

test('keys are unique and the tables in their order', () => {
  const keys = Object.values(apiKeys).map(({ key }) => key)
  expect(new Set(keys).size).toBe(keys.length)
  const tables = apiSchemas.map(({ key }) => key)
  expect(tables).toEqual(tables.toSorted((a, b) => a - b))
})

test('a key that Kafka does not know has no name', () => {
  expect(apiNameOf(12_345)).toBeUndefined()
  expect(isFlexible(12_345, 0)).toBe(false)
})

/** The newest version that the oldest living client sends: no table may begin above it. */
const oldestClients: Record<string, number> = {
  Produce: 7,
  Fetch: 11,
  ListOffsets: 3,
  Metadata: 5,
  OffsetCommit: 3,
  OffsetFetch: 3,
  FindCoordinator: 1,
  JoinGroup: 5,
  Heartbeat: 1,
  LeaveGroup: 1,
  SyncGroup: 3,
  DescribeGroups: 2,
  ListGroups: 2,
  SaslHandshake: 1,
  ApiVersions: 0,
  CreateTopics: 3,
  DeleteTopics: 1,
  DeleteRecords: 1,
  InitProducerId: 0,
  OffsetForLeaderEpoch: 2,
  DescribeConfigs: 1,
  AlterConfigs: 1,
  SaslAuthenticate: 1,
  CreatePartitions: 1,
  DeleteGroups: 1,
}

test('no table begins above what KafkaJS, librdkafka and aiokafka can send', () => {
  for (const [name, version] of Object.entries(oldestClients)) {
    const schema = apiSchemas.find(candidate => candidate.name === name)
    expect(schema?.versions[0], name).toBeLessThanOrEqual(version)
  }
})

test('Produce is described from 0 and JoinGroup from 0 to 9', () => {
  // KAFKA-18659: older librdkafka turns compression off otherwise. KAFKA-19444: restored in 4.1.
  const versionsOf = (name: string) => apiSchemas.find(schema => schema.name === name)?.versions
  expect(versionsOf('Produce')).toEqual([0, 13])
  expect(versionsOf('JoinGroup')).toEqual([0, 9])
  expect(versionsOf('ApiVersions')).toEqual([0, 5])
})
