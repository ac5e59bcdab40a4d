// Replicas on broker 1 that follow broker 2, and a leader whose every answer a test writes.

import { silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import type { Fetch, FetchResponse, RequestOf } from '@klamm/protocol'
import { staticLayers } from '../../broker-options.ts'
import { topicConfig } from '../../config/topic-config.ts'
import { Partition } from '../../partition/partition.ts'
import { ReplicaLog } from '../../partition/replica-log.ts'
import { batchOf, partitionImage, topicId } from '../../partition/testing/replica.ts'
import { MemoryEngine } from '../../storage/memory-engine.ts'
import { openSegmentStore } from '../../storage/segment-store.ts'

export { topicId }

type Request = RequestOf<typeof Fetch>
type PartitionAnswer = FetchResponse['responses'][number]['partitions'][number]

/** The first `count` partitions of `orders`, without a role. */
export async function openReplicas(count: number) {
  const clock = new TestClock()
  const store = await openSegmentStore(new MemoryEngine(), {
    log: silentLogger,
    onFailure(error) {
      throw error
    },
  })
  const partitions = Array.from({ length: count }, (_, partitionIndex) => {
    return new Partition({
      topicId,
      topicName: 'orders',
      partitionIndex,
      brokerId: 1,
      log: new ReplicaLog(store.log(`${topicId}-${partitionIndex}`), clock),
      config: topicConfig(new Map(), staticLayers(new Map())),
      clock,
      logger: silentLogger,
      replicaLagTimeMaxMs: 30_000,
      isDiskBehind: () => false,
      propose: () => {},
      onDamage: () => {},
    })
  })
  return { clock, partitions }
}

/** Broker 2 leads in this epoch. */
export function follow(partition: Partition, leaderEpoch: number): void {
  partition.follow(partitionImage({ leader: 2, leaderEpoch }))
}

/** A batch as the leader stores it. */
export function ledBatch(baseOffset: number, partitionLeaderEpoch: number, values = ['a']) {
  return batchOf({ baseOffset, partitionLeaderEpoch, values })
}

interface Asked {
  readonly body: Request
  readonly resolve: (response: FetchResponse) => void
  readonly reject: (error: unknown) => void
}

/** The channel to broker 2. What was asked waits in `asked` until it is answered. */
export class ScriptedLeader {
  readonly asked: Asked[] = []
  readonly brokerId = 2
  /** Requests that say that the one before is wanted back. */
  releases = 0

  request(_schema: unknown, _version: number, body: Request, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<FetchResponse>()
    signal.addEventListener('abort', () => reject(signal.reason))
    const isRelease = body.sessionId === 0 && body.topics.length === 0
    if (isRelease) {
      this.releases += 1
      resolve(response([], 0))
    } else this.asked.push({ body, resolve, reject })
    return promise
  }

  /** What the last request asks for: `index@offset`, and the leader epoch behind a slash. */
  get lastAsked(): readonly string[] {
    const { body } = this.#last()
    return body.topics.flatMap(({ partitions }) =>
      partitions.map(
        ({ partition, fetchOffset, currentLeaderEpoch }) =>
          `${partition}@${fetchOffset}/${currentLeaderEpoch}`,
      ),
    )
  }

  get lastBody(): Request {
    return this.#last().body
  }

  /** Answers the last request. */
  answer(partitions: readonly Partial<PartitionAnswer>[], sessionId = 0, errorCode = 0): void {
    this.#last().resolve({ ...response(partitions, sessionId), errorCode })
  }

  fail(error: unknown): void {
    this.#last().reject(error)
  }

  #last(): Asked {
    const last = this.asked.at(-1)
    if (last === undefined) throw new Error('nothing was asked')
    return last
  }
}

function response(
  partitions: readonly Partial<PartitionAnswer>[],
  sessionId: number,
): FetchResponse {
  const told = partitions.map(answer => ({
    partitionIndex: 0,
    errorCode: 0,
    highWatermark: 0,
    lastStableOffset: 0,
    logStartOffset: 0,
    divergingEpoch: { epoch: -1, endOffset: -1 },
    currentLeader: { leaderId: -1, leaderEpoch: -1 },
    snapshotId: { endOffset: -1, epoch: -1 },
    abortedTransactions: null,
    preferredReadReplica: -1,
    records: null,
    ...answer,
  }))
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    sessionId,
    responses: told.length === 0 ? [] : [{ topic: '', topicId, partitions: told }],
    nodeEndpoints: [],
  }
}
