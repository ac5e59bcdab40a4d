// Groups and their offsets: coordinators that move, die and disagree.

import {
  DeleteGroups,
  DescribeGroups,
  type DescribeGroupsResponse,
  type ErrorName,
  encodeAssignment,
  encodeSubscription,
  errorCodes,
  FindCoordinator,
  ListGroups,
  OffsetCommit,
  OffsetDelete,
  OffsetFetch,
} from '@klamm/protocol'
import { expect, test } from 'vitest'
import { openCore } from '../core.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { Admin } from './admin.ts'

function adminOf(fake: FakeCluster): Admin {
  return new Admin(openCore(fake.options()))
}

function listed(groupIds: readonly string[], error: ErrorName = 'NONE') {
  const groups = groupIds.map(groupId => ({
    groupId,
    protocolType: 'consumer',
    groupState: 'Stable',
    groupType: 'Classic',
  }))
  return { throttleTimeMs: 0, errorCode: errorCodes[error], groups }
}

test('every broker is asked for the groups it coordinates', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(ListGroups, (_request, { brokerId }) => listed([`of-${brokerId}`, 'moving']))
  const groups = await fake.settle(admin.listGroups({ states: ['Stable'], types: ['Classic'] }))
  expect(groups.map(({ groupId }) => groupId)).toEqual(['moving', 'of-1', 'of-2', 'of-3'])
  expect(groups[0]).toMatchObject({ state: 'Stable', groupType: 'Classic' })
  expect(fake.requests(ListGroups)[0]?.request).toMatchObject({ statesFilter: ['Stable'] })
})

test('a broker that is loading is asked again, one that is gone is told', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(ListGroups, (_request, { brokerId }) => {
    if (brokerId === 3) return 'close'
    const isFirst = fake.requests(ListGroups).filter(r => r.brokerId === brokerId).length === 1
    const isLoading = brokerId === 2 && isFirst
    return listed([`of-${brokerId}`], isLoading ? 'COORDINATOR_LOAD_IN_PROGRESS' : 'NONE')
  })
  const options = { failures: 'return', timeoutMs: 3_000 } as const
  const outcomes = await fake.settle(admin.listGroupsByBroker(options))
  expect(outcomes.map(({ key, value, error }) => [key, value?.length, error?.code])).toEqual([
    [1, 1, undefined],
    [2, 1, undefined],
    [3, undefined, 'ERR_CONNECTION'],
  ])
  const all = admin.listGroups({ timeoutMs: 2_000 })
  expect(await fake.rejection(all)).toMatchObject({ errors: [{ code: 'ERR_CONNECTION' }] })
})

function described(groupId: string, error: ErrorName = 'NONE'): DescribeGroupsResponse['groups'] {
  const topics = ['a']
  const subscription = {
    topics,
    userData: null,
    ownedPartitions: [],
    generationId: 1,
    rackId: null,
  }
  const assignment = { assignedPartitions: [{ topic: 'a', partitions: [0, 2] }], userData: null }
  const member = { clientId: 'c', clientHost: '/here' }
  return [
    {
      errorCode: errorCodes[error],
      errorMessage: null,
      groupId,
      groupState: 'Stable',
      protocolType: 'consumer',
      protocolData: 'range',
      members: [
        {
          ...member,
          memberId: 'm-1',
          groupInstanceId: 'static',
          memberMetadata: encodeSubscription(subscription),
          memberAssignment: encodeAssignment(assignment),
        },
        {
          ...member,
          memberId: 'm-2',
          groupInstanceId: null,
          memberMetadata: Uint8Array.of(0, 0, 1),
          memberAssignment: new Uint8Array(0),
        },
      ],
      authorizedOperations: 0,
    },
  ]
}

test('members are told with what they read; bytes that are no subscription hurt nobody', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.on(DescribeGroups, ({ groups }) => ({
    throttleTimeMs: 0,
    groups: groups.flatMap(groupId => described(groupId)),
  }))
  const [group] = await fake.settle(admin.describeGroups(['g']))
  expect(group).toMatchObject({ groupId: 'g', state: 'Stable', protocol: 'range' })
  expect(group?.members).toMatchObject([
    {
      memberId: 'm-1',
      groupInstanceId: 'static',
      topics: ['a'],
      assignment: [{ topic: 'a', partitions: [0, 2] }],
    },
    { memberId: 'm-2', groupInstanceId: undefined, topics: undefined, assignment: undefined },
  ])
})

test('groups go to their coordinators together, found in one request', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  for (const [i, groupId] of ['a', 'b', 'c'].entries()) fake.setCoordinator(groupId, (i % 2) + 1)
  fake.on(DescribeGroups, ({ groups }) => ({
    throttleTimeMs: 0,
    groups: groups.flatMap(groupId => described(groupId)),
  }))
  await fake.settle(admin.describeGroups(['a', 'b', 'c', 'a']))
  expect(fake.requests(FindCoordinator)).toHaveLength(1)
  const asked = fake.requests(DescribeGroups).map(r => [r.brokerId, r.request.groups])
  expect(asked.sort()).toEqual([
    [1, ['a', 'c']],
    [2, ['b']],
  ])
})

test.each(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'] as const)(
  '%s: it is found again',
  async code => {
    await using fake = new FakeCluster()
    await using admin = adminOf(fake)
    fake.setCoordinator('g', 1)
    fake.on(DescribeGroups, (_request, { brokerId }) => {
      fake.setCoordinator('g', 2)
      return { throttleTimeMs: 0, groups: described('g', brokerId === 1 ? code : 'NONE') }
    })
    await fake.settle(admin.describeGroups(['g']))
    expect(fake.requests(DescribeGroups).map(({ brokerId }) => brokerId)).toEqual([1, 2])
  },
)

