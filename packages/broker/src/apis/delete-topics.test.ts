import { zeroUuid } from '@klamm/base'
import { errorCodes } from '@klamm/protocol'
import { expect, test } from 'vitest'
import { deleteTopics } from './delete-topics.ts'
import { ask, versionsOf } from './testing/ask.ts'
import { clusterOf, servicesOf } from './testing/cluster.ts'

for (const apiVersion of versionsOf(deleteTopics)) {
  test(`version ${apiVersion} deletes topics by name`, async () => {
    const cluster = clusterOf()
    const { topicId } = cluster.createTopic('t')
    const names = ['t', 'nowhere']
    const request = {
      topicNames: names,
      topics: names.map(name => ({ name, topicId: zeroUuid })),
    }
    const response = await ask(deleteTopics, servicesOf(cluster), { apiVersion }, request)
    expect(response.responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ['t', errorCodes.NONE],
      ['nowhere', errorCodes.UNKNOWN_TOPIC_OR_PARTITION],
    ])
    expect(response.responses[0]?.topicId).toBe(apiVersion >= 6 ? topicId : zeroUuid)
    expect(cluster.image.topics.size).toBe(0)
  })

  test(`version ${apiVersion} says that topics cannot be deleted`, async () => {
    const cluster = clusterOf({ 'delete.topic.enable': 'false' })
    cluster.createTopic('t')
    const request = { topicNames: ['t'], topics: [{ name: 't', topicId: zeroUuid }] }
    const response = await ask(deleteTopics, servicesOf(cluster), { apiVersion }, request)
    expect(response.responses[0]?.errorCode).toBe(
      errorCodes[apiVersion >= 3 ? 'TOPIC_DELETION_DISABLED' : 'INVALID_REQUEST'],
    )
  })
}

test('topics are deleted by id, and an id that is gone has no name', async () => {
  const cluster = clusterOf()
  const { topicId } = cluster.createTopic('t')
  const gone = 'AQAAAAAAAAAAAAAAAAAAAQ'
  const topics = [topicId, gone].map(id => ({ name: null, topicId: id }))
  const response = await ask(deleteTopics, servicesOf(cluster), { apiVersion: 6 }, { topics })
  const told = response.responses.map(({ name, topicId: id, errorCode }) => [name, id, errorCode])
  expect(told).toEqual([
    ['t', topicId, errorCodes.NONE],
    [null, gone, errorCodes.UNKNOWN_TOPIC_ID],
  ])
})
