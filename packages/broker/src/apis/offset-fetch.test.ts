import { errorCodes, KafkaError, zeroUuid } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { OffsetFetchReply, OffsetFetchRequest } from '../coordinator/groups/types.ts'
import { offsetFetch } from './offset-fetch.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'
import { metadataOf } from './testing/metadata.ts'

const idOfT = 'AAAAAAAAAAAAAAAAAAAABQ'
const idOfNone = 'AAAAAAAAAAAAAAAAAAAABg'
const metadata = metadataOf([{ name: 't', id: idOfT, leaders: [1, 2] }])

const found = { partition: 0, offset: 42, leaderEpoch: 3, metadata: 'm' }
const nothing = { partition: 1, offset: -1, leaderEpoch: -1, metadata: '' }

/** Knows partition 0 of whatever it is asked for; of everything, topic `t`. */
function coordinator(all: OffsetFetchReply['topics'] = []) {
  const asked: OffsetFetchRequest[] = []
  const groups = fakeGroups({
    async fetchOffsets(request) {
      asked.push(request)
      if (request.groupId === 'broken') throw new KafkaError('COORDINATOR_NOT_AVAILABLE', 'wait')
      const topics = request.topics?.map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map(partition => {
          return partition === 0 ? found : { ...nothing, partition }
        }),
      }))
      return { topics: topics ?? all }
    },
  })
  return { asked, needs: { groups, metadata } }
}

const wireFound = {
  partitionIndex: 0,
  committedOffset: 42,
  metadata: 'm',
  errorCode: errorCodes.NONE,
}
const wireNothing = {
  partitionIndex: 1,
  committedOffset: -1,
  metadata: '',
  errorCode: errorCodes.NONE,
}

for (const apiVersion of versionsOf(offsetFetch).filter(version => version < 8)) {
  test(`version ${apiVersion} asks for one group`, async () => {
    const { asked, needs } = coordinator()
    const topics = [{ name: 't', partitionIndexes: [0, 1] }]
    const request = { groupId: 'g', topics, requireStable: true }
    const response = await ask(offsetFetch, needs, { apiVersion }, request)
    expect(asked).toEqual([
      {
        groupId: 'g',
        topics: [{ topic: 't', topicId: idOfT, partitions: [0, 1] }],
        requireStable: apiVersion >= 7,
      },
    ])
    expect(response).toMatchObject({
      errorCode: 0,
      topics: [{ name: 't', partitions: [wireFound, wireNothing] }],
    })
    const epoch = response.topics[0]?.partitions[0]?.committedLeaderEpoch
    expect(epoch).toBe(apiVersion >= 5 ? 3 : -1)
  })

  test(`in version ${apiVersion} an error of the group is where the version has a place`, async () => {
    const { needs } = coordinator()
    const topics = [{ name: 't', partitionIndexes: [0, 1] }]
    const response = await ask(offsetFetch, needs, { apiVersion }, { groupId: 'broken', topics })
    const { NOT_COORDINATOR, NONE } = errorCodes
    expect(response.errorCode).toBe(apiVersion >= 2 ? NOT_COORDINATOR : NONE)
    const codes = response.topics[0]?.partitions.map(({ errorCode }) => errorCode)
    expect(codes).toEqual([NOT_COORDINATOR, NOT_COORDINATOR])
  })
}

for (const apiVersion of versionsOf(offsetFetch).filter(version => version >= 8)) {
  const isById = apiVersion >= 10

  test(`version ${apiVersion} asks for several groups, each with its own outcome`, async () => {
    const { asked, needs } = coordinator()
    const member = { memberId: null, memberEpoch: -1 }
    const t = { name: 't', topicId: idOfT, partitionIndexes: [0, 1] }
    const none = { name: 'none', topicId: idOfNone, partitionIndexes: [0] }
    const request = {
      groups: [
        { groupId: 'g', topics: [none, t], ...member },
        { groupId: 'broken', topics: [t], ...member },
      ],
    }
    const response = await ask(offsetFetch, needs, { apiVersion }, request)
    expect(asked.map(({ groupId }) => groupId)).toEqual(['g', 'broken'])
    const known = { topic: 't', topicId: idOfT, partitions: [0, 1] }
    // A name that is of no topic may still have offsets; an id that is of none cannot.
    const unknown = { topic: 'none', topicId: undefined, partitions: [0] }
    expect(asked[0]?.topics).toEqual(isById ? [known] : [unknown, known])
    const answers = [
      isById
        ? {
            topicId: idOfNone,
            partitions: [{ committedOffset: -1, errorCode: errorCodes.UNKNOWN_TOPIC_ID }],
          }
        : { name: 'none', partitions: [wireFound] },
      {
        ...(isById ? { topicId: idOfT } : { name: 't' }),
        partitions: [wireFound, wireNothing],
      },
    ]
    expect(response.groups).toMatchObject([
      { groupId: 'g', errorCode: errorCodes.NONE, topics: answers },
      { groupId: 'broken', errorCode: errorCodes.NOT_COORDINATOR },
    ])
  })
}

test('null asks for everything; what was committed for an earlier topic is left out', async () => {
  const all = [
    { topic: 't', topicId: idOfT, partitions: [found] },
    { topic: 'gone', topicId: undefined, partitions: [found] },
  ]
  const stale = [{ topic: 't', topicId: idOfNone, partitions: [found] }]
  const fetchAll = async (topics: OffsetFetchReply['topics'], apiVersion: number) => {
    const { asked, needs } = coordinator(topics)
    const group = { groupId: 'g', topics: null, memberId: null, memberEpoch: -1 }
    const old = { groupId: 'g', topics: null }
    const response = await ask(
      offsetFetch,
      needs,
      { apiVersion },
      apiVersion >= 8 ? { groups: [group] } : old,
    )
    expect(asked[0]?.topics).toBeUndefined()
    return (apiVersion >= 8 ? response.groups[0]?.topics : response.topics) ?? []
  }
  expect(await fetchAll(all, 2)).toMatchObject([{ name: 't' }, { name: 'gone' }])
  expect(await fetchAll(all, 9)).toMatchObject([{ name: 't' }, { name: 'gone' }])
  // In version 10 a topic without an id cannot be named.
  expect(await fetchAll(all, 10)).toMatchObject([{ topicId: idOfT }])
  expect(await fetchAll(stale, 9)).toEqual([])
  expect(await fetchAll(stale, 10)).toEqual([])
  expect(
    (await fetchAll(all, 10)).some(topic => 'topicId' in topic && topic.topicId === zeroUuid),
  ).toBe(false)
})

test('a refusal of the whole request is told for every group', async () => {
  const context = { apiVersion: 8 } as Parameters<typeof offsetFetch.refuse>[2]
  const member = { memberId: null, memberEpoch: -1, topics: null }
  const groups = ['g', 'h'].map(groupId => ({ groupId, ...member }))
  const request = { groupId: '', topics: null, groups, requireStable: false }
  const response = offsetFetch.refuse(request, errorCodes.NOT_COORDINATOR, context)
  expect(response.groups.map(({ groupId, errorCode }) => [groupId, errorCode])).toEqual([
    ['g', errorCodes.NOT_COORDINATOR],
    ['h', errorCodes.NOT_COORDINATOR],
  ])
})