test('a coordinator that died is found again where it went', async () => {
  await using fake = new FakeCluster()
  await using admin = adminOf(fake)
  fake.setCoordinator('g', 3)
  fake.on(DeleteGroups, ({ groupsNames }) => ({
    throttleTimeMs: 0,
    results: groupsNames.map(groupId => ({ groupId, errorCode: 0 })),
  }))
  await fake.settle(admin.deleteGroups(['g']))
  fake.kill(3)
  fake.setCoordinator('g', 2)
  expect(await fake.settle(admin.deleteGroups(['g']))).toEqual(['g'])
})

test.each(['NON_EMPTY_GROUP', 'GROUP_AUTHORIZATION_FAILED', 'INVALID_GROUP_ID'] as const)(
  '%s is final, for its group alone',
  async code => {
    await using fake = new FakeCluster()
    await using admin = adminOf(fake)
    fake.on(DeleteGroups, ({ groupsNames }) => ({
      throttleTimeMs: 0,
      results: groupsNames.map(groupId => {
        return { groupId, errorCode: groupId === 'bad' ? errorCodes[code] : 0 }
      }),
    }))
    const outcomes = await fake.settle(admin.deleteGroups(['bad', 'good'], { failures: 'return' }))
    expect(outcomes.map(({ error }) => error?.code)).toEqual([code, undefined])
    expect(fake.requests(DeleteGroups)).toHaveLength(1)
  },
)

test.each([
  [8, 9],
  [1, 7],
] as const)('offsets are read in versions %d to %d', async (first, last) => {
  await using fake = new FakeCluster({ topics: { a: 2, b: 1 } })
  fake.versions(OffsetFetch, [first, last])
  await using admin = adminOf(fake)
  const partitions = [{ partition: 1, offset: 5, metadata: 'm' }]
  await fake.settle(admin.setOffsets({ groupId: 'g', topic: 'a', partitions }))
  expect(await fake.settle(admin.fetchOffsets({ groupId: 'g', topics: ['a'] }))).toEqual([
    {
      topic: 'a',
      partitions: [
        { partition: 0, offset: -1, leaderEpoch: -1, metadata: '' },
        { partition: 1, offset: 5, leaderEpoch: -1, metadata: 'm' },
      ],
    },
  ])
  expect(await fake.settle(admin.fetchOffsets({ groupId: 'g' }))).toMatchObject([
    { topic: 'a', partitions: [{ partition: 1, offset: 5 }] },
  ])
})

test('offsets follow a coordinator that moved', async () => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using admin = adminOf(fake)
  fake.setCoordinator('g', 1)
  const set = (offset: number) =>
    admin.setOffsets({ groupId: 'g', topic: 'a', partitions: [{ partition: 0, offset }] })
  await fake.settle(set(1))
  fake.setCoordinator('g', 2)
  await fake.settle(set(2))
  fake.setCoordinator('g', 3)
  const [topic] = await fake.settle(admin.fetchOffsets({ groupId: 'g' }))
  expect(topic?.partitions[0]?.offset).toBe(2)
  expect(fake.requests(OffsetCommit).map(({ brokerId }) => brokerId)).toEqual([1, 1, 2])
})

test('a group with members keeps its offsets, and the error says why', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  await using admin = adminOf(fake)
  fake.on(OffsetCommit, ({ topics }) => ({
    throttleTimeMs: 0,
    topics: topics.map(topic => ({
      ...topic,
      partitions: topic.partitions.map(({ partitionIndex }) => {
        return { partitionIndex, errorCode: errorCodes.UNKNOWN_MEMBER_ID }
      }),
    })),
  }))
  const error = await fake.rejection(
    admin.resetOffsets({ groupId: 'g', topic: 'a', partitions: [0], to: 'earliest' }),
  )
  expect(error).toMatchObject({ code: 'UNKNOWN_MEMBER_ID', topic: 'a', partition: 0 })
  expect(error.message).toContain('the group has members')
})

test.each([-1, 0.5, Number.NaN])('%d is no offset', async offset => {
  await using fake = new FakeCluster({ topics: { a: 1 } })
  await using admin = adminOf(fake)
  const asked = admin.setOffsets({
    groupId: 'g',
    topic: 'a',
    partitions: [{ partition: 0, offset }],
  })
  expect(await fake.rejection(asked)).toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
})

test('offsets are deleted one by one, and what is subscribed to is told', async () => {
  await using fake = new FakeCluster({ topics: { a: 2 } })
  await using admin = adminOf(fake)
  fake.once(OffsetDelete, { errorCode: errorCodes.NOT_COORDINATOR, throttleTimeMs: 0, topics: [] })
  fake.on(OffsetDelete, ({ topics }) => ({
    errorCode: 0,
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: partitionIndex === 1 ? errorCodes.GROUP_SUBSCRIBED_TO_TOPIC : 0,
      })),
    })),
  }))
  const asked = admin.deleteOffsets({ groupId: 'g', topics: ['a'] }, { failures: 'return' })
  const outcomes = await fake.settle(asked)
  expect(outcomes.map(({ key, error }) => [key.partition, error?.code])).toEqual([
    [0, undefined],
    [1, 'GROUP_SUBSCRIBED_TO_TOPIC'],
  ])
})
