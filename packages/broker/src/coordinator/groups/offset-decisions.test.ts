import { expect, test } from 'vitest'
import { joinAll, stableGroup, subscription, syncAll } from '../testing/form-group.ts'
import { TestShard } from '../testing/test-shard.ts'
import { topicKey } from './effects.ts'
import { maxTombstonesPerBatch } from './offset-decisions.ts'
import type { OffsetDeleteReply, OffsetFetchReply } from './types.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs

/** A request for one partition of topic `t`. */
function topics(partition: number, offset: number, topicId?: string) {
  return [
    { topic: 't', topicId, partitions: [{ partition, offset, leaderEpoch: -1, metadata: '' }] },
  ]
}

function fetchOf(shard: TestShard, topicId: string | undefined, partitions: readonly number[]) {
  const request = {
    groupId: 'g',
    topics: [{ topic: 't', topicId, partitions }],
    requireStable: false,
  }
  return shard.ask<OffsetFetchReply>(ticket => ({ kind: 'fetchOffsets', request, ticket })).reply
}

function askToDelete(shard: TestShard, topic: string) {
  const request = { groupId: 'g', topics: [{ topic, partitions: [0, 1] }] }
  return shard.ask<OffsetDeleteReply>(ticket => ({ kind: 'deleteOffsets', request, ticket }))
}

function deleteOf(shard: TestShard, topic: string) {
  return askToDelete(shard, topic).reply
}

test('what was committed is fetched, with its leader epoch and metadata', () => {
  const shard = new TestShard()
  const reply = shard.commitOffset(42, {}, 'note').reply
  expect(reply.topics).toEqual([{ topic: 't', partitions: [{ partition: 0, error: 'NONE' }] }])
  expect(shard.fetch().reply.topics).toEqual([
    {
      topic: 't',
      topicId: undefined,
      partitions: [{ partition: 0, offset: 42, leaderEpoch: 5, metadata: 'note' }],
    },
  ])
})

test('the latest commit counts, also a lower one', () => {
  const shard = new TestShard()
  for (const offset of [10, 50, 3]) shard.commitOffset(offset)
  expect(shard.committedOffsetOf()).toBe(3)
})

test('nothing committed is -1 without an error, for an unknown group too', () => {
  const shard = new TestShard()
  shard.commitOffset(1)
  const none = { offset: -1, leaderEpoch: -1, metadata: '' }
  expect(fetchOf(shard, undefined, [7]).topics[0]?.partitions).toEqual([{ partition: 7, ...none }])
  expect(shard.committedOffsetOf('unknown')).toBe(-1)
  expect(shard.fetch(false, 'unknown').reply.topics).toEqual([])
})

test('a commit is neither answered nor served before it is committed', () => {
  const shard = new TestShard()
  shard.commitOffset(1)
  shard.commitsAtOnce = false
  const commit = shard.commitOffset(2)
  expect(commit.isAnswered).toBe(false)
  expect(shard.committedOffsetOf()).toBe(1)
  expect(shard.fetch().reply.topics[0]?.partitions[0]?.offset).toBe(1)
  shard.commit()
  expect(commit.isAnswered).toBe(true)
  expect(shard.committedOffsetOf()).toBe(2)
})

test('a fetch that requires stable offsets waits for the commit that is under way', () => {
  const shard = new TestShard()
  shard.commitOffset(1)
  expect(shard.fetch(true).reply.topics[0]?.partitions[0]?.offset).toBe(1)
  shard.commitsAtOnce = false
  shard.commitOffset(2)
  const fetch = shard.fetch(true)
  expect(fetch.isAnswered).toBe(false)
  expect(shard.fetch(true, 'other').isAnswered).toBe(true)
  shard.commit()
  expect(fetch.reply.topics[0]?.partitions[0]?.offset).toBe(2)
})

test('a commit that is not committed in time is an error, and still counts when it is', () => {
  const shard = new TestShard()
  shard.commitsAtOnce = false
  const commit = shard.commitOffset(2)
  shard.advance(5_000)
  expect(commit.error).toBe('REQUEST_TIMED_OUT')
  shard.commit()
  expect(shard.committedOffsetOf()).toBe(2)
})

