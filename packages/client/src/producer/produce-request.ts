// A shipment as a Produce request, and the answers in its response.

import { zeroUuid } from '@klamm/base'
import { errorNameOf, type ProduceRequest, type ProduceResponse } from '@klamm/protocol'
import type { BatchAnswer, Shipment } from '../accumulator/accumulator.ts'
import type { BatchBytes } from './batch-bytes.ts'
import type { SendCall } from './send-call.ts'

type Item = Shipment<BatchBytes, SendCall>['batches'][number]
type TopicData = ProduceRequest['topicData'][number]

export interface Outgoing {
  readonly body: ProduceRequest
  /** 12 when the id of some topic is unknown: version 13 names topics by id alone. */
  readonly maxVersion: number | undefined
  /** What of the shipment an answer is about, by name or id. */
  find(name: string, topicId: string, partition: number): Item | undefined
}

export interface RequestDetails {
  /** How long the leader may wait for its replicas. */
  readonly timeoutMs: number
  topicIdOf(topic: string): string | undefined
}

export function produceRequest(
  { acks, batches }: Shipment<BatchBytes, SendCall>,
  { timeoutMs, topicIdOf }: RequestDetails,
): Outgoing {
  const byName = new Map<string, { items: Map<number, Item>; data: TopicData }>()
  const nameOf = new Map<string, string>()
  let hasIds = true
  for (const item of batches) {
    const { topic: name, partition: index } = item.queue
    let topic = byName.get(name)
    if (topic === undefined) {
      const topicId = topicIdOf(name) ?? zeroUuid
      hasIds &&= topicId !== zeroUuid
      nameOf.set(topicId, name)
      topic = { items: new Map(), data: { name, topicId, partitionData: [] } }
      byName.set(name, topic)
    }
    topic.items.set(index, item)
    const partitionData = topic.data.partitionData as TopicData['partitionData'][number][]
    partitionData.push({ index, records: [item.batch.sink.finish(item.batch)] })
  }
  return {
    body: {
      transactionalId: null,
      acks: acks === 'all' ? -1 : acks,
      timeoutMs,
      topicData: [...byName.values()].map(({ data }) => data),
    },
    maxVersion: hasIds ? undefined : 12,
    find(name, topicId, partition) {
      const known = name === '' ? nameOf.get(topicId) : name
      return known === undefined ? undefined : byName.get(known)?.items.get(partition)
    },
  }
}

/** One per batch of the shipment; without an answer when the response does not mention it. */
export function answersOf(
  { batches }: Shipment<BatchBytes, SendCall>,
  { responses }: ProduceResponse,
  find: Outgoing['find'],
): { readonly item: Item; readonly answer: BatchAnswer | undefined }[] {
  const answers = new Map<Item, BatchAnswer>()
  for (const { name, topicId, partitionResponses } of responses) {
    for (const partition of partitionResponses) {
      const item = find(name, topicId, partition.index)
      if (item !== undefined) answers.set(item, answerOf(partition))
    }
  }
  return batches.map(item => ({ item, answer: answers.get(item) }))
}

function answerOf(
  response: ProduceResponse['responses'][number]['partitionResponses'][number],
): BatchAnswer {
  const { errorCode, baseOffset, logAppendTimeMs, recordErrors, errorMessage } = response
  return {
    error: errorNameOf(errorCode),
    baseOffset,
    logAppendTimeMs,
    recordErrors: recordErrors.map(({ batchIndex, batchIndexErrorMessage }) => {
      return { index: batchIndex, message: batchIndexErrorMessage ?? undefined }
    }),
    message: errorMessage ?? undefined,
  }
}
