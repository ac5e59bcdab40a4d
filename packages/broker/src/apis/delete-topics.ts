// DeleteTopics (20): asked by admin clients, decided by the active controller. v3 has an error of
// its own where deletion is switched off, v5 error messages, v6 topic ids.

import { zeroUuid } from '@klamm/base'
import {
  DeleteTopics,
  type DeleteTopicsRequest,
  type DeleteTopicsResponse,
  errorCodes,
} from '@klamm/protocol'
import type { DeletedTopic, TopicReference } from '../metadata/index.ts'
import type { BrokerServices } from '../services.ts'
import { handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'controller'>

export const deleteTopics = handler({
  schema: DeleteTopics,
  versions: [1, 6],
  runsOn: 'controller',
  isRepeatable: false,
  async handle(
    { controller }: Needs,
    { apiVersion },
    request: DeleteTopicsRequest,
  ): Promise<DeleteTopicsResponse> {
    const references = referencesIn(request, apiVersion)
    const deleted = await controller.run(active => active.deleteTopics(references))
    return { throttleTimeMs: 0, responses: deleted.map(topic => answer(topic, apiVersion)) }
  },
  refuse: (request, errorCode, { apiVersion }) => ({
    throttleTimeMs: 0,
    responses: referencesIn(request, apiVersion).map(({ name, topicId }) => ({
      name: name ?? null,
      topicId: topicId ?? zeroUuid,
      errorCode,
      errorMessage: null,
    })),
  }),
})

function referencesIn(request: DeleteTopicsRequest, apiVersion: number): TopicReference[] {
  if (apiVersion < 6) return request.topicNames.map(name => ({ name, topicId: undefined }))
  return request.topics.map(({ name, topicId }) => ({
    name: name ?? undefined,
    topicId: topicId === zeroUuid ? undefined : topicId,
  }))
}

function answer(
  { name, topicId, error, message }: DeletedTopic,
  apiVersion: number,
): DeleteTopicsResponse['responses'][number] {
  const isUnspoken = error === 'TOPIC_DELETION_DISABLED' && apiVersion < 3
  return {
    name: name ?? null,
    topicId: topicId ?? zeroUuid,
    errorCode: errorCodes[isUnspoken ? 'INVALID_REQUEST' : error],
    errorMessage: message ?? null,
  }
}
