import type { Cluster } from '@klamm/cluster'
import {
  type ApiSchema,
  ApiVersions,
  apiSchemas,
  BatchBuilder,
  CreateTopics,
  decodeResponse,
  encodeRequest,
  errorCodes,
  Fetch,
  FindCoordinator,
  JoinGroup,
  Metadata,
  OffsetCommit,
  OffsetFetch,
  Produce,
  readBatches,
} from '@klamm/protocol'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { RawClient } from './raw-client.ts'
import { eventually, testCluster } from './test-cluster.ts'

let cluster: Cluster
let client: RawClient

beforeAll(async () => {
  cluster = await testCluster()
  client = new RawClient(serverOf(1))
})

afterAll(async () => {
  client?.[Symbol.dispose]()
  await cluster?.close()
})

function serverOf(brokerId: number): string {
  const broker = cluster.brokers.find(each => each.brokerId === brokerId)
  return `${broker?.host}:${broker?.port}`
}

/** Its one partition is led by broker 1. Gives its id. */
async function newTopic(name: string, configs: Readonly<Record<string, string>> = {}) {
  const { topics } = await client.ask(CreateTopics, 7, {
    topics: [
      {
        name,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [1, 2, 3] }],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
    timeoutMs: 10_000,
  })
  expect(topics[0]?.errorCode).toBe(errorCodes.NONE)
  return topics[0]?.topicId ?? ''
}

interface Sent {
  readonly key: string | null
  readonly value: string
}

function produce(version: number, topic: string, topicId: string, records: readonly Sent[]) {
  const builder = new BatchBuilder()
  for (const { key, value } of records) {
    builder.append({
      key: key === null ? null : Buffer.from(key),
      value: Buffer.from(value),
      timestamp: 1_700_000_000_000,
    })
  }
  const partitionData = [{ index: 0, records: [builder.build()] }]
  const topicData = [{ name: topic, topicId, partitionData }]
  return client.ask(Produce, version, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 30_000,
    topicData,
  })
}

test('whatever is advertised is answered, even when nothing is asked', async () => {
  const { apiKeys } = await client.ask(ApiVersions, 0, {})
  const unanswered: string[] = []
  for (const { apiKey, minVersion, maxVersion } of apiKeys) {
    const schema = apiSchemas.find(({ key }) => key === apiKey) as ApiSchema
    // Produce is advertised from 0 and served from 3.
    const first = schema === Produce ? 3 : minVersion
    for (let version = first; version <= maxVersion; version++) {
      using other = new RawClient(serverOf(1))
      const extra = schema === Produce ? { acks: 1 } : {}
      await other.ask(schema, version, extra).catch((error: Error) => {
        unanswered.push(error.message)
      })
    }
  }
  expect(unanswered).toEqual([])
})

test('a client from the future learns which versions there are, and goes on', async () => {
  using other = new RawClient(serverOf(2))
  const [first = new Uint8Array(), ...rest] = encodeRequest(ApiVersions, 4, 7, 'new', {
    clientSoftwareName: 'new',
    clientSoftwareVersion: '9',
    clusterId: null,
    nodeId: -1,
  })
  const fromTheFuture = Uint8Array.from(first)
  new DataView(fromTheFuture.buffer).setInt16(6, 77)
  const frame = (await other.send(fromTheFuture, ...rest)) ?? new Uint8Array()
  const { body } = decodeResponse(ApiVersions, 0, frame)
  expect(body.errorCode).toBe(errorCodes.UNSUPPORTED_VERSION)
  expect(body.apiKeys).toContainEqual({ apiKey: 18, minVersion: 0, maxVersion: 5 })
  const software = { clientSoftwareName: 'new', clientSoftwareVersion: '9' }
  expect((await other.ask(ApiVersions, 5, software)).errorCode).toBe(errorCodes.NONE)
})

test('no feature is finalized that a client would take for transactions or new groups', async () => {
  const software = { clientSoftwareName: 'raw', clientSoftwareVersion: '1' }
  const { finalizedFeatures } = await client.ask(ApiVersions, 4, software)
  const names = finalizedFeatures.map(({ name }) => name)
  for (const name of ['transaction.version', 'group.version', 'share.version']) {
    expect(names).not.toContain(name)
  }
})

test('what is no request closes its connection, and nobody else notices', async () => {
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\xff\xff\xff\xff', '\x00\x00\x00\x02??']) {
    using other = new RawClient(serverOf(1))
    expect(await other.send(Buffer.from(bytes, 'latin1'))).toBe(undefined)
  }
  expect((await client.ask(ApiVersions, 0, {})).errorCode).toBe(errorCodes.NONE)
})

test('bad names are told alike by whoever is asked', async () => {
  for (const name of ['', '.', '..', 'a b', 'ä', 'x'.repeat(250)]) {
    const topic = { name, numPartitions: 1, replicationFactor: 3, assignments: [], configs: [] }
    const created = await client.ask(CreateTopics, 7, { topics: [topic], timeoutMs: 10_000 })
    const asked = { topics: [{ name, topicId: 'A'.repeat(22) }], allowAutoTopicCreation: true }
    const told = await client.ask(Metadata, 12, asked)
    const codes = [created.topics[0]?.errorCode, told.topics[0]?.errorCode]
    expect(codes).toEqual(codes.map(() => errorCodes.INVALID_TOPIC_EXCEPTION))
  }
})