test('only members of the generation commit while a group has members', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  const errorOf = (request: Parameters<TestShard['commitOffset']>[1]) => {
    return shard.commitOffset(9, request).error
  }
  expect(errorOf({})).toBe('UNKNOWN_MEMBER_ID')
  expect(errorOf({ memberId: 'a' })).toBe('ILLEGAL_GENERATION')
  expect(errorOf({ memberId: 'a', generationId: 0 })).toBe('ILLEGAL_GENERATION')
  expect(errorOf({ memberId: 'a', generationId: 2 })).toBe('ILLEGAL_GENERATION')
  expect(errorOf({ memberId: 'x', generationId: 1 })).toBe('UNKNOWN_MEMBER_ID')
  expect(errorOf({ memberId: '', generationId: 1 })).toBe('UNKNOWN_MEMBER_ID')
  expect(shard.fetch().reply.topics).toEqual([])
  expect(errorOf({ memberId: 'a', generationId: 1 })).toBeUndefined()
  expect(shard.committedOffsetOf()).toBe(9)
})

test('a member may commit before it rejoins, but not while the leader assigns', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a', 'b'])
  shard.join({}, 'c')
  expect(shard.commitOffset(1, { memberId: 'a', generationId: 1 }).error).toBeUndefined()
  shard.join({ memberId: 'b' })
  shard.join({ memberId: 'a' })
  const late = shard.commitOffset(2, { memberId: 'a', generationId: 1 })
  expect(late.error).toBe('ILLEGAL_GENERATION')
  const early = shard.commitOffset(2, { memberId: 'a', generationId: 2 })
  expect(early.error).toBe('REBALANCE_IN_PROGRESS')
  syncAll(shard)
  expect(shard.commitOffset(3, { memberId: 'a', generationId: 2 }).error).toBeUndefined()
  expect(shard.committedOffsetOf()).toBe(3)
})

test('an unknown group is a store for who is no member, and an error for who claims to be one', () => {
  const shard = new TestShard()
  const member = { memberId: 'a', generationId: 1 }
  expect(shard.commitOffset(1, member).error).toBe('GROUP_ID_NOT_FOUND')
  const old = { ...member, knowsGroupIdNotFound: false }
  expect(shard.commitOffset(1, old).error).toBe('ILLEGAL_GENERATION')
  expect(shard.commitOffset(1).error).toBeUndefined()
  expect(shard.commitOffset(1, member).error).toBe('UNKNOWN_MEMBER_ID')
})

test('an administrator commits to a group that has become empty; its last member does not', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.leave([{ memberId: 'a' }])
  expect(shard.commitOffset(5, { memberId: 'a', generationId: 1 }).error).toBe('UNKNOWN_MEMBER_ID')
  expect(shard.commitOffset(5).error).toBeUndefined()
})

test('committing keeps a member in the group', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  for (let i = 0; i < 3; i++) {
    shard.advance(9_000)
    expect(shard.commitOffset(i, { memberId: 'a', generationId: 1 }).error).toBeUndefined()
  }
  shard.advance(10_000)
  expect(shard.groups.groups.get('g')?.state).toBe('empty')
})

test('metadata that is too large refuses its partition only', () => {
  const shard = new TestShard({ config: { offsetMetadataMaxLength: 4 } })
  const partitions = ['1234', '12345'].map((metadata, partition) => {
    return { partition, offset: 7, leaderEpoch: -1, metadata }
  })
  const { reply } = shard.commitOffset(0, { topics: [{ topic: 't', topicId: 'x', partitions }] })
  expect(reply.topics[0]?.partitions).toEqual([
    { partition: 0, error: 'NONE' },
    { partition: 1, error: 'OFFSET_METADATA_TOO_LARGE' },
  ])
  expect(shard.committedOffsetOf('g', 't', 0)).toBe(7)
  expect(shard.committedOffsetOf('g', 't', 1)).toBe(-1)
})

test('what was committed for an earlier topic of the same name does not count', () => {
  const shard = new TestShard()
  shard.commitOffset(0, { topics: topics(0, 8, 'old') })
  expect(fetchOf(shard, 'old', [0]).topics[0]?.partitions[0]?.offset).toBe(8)
  expect(fetchOf(shard, 'new', [0]).topics[0]?.partitions[0]?.offset).toBe(-1)
  expect(fetchOf(shard, undefined, [0]).topics[0]).toMatchObject({ topicId: 'old' })
})

test('names like those of object properties are groups and topics like any other', () => {
  const shard = new TestShard()
  const partitions = [{ partition: 0, offset: 3, leaderEpoch: -1, metadata: '' }]
  const topic = { topic: 'constructor', topicId: undefined, partitions }
  expect(shard.committedOffsetOf('__proto__', 'constructor')).toBe(-1)
  shard.commitOffset(0, { groupId: '__proto__', topics: [topic] })
  expect(shard.committedOffsetOf('__proto__', 'constructor')).toBe(3)
})

