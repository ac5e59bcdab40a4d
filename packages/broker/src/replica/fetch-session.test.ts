import { type Random, seededRandom } from '@klamm/base'
import { seededTest } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { type FetchPartition, nextSessionEpoch, type PartitionAnswer } from './fetch-session.ts'
import { FetchSessionCache, type SessionRequest } from './fetch-session-cache.ts'
import { FetchSessionClient, type SessionFetch } from './fetch-session-client.ts'

function cache(maxSlots = 10, random: Random = seededRandom(1)): FetchSessionCache {
  return new FetchSessionCache({ maxSlots, evictionMs: 100, random })
}

function partition(topicId: string, fetchOffset = 0): FetchPartition {
  return {
    topicId,
    topicName: undefined,
    partitionIndex: 0,
    fetchOffset,
    partitionMaxBytes: 100,
    currentLeaderEpoch: 1,
    lastFetchedEpoch: -1,
    logStartOffset: -1,
  }
}

function ask(change: Partial<SessionRequest> = {}): SessionRequest {
  return {
    sessionId: 0,
    sessionEpoch: 0,
    usesTopicIds: true,
    isFollower: false,
    owner: 'alice',
    partitions: [],
    forgotten: [],
    ...change,
  }
}

const quiet: PartitionAnswer = {
  error: 'NONE',
  highWatermark: 5,
  lastStableOffset: 5,
  logStartOffset: 0,
  sizeInBytes: 0,
  hasDivergingEpoch: false,
  preferredReadReplica: -1,
}

/** Opens a session with these topics, all told as `quiet`. */
function opened(machine: FetchSessionCache, topics: readonly string[], owner = 'alice'): number {
  const context = machine.begin(ask({ partitions: topics.map(id => partition(id)), owner }), 0)
  return context.respond(
    topics.map(() => quiet),
    0,
  ).sessionId
}

function topicsOf(partitions: readonly FetchPartition[]): string[] {
  return partitions.map(({ topicId }) => topicId ?? '')
}

test('a full request opens a session and is told of everything', () => {
  const machine = cache()
  const context = machine.begin(ask({ partitions: [partition('a'), partition('b')] }), 0)
  const answer = context.respond([quiet, quiet], 0)
  expect(answer).toMatchObject({ error: 'NONE', included: [0, 1] })
  expect(answer.sessionId).toBeGreaterThan(0)
  expect(machine.size).toBe(1)
})

test('a request with epoch -1 opens none and ends the one it names', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a'])
  const last = ask({ sessionId, sessionEpoch: -1, partitions: [partition('a')] })
  const context = machine.begin(last, 1)
  expect(machine.size).toBe(0)
  expect(context.respond([quiet], 1)).toEqual({ error: 'NONE', sessionId: 0, included: [0] })
})

test('the next request names what has changed and is told of what has changed', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a', 'b', 'c'])
  const context = machine.begin(
    ask({
      sessionId,
      sessionEpoch: 1,
      partitions: [partition('b', 7), partition('d')],
      forgotten: [partition('c')],
    }),
    1,
  )
  expect(topicsOf(context.partitions)).toEqual(['a', 'b', 'd'])
  expect(context.partitions[1]?.fetchOffset).toBe(7)
  expect(context.respond([quiet, quiet, quiet], 1).included).toEqual([2])
})

test.each([
  ['records', { sizeInBytes: 10 }],
  ['a high watermark', { highWatermark: 6 }],
  ['a last stable offset', { lastStableOffset: 4 }],
  ['a log start', { logStartOffset: 1 }],
  ['an error', { error: 'NOT_LEADER_OR_FOLLOWER' }],
  ['a diverging epoch', { hasDivergingEpoch: true }],
  ['a preferred replica', { preferredReadReplica: 2 }],
] as const)('%s is news', (_what, change) => {
  const machine = cache()
  const sessionId = opened(machine, ['a', 'b'])
  const context = machine.begin(ask({ sessionId, sessionEpoch: 1 }), 1)
  expect(context.respond([quiet, { ...quiet, ...change }], 1).included).toEqual([1])
})