test('a fetch from the middle of a batch is given the whole batch', async () => {
  const topicId = await newTopic('middle')
  const values = ['a', 'b', 'c', 'd']
  await produce(
    13,
    'middle',
    topicId,
    values.map(value => ({ key: null, value })),
  )
  for (const version of [4, 11, 12, 18]) {
    const partition = {
      partition: 0,
      currentLeaderEpoch: -1,
      fetchOffset: 2,
      lastFetchedEpoch: -1,
      logStartOffset: -1,
      partitionMaxBytes: 1,
      replicaDirectoryId: 'A'.repeat(22),
      highWatermark: -1,
    }
    const { responses } = await client.ask(Fetch, version, {
      replicaId: -1,
      maxWaitMs: 1_000,
      minBytes: 1,
      maxBytes: 1,
      sessionEpoch: -1,
      topics: [{ topic: 'middle', topicId, partitions: [partition] }],
    })
    const [answer] = responses[0]?.partitions ?? []
    expect(answer?.errorCode).toBe(errorCodes.NONE)
    const headers = readBatches(Buffer.concat([...(answer?.records ?? [])]))
    expect(headers).toMatchObject([{ baseOffset: 0, lastOffsetDelta: 3 }])
  }
})

test('a compacted topic refuses records without a key, and says which', async () => {
  const topicId = await newTopic('by-key', { 'cleanup.policy': 'compact' })
  const sent = [null, 'k', null].map(key => ({ key, value: 'v' }))
  for (const version of [7, 8, 13]) {
    const { responses } = await produce(version, 'by-key', topicId, sent)
    const [answer] = responses[0]?.partitionResponses ?? []
    expect(answer?.errorCode).toBe(errorCodes.INVALID_RECORD)
    const named = answer?.recordErrors.map(({ batchIndex }) => batchIndex)
    expect(named).toEqual(version >= 8 ? [0, 2] : [])
  }
  const { responses } = await produce(13, 'by-key', topicId, [{ key: 'k', value: 'v' }])
  expect(responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 })
})

/** A connection to the broker that coordinates the group, once it does. */
async function coordinatorOf(groupId: string): Promise<RawClient> {
  return eventually(async () => {
    const found = await client.ask(FindCoordinator, 4, { keyType: 0, coordinatorKeys: [groupId] })
    const [told] = found.coordinators
    if (told === undefined || told.errorCode !== errorCodes.NONE) return undefined
    const coordinator = new RawClient(`${told.host}:${told.port}`)
    const probe = { groupId, memberId: 'nobody', protocolType: 'consumer' }
    const { errorCode } = await coordinator.ask(JoinGroup, 5, {
      ...probe,
      sessionTimeoutMs: 10_000,
    })
    if (errorCode === errorCodes.UNKNOWN_MEMBER_ID) return coordinator
    coordinator[Symbol.dispose]()
    return undefined
  }, `the coordinator of ${groupId}`)
}

test('what was committed comes back with what was noted beside it, in every version', async () => {
  const name = 'noted'
  const topicId = await newTopic(name)
  using coordinator = await coordinatorOf('notes')
  for (let version = 2; version <= 10; version++) {
    const noted = { committedOffset: version, committedMetadata: `note ${version}` }
    const partitions = [{ partitionIndex: 0, committedLeaderEpoch: 0, ...noted }]
    const { topics } = await coordinator.ask(OffsetCommit, version, {
      groupId: 'notes',
      generationIdOrMemberEpoch: -1,
      retentionTimeMs: -1,
      topics: [{ name, topicId, partitions }],
    })
    expect(topics[0]?.partitions[0]?.errorCode).toBe(errorCodes.NONE)
    const asked = [{ name, topicId, partitionIndexes: [0] }]
    const old = await coordinator.ask(OffsetFetch, 5, { groupId: 'notes', topics: asked })
    const group = { groupId: 'notes', memberId: null, memberEpoch: -1, topics: asked }
    const { groups } = await coordinator.ask(OffsetFetch, 10, { groups: [group] })
    for (const told of [old.topics[0]?.partitions[0], groups[0]?.topics[0]?.partitions[0]]) {
      expect(told).toMatchObject({ errorCode: 0, committedOffset: version })
      expect(told?.metadata).toBe(`note ${version}`)
    }
  }
})

test('a group that nobody knows has committed nothing, which is no error', async () => {
  const name = 'unread'
  const topicId = await newTopic(name)
  using coordinator = await coordinatorOf('strangers')
  for (let version = 1; version <= 10; version++) {
    const topics = [{ name, topicId, partitionIndexes: [0] }]
    const answer = await coordinator.ask(OffsetFetch, version, {
      groupId: 'strangers',
      topics,
      groups: [{ groupId: 'strangers', memberId: null, memberEpoch: -1, topics }],
    })
    const [group] = answer.groups
    const told = version >= 8 ? group?.topics[0] : answer.topics[0]
    expect([answer.errorCode, group?.errorCode ?? 0]).toEqual([0, 0])
    expect(told?.partitions[0]).toMatchObject({ errorCode: 0, committedOffset: -1 })
  }
})