test('offsets of a group with members never expire', () => {
  const shard = new TestShard({ config: { offsetsRetentionMs: 10 * minuteMs } })
  stableGroup(shard, ['a'], { sessionTimeoutMs: 30 * minuteMs })
  shard.commitOffset(5, { memberId: 'a', generationId: 1 })
  for (let i = 0; i < 20; i++) {
    shard.advance(20 * minuteMs)
    expect(shard.heartbeat({ memberId: 'a' })).toBe('NONE')
  }
  expect(shard.committedOffsetOf()).toBe(5)
})

test('retention counts from when the group became empty, then offsets and group are gone', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'], { sessionTimeoutMs: 30 * minuteMs })
  shard.commitOffset(5, { memberId: 'a', generationId: 1 })
  shard.advance(25 * minuteMs)
  shard.leave([{ memberId: 'a' }])
  shard.advance(7 * dayMs - 1)
  expect(shard.committedOffsetOf()).toBe(5)
  shard.advance(10 * minuteMs)
  expect(shard.committedOffsetOf()).toBe(-1)
  expect(shard.groups.groups.size).toBe(0)
  expect(shard.failOver().groups.logged.size).toBe(0)
  expect([...shard.failOver().groups.offsets.groupIds()]).toEqual([])
})

test('an offset committed after the group became empty is kept its whole time', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  shard.leave([{ memberId: 'a' }])
  shard.commitOffset(1, { topics: topics(0, 1) })
  shard.advance(6 * dayMs)
  shard.commitOffset(2, { topics: topics(1, 2) })
  shard.advance(2 * dayMs)
  expect(shard.committedOffsetOf('g', 't', 0)).toBe(-1)
  expect(shard.committedOffsetOf('g', 't', 1)).toBe(2)
  expect(shard.groups.logged.has('g')).toBe(true)
})

test('offsets under an id that never had members expire by their own commits', () => {
  const shard = new TestShard()
  shard.commitOffset(0, { topics: topics(0, 1) })
  shard.advance(5 * dayMs)
  shard.commitOffset(0, { topics: topics(1, 2) })
  shard.advance(3 * dayMs)
  expect([shard.committedOffsetOf(), shard.committedOffsetOf('g', 't', 1)]).toEqual([-1, 2])
})

test('a retention asked for by an old client is kept, once the group is empty', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'], { sessionTimeoutMs: 30 * minuteMs })
  shard.commitOffset(5, { memberId: 'a', generationId: 1, retentionMs: 15 * minuteMs })
  shard.advance(29 * minuteMs)
  expect(shard.committedOffsetOf()).toBe(5)
  shard.advance(20 * minuteMs)
  expect(shard.groups.groups.size).toBe(0)
  expect(shard.committedOffsetOf()).toBe(-1)
})

test('an empty group without offsets goes at the next look, one that expects members does not', () => {
  const shard = new TestShard()
  stableGroup(shard, ['a'])
  stableGroup(shard, ['b'], { groupId: 'h' })
  shard.leave([{ memberId: 'a' }])
  shard.leave([{ memberId: 'b' }], 'h')
  shard.advance(9 * minuteMs)
  shard.join({ groupId: 'h', requiresKnownMemberId: true, sessionTimeoutMs: 30 * minuteMs }, 'c')
  shard.advance(2 * minuteMs)
  expect([...shard.groups.groups.keys()]).toEqual(['h'])
  expect([...shard.groups.logged.keys()]).toEqual(['h'])
})

test('a commit that is under way is not expired', () => {
  const shard = new TestShard()
  shard.commitOffset(1)
  shard.advance(7 * dayMs - 1)
  shard.commitsAtOnce = false
  shard.commitOffset(2)
  shard.advance(minuteMs * 20)
  shard.commit()
  expect(shard.committedOffsetOf()).toBe(2)
})

test('many offsets expire in several batches, none too large', () => {
  const shard = new TestShard()
  const count = 2 * maxTombstonesPerBatch + 10
  const partitions = Array.from({ length: count }, (_, partition) => {
    return { partition, offset: 1, leaderEpoch: -1, metadata: '' }
  })
  shard.commitOffset(0, { topics: [{ topic: 't', topicId: undefined, partitions }] })
  const before = shard.log.batches.length
  shard.advance(7 * dayMs + 11 * minuteMs)
  const sizes = shard.log.batches.slice(before).map(({ records }) => records.length)
  expect(sizes).toEqual([maxTombstonesPerBatch, maxTombstonesPerBatch, 10])
  expect([...shard.groups.offsets.groupIds()]).toEqual([])
})

