// ListOffsets (2): offsets by time, and the ends of a partition.
//
// v2 isolation level (KIP-98); v4 leader epochs (KIP-320); v7 the record with the greatest
// timestamp (KIP-734); v8 to v11 tiered storage (KIP-405, 1005, 1023), of which there is none here:
// the local log is all there is.

import {
  type ErrorName,
  errorCodes,
  firstRecordAtOrAfter,
  KafkaError,
  ListOffsets,
  type ListOffsetsRequest,
  type ListOffsetsResponse,
  RecordsError,
} from '@klamm/protocol'
import type { Partition } from '../partition/partition.ts'
import { listOffset, type OffsetAnswer } from '../replica/index.ts'
import type { BrokerServices } from '../services.ts'
import { type Handler, handler } from './handler.ts'

type Needs = Pick<BrokerServices, 'partitions'>

/** Timestamps that stand for something else than a time → the first version that has them. */
const specialSince = new Map([
  [-3, 7],
  [-4, 8],
  [-5, 9],
  [-6, 11],
])

interface Found {
  readonly error: ErrorName
  readonly timestamp: number
  readonly offset: number
  readonly leaderEpoch: number
}

export const listOffsets: Handler<Needs, typeof ListOffsets> = handler({
  schema: ListOffsets,
  versions: [1, 11],
  handle({ partitions }: Needs, { apiVersion }, request) {
    return responseFor(request, (name, { partitionIndex, timestamp, currentLeaderEpoch }) => {
      if ((specialSince.get(timestamp) ?? 0) > apiVersion) return failed('UNSUPPORTED_VERSION')
      const { partition, error } = partitions.find(undefined, name, partitionIndex)
      if (partition === undefined) return failed(error)
      const isolation = request.isolationLevel === 1 ? 'readCommitted' : 'readUncommitted'
      return find(partition, { timestamp, currentLeaderEpoch, isolation })
    })
  },
  refuse: (request, errorCode) =>
    responseFor(request, () => ({ ...failed('UNKNOWN_SERVER_ERROR'), errorCode })),
})

function find(partition: Partition, question: Parameters<typeof listOffset>[0]): Found {
  const answer = listOffset(question, partition.readable(), partition.leader?.clientHighWatermark())
  switch (answer.kind) {
    case 'error':
      return failed(answer.error)
    case 'offset':
      return at(partition, answer.offset, -1)
    case 'lookup':
      return lookedUp(() => lookUp(partition, answer))
    case 'lookupMax':
      return lookedUp(() => lookUpMax(partition, answer.endOffset))
  }
}

/** Looks into batches, which nobody did when they came: what is in there is the producer's word. */
function lookedUp(find: () => Found): Found {
  try {
    return find()
  } catch (error) {
    if (!(error instanceof RecordsError || error instanceof KafkaError)) throw error
    return failed(error.errorName)
  }
}

/** Exact to the record, not to the batch. */
function lookUp(
  partition: Partition,
  { timestamp, endOffset, mayLag }: Extract<OffsetAnswer, { readonly kind: 'lookup' }>,
): Found {
  const none = mayLag ? failed('OFFSET_NOT_AVAILABLE') : at(partition, -1, -1)
  const batch = partition.log.firstBatchAtOrAfterTimestamp(timestamp)
  if (batch === undefined || batch.baseOffset >= endOffset) return none
  const record = recordIn(partition, batch.baseOffset, timestamp)
  if (record === undefined || record.offset >= endOffset) return none
  return at(partition, record.offset, record.timestamp)
}

function lookUpMax(partition: Partition, endOffset: number): Found {
  const batch = partition.log.batchWithMaxTimestamp(endOffset)
  if (batch === undefined || batch.maxTimestamp < 0) return at(partition, -1, -1)
  const record = recordIn(partition, batch.baseOffset, batch.maxTimestamp)
  return record === undefined
    ? at(partition, -1, -1)
    : at(partition, record.offset, record.timestamp)
}

function recordIn(partition: Partition, batchOffset: number, timestamp: number) {
  const found = partition.read(batchOffset, 1, partition.log.logEndOffset, true)
  if (found === undefined) throw new KafkaError('KAFKA_STORAGE_ERROR', 'the log is damaged')
  const batch = found.chunks[0]
  return batch === undefined ? undefined : firstRecordAtOrAfter(batch, timestamp)
}

function at(partition: Partition, offset: number, timestamp: number): Found {
  const leaderEpoch = offset < 0 ? -1 : (partition.log.epochs.epochAt(offset) ?? -1)
  return { error: 'NONE', timestamp, offset, leaderEpoch }
}

function failed(error: ErrorName): Found {
  return { error, timestamp: -1, offset: -1, leaderEpoch: -1 }
}

type Question = ListOffsetsRequest['topics'][number]['partitions'][number]

function responseFor(
  { topics }: ListOffsetsRequest,
  answer: (name: string, question: Question) => Found & { readonly errorCode?: number },
): ListOffsetsResponse {
  return {
    throttleTimeMs: 0,
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(question => {
        const { error, errorCode, timestamp, offset, leaderEpoch } = answer(name, question)
        return {
          partitionIndex: question.partitionIndex,
          errorCode: errorCode ?? errorCodes[error],
          timestamp,
          offset,
          leaderEpoch,
        }
      }),
    })),
  }
}
