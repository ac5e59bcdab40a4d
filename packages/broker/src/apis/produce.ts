// Produce (0): appends batches. From any producer.
//
// v3 record batches v2 only; v7 zstd (KIP-110); v8 errors per record (KIP-467); v10 leader hints
// (KIP-951); v11 and v12 change nothing without transactions (KIP-890: version 2 of transactions is
// not offered yet); v13 topic ids (KIP-516). Advertised from 0, see ApiVersions.

import {
  type ErrorName,
  errorCodes,
  errorNameOf,
  Produce,
  type ProduceResponse,
} from '@klamm/protocol'
import { offsetsTopic } from '../group-config.ts'
import { appendProduced } from '../partition/append.ts'
import type { Located } from '../partition/lookup.ts'
import type { BrokerServices } from '../services.ts'
import { CloseConnection, type Handler, handler, noResponse } from './handler.ts'
import { leaderEndpoints, leaderHint } from './leader-hints.ts'
import { PendingAnswers } from './pending-answers.ts'

type Needs = Pick<BrokerServices, 'clock' | 'partitions' | 'metadata'>
type PartitionResponse = ProduceResponse['responses'][number]['partitionResponses'][number]

/** A response under construction. */
type Draft = { -readonly [K in keyof PartitionResponse]: PartitionResponse[K] }

export const produce: Handler<Needs, typeof Produce> = handler({
  schema: Produce,
  versions: [3, 13],
  async handle({ clock, partitions, metadata }: Needs, context, request) {
    const { acks } = request
    const { apiVersion } = context
    if (acks < -1 || acks > 1) return refusal(request, errorCodes.INVALID_REQUIRED_ACKS)
    if (request.transactionalId !== null) {
      const refused = refusal(request, errorCodes.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
      return acks === 0 ? answerNothing(refused.responses) : refused
    }
    const pending = new PendingAnswers()
    const hints = new Set<number>()
    const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index, records }) => {
        const located = partitions.find(apiVersion >= 13 ? topicId : undefined, name, index)
        const draft = newDraft(index)
        const chunk = records?.[0]
        if (located.topic?.name === offsetsTopic) {
          // What a coordinator cannot read would stop every broker that ever leads the partition.
          fail(draft, 'INVALID_TOPIC_EXCEPTION', 'only the coordinators write to this topic')
        } else if (located.partition === undefined) fail(draft, located.error, undefined)
        else if (chunk === undefined) fail(draft, 'INVALID_RECORD', 'there are no records')
        else {
          append(located.partition, chunk, draft, pending, {
            acks,
            origin: 'client',
            zstdIsAllowed: apiVersion >= 7,
            wallMs: clock.wallMs(),
          })
        }
        return draft
      }),
    }))
    await pending.settled(clock, request.timeoutMs, context.signal)
    if (acks === 0) return answerNothing(responses)
    // Only now: the leadership may have ended while the records waited.
    for (const { name, topicId, partitionResponses } of responses) {
      for (const draft of partitionResponses) {
        if (draft.errorCode !== errorCodes.NOT_LEADER_OR_FOLLOWER) continue
        const isById = apiVersion >= 13
        hint(draft, partitions.find(isById ? topicId : undefined, name, draft.index), hints)
      }
    }
    const nodeEndpoints = leaderEndpoints(metadata.image, hints)
    return { responses, throttleTimeMs: 0, nodeEndpoints }
  },
  refuse: refusal,
})

/** Everything up to here is synchronous, so appends of one connection keep their order. */
function append(
  partition: NonNullable<Located['partition']>,
  records: Uint8Array,
  draft: Draft,
  pending: PendingAnswers,
  options: Parameters<typeof appendProduced>[2],
): void {
  const outcome = appendProduced(partition, records, options)
  if (outcome.error !== 'NONE') {
    fail(draft, outcome.error, outcome.message)
    // Tells a producer whose last records retention has deleted from one that has lost records:
    // the first goes on as a new one (KIP-360), the second must not.
    if (outcome.error === 'UNKNOWN_PRODUCER_ID') draft.logStartOffset = partition.log.logStartOffset
    draft.recordErrors = outcome.recordErrors.map(({ batchIndex, message }) => ({
      batchIndex,
      batchIndexErrorMessage: message,
    }))
    return
  }
  const { baseOffset, endOffset, logAppendTimeMs } = outcome
  const done = pending.add(error => {
    draft.errorCode = errorCodes[error]
    if (error !== 'NONE') return
    draft.baseOffset = baseOffset
    draft.logAppendTimeMs = logAppendTimeMs
    draft.logStartOffset = partition.log.logStartOffset
  })
  // Also with acks=0: a producer that is faster than the disk must be slowed down by something.
  const giveUp =
    options.acks === -1
      ? partition.whenCommitted(endOffset, done)
      : partition.whenDurable(endOffset, done)
  pending.onGivenUp(giveUp)
}

function hint(draft: Draft, { image }: Located, hints: Set<number>): void {
  draft.currentLeader = leaderHint(image)
  if (image !== undefined) hints.add(image.leader)
}

function fail(draft: Draft, error: ErrorName, message: string | undefined): void {
  draft.errorCode = errorCodes[error]
  draft.errorMessage = message ?? null
}

/**
 * With acks=0 there is no response that could carry an error: closing the connection is how the
 * producer learns that its metadata are out of date.
 */
function answerNothing(responses: ProduceResponse['responses']): typeof noResponse {
  for (const { partitionResponses } of responses) {
    for (const { errorCode } of partitionResponses) {
      if (errorCode === errorCodes.NONE) continue
      throw new CloseConnection(`produce with acks=0: ${errorNameOf(errorCode)}`)
    }
  }
  return noResponse
}

function newDraft(index: number): Draft {
  return {
    index,
    errorCode: errorCodes.NONE,
    baseOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset: -1,
    recordErrors: [],
    errorMessage: null,
    currentLeader: leaderHint(undefined),
  }
}

function refusal(
  { topicData }: Parameters<typeof produce.refuse>[0],
  errorCode: number,
): ProduceResponse {
  const responses = topicData.map(({ name, topicId, partitionData }) => ({
    name,
    topicId,
    partitionResponses: partitionData.map(({ index }) => ({ ...newDraft(index), errorCode })),
  }))
  return { responses, throttleTimeMs: 0, nodeEndpoints: [] }
}
