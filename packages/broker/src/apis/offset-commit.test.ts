import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { OffsetCommitRequest } from '../coordinator/groups/types.ts'
import { offsetCommit } from './offset-commit.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'
import { metadataOf } from './testing/metadata.ts'

const idOfT = 'AAAAAAAAAAAAAAAAAAAABQ'
const idOfNone = 'AAAAAAAAAAAAAAAAAAAABg'
const metadata = metadataOf([{ name: 't', id: idOfT, leaders: [1, 2] }])

/** Partition 1 is always too much. */
function coordinator() {
  const asked: OffsetCommitRequest[] = []
  const groups = fakeGroups({
    async commitOffsets(request) {
      asked.push(request)
      const topics = request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({
          partition,
          error: partition === 1 ? ('OFFSET_METADATA_TOO_LARGE' as const) : ('NONE' as const),
        })),
      }))
      return { topics }
    },
  })
  return { asked, needs: { groups, metadata } }
}

function partition(partitionIndex: number, committedOffset = 5) {
  return { partitionIndex, committedOffset, committedLeaderEpoch: 2, committedMetadata: null }
}

function topic(name: string, topicId: string, ...partitions: number[]) {
  return { name, topicId, partitions: partitions.map(index => partition(index)) }
}

for (const apiVersion of versionsOf(offsetCommit)) {
  const isById = apiVersion >= 10

  test(`version ${apiVersion} is passed on, and every partition has its result`, async () => {
    const { asked, needs } = coordinator()
    const topics = [topic('t', idOfT, 0, 1, 2), topic('none', idOfNone, 0)]
    const request = { groupId: 'g', generationIdOrMemberEpoch: 3, memberId: 'a', topics }
    const response = await ask(offsetCommit, needs, { apiVersion }, request)
    expect(asked).toHaveLength(1)
    expect(asked[0]).toMatchObject({
      groupId: 'g',
      generationId: 3,
      memberId: 'a',
      groupInstanceId: undefined,
      retentionMs: undefined,
      knowsGroupIdNotFound: apiVersion >= 9,
    })
    const leaderEpoch = apiVersion >= 6 ? 2 : -1
    expect(asked[0]?.topics).toEqual([
      {
        topic: 't',
        topicId: idOfT,
        partitions: [
          { partition: 0, offset: 5, leaderEpoch, metadata: '' },
          { partition: 1, offset: 5, leaderEpoch, metadata: '' },
        ],
      },
    ])
    const unknown = isById ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION'
    expect(response.topics).toMatchObject([
      {
        ...(isById ? { topicId: idOfT } : { name: 't' }),
        partitions: [
          { partitionIndex: 0, errorCode: errorCodes.NONE },
          { partitionIndex: 1, errorCode: errorCodes.OFFSET_METADATA_TOO_LARGE },
          { partitionIndex: 2, errorCode: errorCodes.UNKNOWN_TOPIC_OR_PARTITION },
        ],
      },
      { partitions: [{ partitionIndex: 0, errorCode: errorCodes[unknown] }] },
    ])
  })

  test(`in version ${apiVersion} a refusal is the error of every partition`, async () => {
    const groups = fakeGroups({
      commitOffsets: () => Promise.reject(new KafkaError('ILLEGAL_GENERATION', 'old')),
    })
    const topics = [topic('t', idOfT, 0, 1)]
    const request = { groupId: 'g', topics }
    const response = await ask(offsetCommit, { groups, metadata }, { apiVersion }, request)
    const codes = response.topics[0]?.partitions.map(({ errorCode }) => errorCode)
    expect(codes).toEqual([errorCodes.ILLEGAL_GENERATION, errorCodes.ILLEGAL_GENERATION])
  })
}

test('when nothing asked for exists the group is not bothered', async () => {
  const needs = { groups: fakeGroups({}), metadata }
  for (const topics of [[], [topic('none', idOfNone, 0)], [topic('t', idOfT, 7)]]) {
    const response = await ask(offsetCommit, needs, { apiVersion: 9 }, { groupId: 'g', topics })
    expect(response.topics).toHaveLength(topics.length)
  }
})

test('a retention is for the versions that have one', async () => {
  const { asked, needs } = coordinator()
  const request = { groupId: 'g', retentionTimeMs: 1_000, topics: [topic('t', idOfT, 0)] }
  for (const apiVersion of [2, 4, 5]) await ask(offsetCommit, needs, { apiVersion }, request)
  expect(asked.map(({ retentionMs }) => retentionMs)).toEqual([1_000, 1_000, undefined])
})

test('metadata and instance id are passed on', async () => {
  const { asked, needs } = coordinator()
  const partitions = [{ ...partition(0), committedMetadata: 'note' }]
  const topics = [{ name: 't', topicId: idOfT, partitions }]
  await ask(offsetCommit, needs, { apiVersion: 9 }, { groupId: 'g', groupInstanceId: 'i', topics })
  expect(asked[0]).toMatchObject({
    groupInstanceId: 'i',
    topics: [{ partitions: [{ metadata: 'note' }] }],
  })
})