test('after an error a partition is told again when it is well', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a'])
  const failing = machine.begin(ask({ sessionId, sessionEpoch: 1 }), 1)
  failing.respond([{ ...quiet, error: 'NOT_LEADER_OR_FOLLOWER' }], 1)
  const well = machine.begin(ask({ sessionId, sessionEpoch: 2 }), 2)
  expect(well.respond([quiet], 2).included).toEqual([0])
})

test('who has just had data is read last next time', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a', 'b', 'c'])
  const first = machine.begin(ask({ sessionId, sessionEpoch: 1 }), 1)
  first.respond([{ ...quiet, sizeInBytes: 9 }, quiet, quiet], 1)
  const second = machine.begin(ask({ sessionId, sessionEpoch: 2 }), 2)
  expect(topicsOf(second.partitions)).toEqual(['b', 'c', 'a'])
})

test.each([
  ['an unknown id', { sessionId: 1234 }, 'FETCH_SESSION_ID_NOT_FOUND'],
  ['another owner', { owner: 'mallory' }, 'FETCH_SESSION_ID_NOT_FOUND'],
  ['another epoch', { sessionEpoch: 2 }, 'INVALID_FETCH_SESSION_EPOCH'],
  ['names instead of ids', { usesTopicIds: false }, 'FETCH_SESSION_TOPIC_ID_ERROR'],
] as const)('a session is not used with %s', (_what, change, error) => {
  const machine = cache()
  const sessionId = opened(machine, ['a'])
  const context = machine.begin(ask({ sessionId, sessionEpoch: 1, ...change }), 1)
  expect(context.error).toBe(error)
  expect(context.respond([], 1)).toEqual({ error, sessionId: 0, included: [] })
  // Nor is it lost by that.
  expect(machine.begin(ask({ sessionId, sessionEpoch: 1 }), 1).error).toBe('NONE')
})

test('nobody ends the session of another one', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a'])
  machine.begin(ask({ sessionId, sessionEpoch: -1, owner: 'mallory' }), 1)
  expect(machine.size).toBe(1)
})

test('of a request that was sent twice only the later one is answered', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a'])
  const first = machine.begin(ask({ sessionId, sessionEpoch: 1 }), 1)
  const second = machine.begin(ask({ sessionId, sessionEpoch: 2 }), 1)
  expect(first.respond([quiet], 2).error).toBe('INVALID_FETCH_SESSION_EPOCH')
  expect(second.respond([quiet], 2).error).toBe('NONE')
})

test('a session without partitions is over', () => {
  const machine = cache()
  const sessionId = opened(machine, ['a'])
  const context = machine.begin(ask({ sessionId, sessionEpoch: 1, forgotten: [partition('a')] }), 1)
  expect(context.partitions).toEqual([])
  expect(context.respond([], 1).sessionId).toBe(0)
  expect(machine.size).toBe(0)
})

test('epochs go round without the two that mean something else', () => {
  expect(nextSessionEpoch(0)).toBe(1)
  expect(nextSessionEpoch(0x7fffffff)).toBe(1)
  expect(nextSessionEpoch(-1)).toBe(-1)
})

test('a session that is young is not pushed out by another consumer, whatever its size', () => {
  const machine = cache(1)
  opened(machine, ['a'])
  const context = machine.begin(ask({ partitions: [partition('b'), partition('c')] }), 50)
  expect(context.respond([quiet, quiet], 50).sessionId).toBe(0)
})

test('a session that is not used makes room, one that is used is worth its partitions', () => {
  const machine = cache(1)
  const sessionId = opened(machine, ['a', 'b'])
  machine.begin(ask({ sessionId, sessionEpoch: 1 }), 150)
  // Old enough to be compared: a smaller one stays outside, one as large gets in.
  const small = machine.begin(ask({ partitions: [partition('c')] }), 200)
  expect(small.respond([quiet], 200).sessionId).toBe(0)
  const large = machine.begin(ask({ partitions: [partition('c'), partition('d')] }), 200)
  expect(large.respond([quiet, quiet], 200).sessionId).toBeGreaterThan(0)
  expect(machine.get(sessionId)).toBeUndefined()
  const later = machine.begin(ask({ partitions: [partition('e')] }), 400)
  expect(later.respond([quiet], 400).sessionId).toBeGreaterThan(0)
  expect(machine.evictions).toBe(2)
})

