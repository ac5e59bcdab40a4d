import { seededRandom } from '@klamm/base'
import { type Env, silentLogger } from '@klamm/base/env'
import { KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { defaultGroupConfig, type JoinRequest } from '../coordinator/groups/types.ts'
import { shardPartition } from '../coordinator/shard/placement.ts'
import { GroupService } from './group-service.ts'
import { writeBatch } from './testing/batch-writer.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { MemoryShardLog } from './testing/memory-shard-log.ts'

const never = new AbortController().signal
const partitionCount = 4

function service(count = partitionCount) {
  const clock = new ManualClock()
  const env = { clock, random: seededRandom(1), log: silentLogger } as unknown as Env
  const groups = new GroupService({
    env,
    config: { ...defaultGroupConfig, initialRebalanceDelayMs: 0 },
    partitionCount: () => count,
    onBug: error => {
      throw error
    },
  })
  return { clock, groups }
}

/** A service that leads all partitions; what is appended is committed at once unless `holds`. */
async function leading(logs: readonly MemoryShardLog[] = newLogs()) {
  const { clock, groups } = service()
  for (const [partition, log] of logs.entries()) groups.elected(partition, log)
  await settled()
  return { clock, groups, logs }
}

function newLogs(): readonly MemoryShardLog[] {
  return Array.from({ length: partitionCount }, () => {
    const log = new MemoryShardLog(writeBatch)
    log.commitsAtOnce = true
    return log
  })
}

async function settled(): Promise<void> {
  for (let i = 0; i < 100; i++) await Promise.resolve()
}

function errorOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof KafkaError ? error.errorName : `${error}`),
  )
}

function joining(request: Partial<JoinRequest> = {}): JoinRequest {
  return {
    groupId: 'g',
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 60_000,
    memberId: '',
    groupInstanceId: undefined,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: new Uint8Array([1]) }],
    clientId: 'client',
    clientHost: '/127.0.0.1',
    requiresKnownMemberId: true,
    supportsSkippingAssignment: true,
    ...request,
  }
}

/** Joins with an id of its own and brings its own assignment. */
async function joinAlone(groups: GroupService, clock: ManualClock, groupId = 'g') {
  const { memberId } = await groups.joinGroup(joining({ groupId }), never)
  const joined = groups.joinGroup(joining({ groupId, memberId }), never)
  clock.advance(0)
  const { generationId } = await joined
  const who = { groupId, generationId, memberId, groupInstanceId: undefined }
  const assignments = [{ memberId, assignment: new Uint8Array([9]) }]
  const noProtocol = { protocolType: undefined, protocolName: undefined }
  const synced = await groups.syncGroup({ ...who, ...noProtocol, assignments }, never)
  return { who, synced }
}

function committing(offset: number, groupId = 'g') {
  const partitions = [{ partition: 0, offset, leaderEpoch: -1, metadata: '' }]
  return {
    groupId,
    generationId: -1,
    memberId: '',
    groupInstanceId: undefined,
    retentionMs: undefined,
    knowsGroupIdNotFound: true,
    topics: [{ topic: 't', topicId: undefined, partitions }],
  }
}

async function offsetOf(groups: GroupService, groupId = 'g'): Promise<number | undefined> {
  const topics = [{ topic: 't', topicId: undefined, partitions: [0] }]
  const reply = await groups.fetchOffsets({ groupId, topics, requireStable: false }, never)
  return reply.topics[0]?.partitions[0]?.offset
}

test('a member joins, gets its assignment, commits and is described', async () => {
  const { clock, groups } = await leading()
  const { who, synced } = await joinAlone(groups, clock)
  expect(synced).toMatchObject({ error: 'NONE', assignment: new Uint8Array([9]) })
  expect(await groups.heartbeat(who, never)).toBe('NONE')
  await groups.commitOffsets({ ...committing(5), ...who }, never)
  expect(await offsetOf(groups)).toBe(5)
  const [described] = await groups.describeGroups(['g'], never)
  expect(described).toMatchObject({ state: 'Stable', members: [{ memberId: who.memberId }] })
})

test('a member id tells its client or instance, and is unique', async () => {
  const { groups } = await leading()
  const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
  const [a, b] = await Promise.all([
    groups.joinGroup(joining(), never),
    groups.joinGroup(joining(), never),
  ])
  expect(a.memberId).toMatch(new RegExp(`^client-${uuid}$`))
  expect(a.memberId).not.toBe(b.memberId)
})

test('each group lives in the partition that its id says', async () => {
  const { groups, logs } = await leading()
  const groupIds = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
  const homes = new Set(groupIds.map(groupId => shardPartition(groupId, partitionCount)))
  expect(homes.size).toBeGreaterThan(1)
  for (const groupId of groupIds) await groups.commitOffsets(committing(1, groupId), never)
  for (const [partition, log] of logs.entries()) {
    const here = groupIds.filter(groupId => groups.partitionFor(groupId) === partition)
    expect(log.logEndOffset).toBe(here.length)
  }
  const listed = await groups.listGroups({ states: [], types: [] }, never)
  expect(listed.map(({ groupId }) => groupId).toSorted()).toEqual(groupIds)
})