test('an offset that is forgotten and committed again meanwhile is the one committed last', () => {
  const shard = new TestShard()
  shard.commitOffset(1)
  shard.commitsAtOnce = false
  askToDelete(shard, 't')
  const forgotten = shard.log.endOffset
  shard.commitOffset(2)
  shard.commit(forgotten)
  expect(shard.committedOffsetOf()).toBe(-1)
  const stable = shard.fetch(true)
  expect(stable.isAnswered).toBe(false)
  shard.commit()
  expect(stable.reply.topics[0]?.partitions[0]?.offset).toBe(2)
  expect(shard.committedOffsetOf()).toBe(2)
  expect(shard.groups.offsets.isPending('g', 't', 0)).toBe(false)
})

test('the offsets of a deleted topic are forgotten, in every group', () => {
  const shard = new TestShard()
  for (const groupId of ['g', 'h']) {
    shard.commitOffset(0, { groupId, topics: topics(0, 4, 'old') })
    const other = { ...topics(0, 4)[0]!, topic: 'other' }
    shard.commitOffset(0, { groupId, topics: [other] })
  }
  shard.schedule('x', { kind: 'topicDeleted', topic: 't', topicId: 'old' })
  shard.advance(0)
  for (const groupId of ['g', 'h']) {
    expect(shard.committedOffsetOf(groupId)).toBe(-1)
    expect(shard.committedOffsetOf(groupId, 'other')).toBe(4)
  }
})

test('the deletion of a topic leaves alone what was committed for its successor', () => {
  const shard = new TestShard()
  shard.commitOffset(0, { topics: topics(0, 4, 'new') })
  shard.commitOffset(0, { topics: topics(1, 5, 'old') })
  shard.schedule('x', { kind: 'topicDeleted', topic: 't', topicId: 'old' })
  shard.advance(0)
  expect(shard.committedOffsetOf('g', 't', 0)).toBe(4)
  expect(shard.committedOffsetOf('g', 't', 1)).toBe(-1)
})

test('a topic of many partitions is forgotten in several batches', () => {
  const shard = new TestShard()
  const partitions = Array.from({ length: maxTombstonesPerBatch + 1 }, (_, partition) => {
    return { partition, offset: 1, leaderEpoch: -1, metadata: '' }
  })
  shard.commitOffset(0, { topics: [{ topic: 't', topicId: undefined, partitions }] })
  const before = shard.log.batches.length
  const operation = { kind: 'topicDeleted', topic: 't', topicId: undefined } as const
  shard.schedule(topicKey(operation), operation)
  shard.advance(1_000)
  const sizes = shard.log.batches.slice(before).map(({ records }) => records.length)
  expect(sizes).toEqual([maxTombstonesPerBatch, 1])
})

test('offsets are deleted on demand, unless the group consumes the topic', () => {
  const shard = new TestShard()
  const protocols = [{ name: 'range', metadata: subscription(['t']) }]
  stableGroup(shard, ['a'], { protocols })
  const member = { memberId: 'a', generationId: 1 }
  shard.commitOffset(1, { ...member, topics: topics(0, 1) })
  shard.commitOffset(1, { ...member, topics: [{ ...topics(0, 6)[0]!, topic: 'u' }] })
  expect(deleteOf(shard, 't').topics[0]?.partitions[0]?.error).toBe('GROUP_SUBSCRIBED_TO_TOPIC')
  expect(deleteOf(shard, 'u')).toEqual({
    error: 'NONE',
    topics: [
      {
        topic: 'u',
        partitions: [
          { partition: 0, error: 'NONE' },
          { partition: 1, error: 'NONE' },
        ],
      },
    ],
  })
  expect(shard.committedOffsetOf('g', 'u')).toBe(-1)
  expect(shard.committedOffsetOf('g', 't')).toBe(1)
  shard.leave([{ memberId: 'a' }])
  expect(deleteOf(shard, 't').topics[0]?.partitions[0]?.error).toBe('NONE')
  expect(shard.committedOffsetOf('g', 't')).toBe(-1)
})

test('offsets of an unknown group, or of one in use that is not of consumers, stay', () => {
  const shard = new TestShard()
  expect(deleteOf(shard, 't').error).toBe('GROUP_ID_NOT_FOUND')
  joinAll(shard, ['a'], { protocolType: 'connect' })
  expect(deleteOf(shard, 't').error).toBe('NON_EMPTY_GROUP')
})