test('a follower pushes out a consumer at once, never the other way round', () => {
  const machine = cache(1)
  opened(machine, ['a', 'b'])
  const follower = ask({ partitions: [partition('c')], isFollower: true })
  expect(machine.begin(follower, 1).respond([quiet], 1).sessionId).toBeGreaterThan(0)
  machine.begin(ask({ sessionId: 0 }), 1)
  const consumer = ask({ partitions: [partition('d'), partition('e')] })
  expect(machine.begin(consumer, 2).respond([quiet, quiet], 2).sessionId).toBe(0)
})

test('with no slots there are no sessions', () => {
  const machine = cache(0)
  expect(opened(machine, ['a'])).toBe(0)
  expect(machine.size).toBe(0)
})

seededTest('asking and answering sides agree, whatever is lost', 30, random => {
  const machine = cache(2, random.fork('ids'))
  const client = new FetchSessionClient()
  const offsets = new Map(['a', 'b', 'c', 'd', 'e'].map(id => [id, 0]))
  for (let round = 0; round < 60; round++) {
    for (const id of offsets.keys()) {
      if (random.chance(0.3)) offsets.set(id, round)
    }
    const wanted = [...offsets].filter(() => random.chance(0.8)).map(([id, at]) => fetchOf(id, at))
    const sent = client.request(wanted)
    if (random.chance(0.05)) {
      client.failed()
      continue
    }
    const context = machine.begin(
      ask({
        ...sent,
        isFollower: true,
        partitions: sent.partitions.map(({ partition: { topicId }, fetch }) =>
          partition(topicId, fetch.fetchOffset),
        ),
        forgotten: sent.forgotten.map(({ topicId }) => partition(topicId)),
      }),
      round,
    )
    if (context.error === 'NONE') {
      const read = context.partitions.map(each => `${each.topicId}${each.fetchOffset}`)
      const asked = wanted.map(each => `${each.partition.topicId}${each.fetch.fetchOffset}`)
      expect(read.sort()).toEqual(asked.sort())
    }
    const answers = context.partitions.map(() => ({ ...quiet, sizeInBytes: random.below(2) }))
    const answer = context.respond(answers, round)
    // The broker forgets sessions now and then, and answers are lost.
    if (random.chance(0.1)) opened(machine, ['x'], 'bob')
    if (random.chance(0.1)) client.failed()
    else client.answered(answer.error, answer.sessionId)
  }
})

function fetchOf(topicId: string, fetchOffset: number): SessionFetch {
  return {
    partition: { topicId, partitionIndex: 0 },
    fetch: { fetchOffset, lastFetchedEpoch: 0, currentLeaderEpoch: 1, logStartOffset: 0 },
  }
}

test('what has not changed is not sent again', () => {
  const client = new FetchSessionClient()
  const [a, b, c] = [fetchOf('a', 1), fetchOf('b', 1), fetchOf('c', 1)]
  expect(client.request([a, b])).toMatchObject({ sessionId: 0, sessionEpoch: 0 })
  client.answered('NONE', 99)
  const moved = fetchOf('b', 2)
  expect(client.request([a, moved, c])).toEqual({
    sessionId: 99,
    sessionEpoch: 1,
    partitions: [moved, c],
    forgotten: [],
  })
  client.answered('NONE', 99)
  expect(client.request([a, c])).toMatchObject({ partitions: [], forgotten: [b.partition] })
})

test('a client without a session sends everything each time', () => {
  const client = new FetchSessionClient()
  const a = fetchOf('a', 1)
  client.request([a])
  client.answered('NONE', 0)
  expect(client.request([a])).toMatchObject({ sessionEpoch: 0, partitions: [a], forgotten: [] })
})

test('after an error the session is closed by the request that opens the next one', () => {
  const client = new FetchSessionClient()
  client.request([fetchOf('a', 1)])
  client.answered('NONE', 99)
  client.request([fetchOf('a', 2)])
  client.answered('INVALID_FETCH_SESSION_EPOCH', 0)
  expect(client.request([fetchOf('a', 2)])).toMatchObject({ sessionId: 99, sessionEpoch: 0 })
  client.answered('FETCH_SESSION_ID_NOT_FOUND', 0)
  expect(client.request([fetchOf('a', 2)])).toMatchObject({ sessionId: 0, sessionEpoch: 0 })
})
