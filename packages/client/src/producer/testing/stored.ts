// Tools of the producer's tests: what the fake cluster has stored, and answers made by hand.

import {
  type ErrorName,
  errorCodes,
  type ProduceRequest,
  type ProduceResponse,
  readRecords,
  type StoredRecord,
} from '@klamm/protocol'
import type { FakeCluster } from '../../testing/fake-cluster.ts'
import type { ProducerMessage } from '../messages.ts'

export function stored(fake: FakeCluster, topic: string, partition = 0): StoredRecord[] {
  return fake.batches(topic, partition).flatMap(batch => [...readRecords(batch)])
}

/** The values as text. */
export function values(fake: FakeCluster, topic: string, partition = 0): (string | null)[] {
  return stored(fake, topic, partition).map(({ value }) => value && text(value))
}

export const text = (bytes: Uint8Array | null): string => {
  return new TextDecoder().decode(bytes ?? undefined)
}

/** `v0`, `v1` … */
export function numbered(count: number, more: Partial<ProducerMessage> = {}): ProducerMessage[] {
  return Array.from({ length: count }, (_, i) => ({ value: `v${i}`, ...more }))
}

type PartitionAnswer = ProduceResponse['responses'][number]['partitionResponses'][number]

/** The same answer for every batch of the request. */
export function refusal(
  request: ProduceRequest,
  error: ErrorName,
  more: Partial<PartitionAnswer> = {},
  whole: Partial<ProduceResponse> = {},
): ProduceResponse {
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({
        index,
        errorCode: errorCodes[error],
        baseOffset: -1,
        logAppendTimeMs: -1,
        logStartOffset: -1,
        recordErrors: [],
        errorMessage: null,
        currentLeader: { leaderId: -1, leaderEpoch: -1 },
        ...more,
      })),
    })),
    throttleTimeMs: 0,
    nodeEndpoints: [],
    ...whole,
  }
}

/** Stores what the request brings to a partition, as its leader would; the answer gets lost. */
export async function storeSilently(
  fake: FakeCluster,
  topic: string,
  request: ProduceRequest,
): Promise<void> {
  // Behind what came before and is stored by default.
  await Promise.resolve()
  for (const { partitionData } of request.topicData) {
    for (const { index, records } of partitionData) {
      for (const batch of records ?? []) fake.append(topic, index, batch)
    }
  }
}