test('a group whose partition is led elsewhere is refused', async () => {
  const { groups } = service()
  expect(await errorOf(offsetOf(groups))).toBe('NOT_COORDINATOR')
  const [described] = await groups.describeGroups(['g'], never)
  expect(described).toMatchObject({ groupId: 'g', error: 'NOT_COORDINATOR', state: '' })
  expect(await groups.deleteGroups(['g'], never)).toEqual([
    { groupId: 'g', error: 'NOT_COORDINATOR' },
  ])
  expect(await groups.listGroups({ states: [], types: [] }, never)).toEqual([])
})

test('while the topic of the groups does not exist nobody is their coordinator', async () => {
  const { groups } = service(0)
  expect(await errorOf(offsetOf(groups))).toBe('NOT_COORDINATOR')
  expect(() => groups.partitionFor('g')).toThrow(KafkaError)
})

test('what is loading is told to come again, but heartbeats are left in peace', async () => {
  const { groups } = service()
  const log = new MemoryShardLog(writeBatch)
  groups.elected(groups.partitionFor('g'), log)
  expect(await errorOf(offsetOf(groups))).toBe('COORDINATOR_LOAD_IN_PROGRESS')
  const list = groups.listGroups({ states: [], types: [] }, never)
  expect(await errorOf(list)).toBe('COORDINATOR_LOAD_IN_PROGRESS')
  const beat = { groupId: 'g', memberId: 'a', generationId: 1, groupInstanceId: undefined }
  groups.elected(groups.partitionFor('g'), log)
  expect(await groups.heartbeat(beat, never)).toBe('NONE')
  await settled()
  expect(await groups.heartbeat(beat, never)).toBe('UNKNOWN_MEMBER_ID')
})

test('after a fail-over another broker serves what was committed, and the member stays', async () => {
  const { clock, groups, logs } = await leading()
  const { who } = await joinAlone(groups, clock)
  await groups.commitOffsets({ ...committing(5), ...who }, never)
  const successors = logs.map(log => log.successor(log.logEndOffset, log.logEndOffset))
  const { groups: others } = await leading(successors)
  expect(await offsetOf(others)).toBe(5)
  expect(await others.heartbeat(who, never)).toBe('NONE')
})

test('an unacknowledged commit that was lost with its broker was never there', async () => {
  const { groups, logs } = await leading()
  await groups.commitOffsets(committing(5), never)
  for (const log of logs) log.commitsAtOnce = false
  const lost = errorOf(groups.commitOffsets(committing(6), never))
  expect(await offsetOf(groups)).toBe(5)
  const successors = logs.map(log => log.successor(log.highWatermark, log.highWatermark))
  for (const log of logs) log.lose()
  expect(await lost).toBe('NOT_COORDINATOR')
  const { groups: others } = await leading(successors)
  expect(await offsetOf(others)).toBe(5)
})

test('resigning answers whoever waits; being elected again loads again', async () => {
  const { clock, groups, logs } = await leading()
  const { memberId } = await groups.joinGroup(joining(), never)
  const home = groups.partitionFor('g')
  const waiting = errorOf(groups.joinGroup(joining({ memberId }), never))
  groups.resigned(home)
  expect(await waiting).toBe('NOT_COORDINATOR')
  expect(await errorOf(offsetOf(groups))).toBe('NOT_COORDINATOR')
  groups.elected(home, logs[home]!)
  await settled()
  expect(await offsetOf(groups)).toBe(-1)
  clock.advance(0)
})

test('a session ends by the clock', async () => {
  const { clock, groups } = await leading()
  const { who } = await joinAlone(groups, clock)
  clock.advance(9_999)
  expect(await groups.heartbeat(who, never)).toBe('NONE')
  clock.advance(10_000)
  expect(await groups.heartbeat(who, never)).toBe('UNKNOWN_MEMBER_ID')
})

test('the empty group id is refused where it makes no sense', async () => {
  const { groups } = await leading()
  const who = { groupId: '', memberId: 'a', generationId: 1, groupInstanceId: undefined }
  const noProtocol = { protocolType: undefined, protocolName: undefined, assignments: [] }
  const refused = [
    groups.joinGroup(joining({ groupId: '' }), never),
    groups.heartbeat(who, never),
    groups.syncGroup({ ...who, ...noProtocol }, never),
    groups.leaveGroup({ groupId: '', members: [] }, never),
    groups.deleteOffsets({ groupId: '', topics: [] }, never),
  ]
  expect(await Promise.all(refused.map(errorOf))).toEqual(refused.map(() => 'INVALID_GROUP_ID'))
  await groups.commitOffsets(committing(3, ''), never)
  expect(await offsetOf(groups, '')).toBe(3)
})

test('groups are deleted one by one, and topics for all of them', async () => {
  const { clock, groups } = await leading()
  for (const groupId of ['a', 'b', 'g']) await groups.commitOffsets(committing(1, groupId), never)
  expect(await groups.deleteGroups(['a', 'x'], never)).toEqual([
    { groupId: 'a', error: 'NONE' },
    { groupId: 'x', error: 'GROUP_ID_NOT_FOUND' },
  ])
  groups.topicsDeleted([{ name: 't', id: undefined }])
  clock.advance(0)
  await settled()
  expect([await offsetOf(groups, 'b'), await offsetOf(groups)]).toEqual([-1, -1])
})

test('disposing answers whoever waits', async () => {
  const { groups } = await leading()
  const { memberId } = await groups.joinGroup(joining(), never)
  const waiting = errorOf(groups.joinGroup(joining({ memberId }), never))
  await groups[Symbol.asyncDispose]()
  expect(await waiting).toBe('NOT_COORDINATOR')
})
