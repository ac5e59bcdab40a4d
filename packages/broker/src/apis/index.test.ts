// What clients are told is served, and in which versions: a promise to every client there is.

import { apiNameOf } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { advertised } from './api-versions.ts'
import { handlers } from './index.ts'

test('every API is advertised from the oldest to the newest version that clients need', () => {
  const ranges = advertised(handlers).map(({ apiKey, minVersion, maxVersion }) => {
    return `${apiNameOf(apiKey)} ${minVersion}-${maxVersion}`
  })
  // Older clients stay with the lowest, see KIP-896: KafkaJS needs DeleteTopics 1, aiokafka
  // FindCoordinator 1, and librdkafka takes Produce 0 for "knows compression" (KAFKA-18659).
  expect(ranges).toEqual([
    'Produce 0-13',
    'Fetch 4-18',
    'ListOffsets 1-11',
    'Metadata 0-13',
    'OffsetCommit 2-10',
    'OffsetFetch 1-10',
    'FindCoordinator 0-6',
    // 0 and 1 are still asked for (KAFKA-19444).
    'JoinGroup 0-9',
    'Heartbeat 0-4',
    'LeaveGroup 0-5',
    'SyncGroup 0-5',
    'DescribeGroups 0-6',
    'ListGroups 0-5',
    'ApiVersions 0-5',
    'CreateTopics 2-7',
    'DeleteTopics 1-6',
    'InitProducerId 0-5',
    'OffsetForLeaderEpoch 2-4',
    'DescribeConfigs 1-4',
    'CreatePartitions 0-3',
    'DeleteGroups 0-2',
    'IncrementalAlterConfigs 0-1',
    'OffsetDelete 0-0',
    'DescribeCluster 0-2',
    'DescribeTopicPartitions 0-0',
  ])
})

test('handlers stand in the order of their keys, each key once', () => {
  const keys = handlers.map(({ schema }) => schema.key)
  expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b))
})
