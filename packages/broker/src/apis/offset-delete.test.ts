import { errorCodes, KafkaError } from '@klamm/protocol'
import { expect, test } from 'vitest'
import type { OffsetDeleteRequest } from '../coordinator/groups/types.ts'
import { offsetDelete } from './offset-delete.ts'
import { ask } from './testing/ask.ts'
import { fakeGroups } from './testing/fake-groups.ts'
import { metadataOf } from './testing/metadata.ts'

const metadata = metadataOf([{ name: 't', id: 'AAAAAAAAAAAAAAAAAAAABQ', leaders: [1, 2] }])
const options = { apiVersion: 0 }

function topic(name: string, ...indexes: number[]) {
  return { name, partitions: indexes.map(partitionIndex => ({ partitionIndex })) }
}

test('partitions that exist are deleted, every partition has its result', async () => {
  const asked: OffsetDeleteRequest[] = []
  const groups = fakeGroups({
    async deleteOffsets(request) {
      asked.push(request)
      const topics = request.topics.map(({ topic: name, partitions }) => ({
        topic: name,
        partitions: partitions.map(partition => ({
          partition,
          error: partition === 1 ? ('GROUP_SUBSCRIBED_TO_TOPIC' as const) : ('NONE' as const),
        })),
      }))
      return { error: 'NONE', topics }
    },
  })
  const request = { groupId: 'g', topics: [topic('none', 0), topic('t', 0, 1, 2)] }
  const response = await ask(offsetDelete, { groups, metadata }, options, request)
  expect(asked).toEqual([
    {
      groupId: 'g',
      topics: [
        { topic: 'none', partitions: [] },
        { topic: 't', partitions: [0, 1] },
      ],
    },
  ])
  const codes = response.topics.map(({ partitions }) => partitions.map(each => each.errorCode))
  const { NONE, GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC_OR_PARTITION } = errorCodes
  expect(response.errorCode).toBe(NONE)
  expect(codes).toEqual([
    [UNKNOWN_TOPIC_OR_PARTITION],
    [NONE, GROUP_SUBSCRIBED_TO_TOPIC, UNKNOWN_TOPIC_OR_PARTITION],
  ])
})

test('an error of the group is the error of the request', async () => {
  const unknown = fakeGroups({
    deleteOffsets: async () => ({ error: 'GROUP_ID_NOT_FOUND', topics: [] }),
  })
  const elsewhere = fakeGroups({
    deleteOffsets: () => Promise.reject(new KafkaError('NOT_COORDINATOR', 'elsewhere')),
  })
  const request = { groupId: 'g', topics: [topic('t', 0)] }
  const responses = await Promise.all(
    [unknown, elsewhere].map(groups => ask(offsetDelete, { groups, metadata }, options, request)),
  )
  expect(responses).toMatchObject([
    { errorCode: errorCodes.GROUP_ID_NOT_FOUND, topics: [] },
    { errorCode: errorCodes.NOT_COORDINATOR, topics: [] },
  ])
})
