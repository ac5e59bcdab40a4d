// One replica on a store in memory, led or followed as a test says.

import { StorageError, silentLogger } from '@klamm/base/env'
import { TestClock } from '@klamm/base/testing'
import {
  BatchBuilder,
  type BatchOptions,
  batchHeaderBytes,
  crc32c,
  readBatchHeader,
} from '@klamm/protocol'
import { staticLayers } from '../../broker-options.ts'
import { topicConfig } from '../../config/topic-config.ts'
import type { PartitionImage } from '../../metadata/index.ts'
import { MemoryEngine } from '../../storage/memory-engine.ts'
import { openSegmentStore, type SegmentStore } from '../../storage/segment-store.ts'
import { settled } from '../../testing/turns.ts'
import { Partition, type PartitionOptions } from '../partition.ts'
import { ReplicaLog } from '../replica-log.ts'

export const topicId = 'dG9waWMtb3JkZXJzLTAwMA'

export interface Replica {
  readonly clock: TestClock
  readonly store: SegmentStore
  readonly partition: Partition
  readonly proposals: Parameters<PartitionOptions['propose']>[2][]
  /** What was found wrong with the log. */
  readonly damages: Error[]
  /** State that tests change: whether the disk is behind. */
  readonly disk: { isBehind: boolean }
}

/** Broker 1's replica of `orders-0`. */
export async function openReplica(
  configs: Readonly<Record<string, string>> = {},
): Promise<Replica> {
  const clock = new TestClock()
  const store = await openSegmentStore(new MemoryEngine(), {
    log: silentLogger,
    onFailure(error) {
      throw error
    },
  })
  const proposals: Replica['proposals'] = []
  const damages: Error[] = []
  const disk = { isBehind: false }
  const partition = new Partition({
    topicId,
    topicName: 'orders',
    partitionIndex: 0,
    brokerId: 1,
    log: new ReplicaLog(store.log(`${topicId}-0`), clock),
    config: topicConfig(new Map(Object.entries(configs)), staticLayers(new Map())),
    clock,
    logger: silentLogger,
    replicaLagTimeMaxMs: 30_000,
    isDiskBehind: () => disk.isBehind,
    propose: (_partition, _leader, proposal) => proposals.push(proposal),
    onDamage: (_partition, error) => damages.push(error),
  })
  return { clock, store, partition, proposals, damages, disk }
}

/** Broker 1 leads among 1 and 2 unless said otherwise. */
export function partitionImage(changes: Partial<PartitionImage> = {}): PartitionImage {
  return {
    replicas: [1, 2],
    isr: [1, 2],
    elr: [],
    lastKnownElr: [],
    addingReplicas: [],
    removingReplicas: [],
    leader: 1,
    leaderRecoveryState: 'recovered',
    leaderEpoch: 1,
    partitionEpoch: 1,
    ...changes,
  }
}

export const brokers = {
  brokerEpoch: 10,
  eligible: new Map([
    [1, 10],
    [2, 20],
  ]),
}

export interface TestBatch extends BatchOptions {
  readonly values?: readonly string[]
  readonly key?: string | null
  /** Of the first record, in ms; each next one is a millisecond later. */
  readonly timestamp?: number
}

export function batchOf({
  values = ['a'],
  key = null,
  timestamp = 1_000,
  ...options
}: TestBatch = {}) {
  const builder = new BatchBuilder()
  for (const [i, value] of values.entries()) {
    builder.append({ key: bytesOf(key), value: bytesOf(value), timestamp: timestamp + i })
  }
  return new Uint8Array(builder.build(options))
}

/** Its checksum is right, and its records do not decompress. */
export function unreadableBatch(): Uint8Array {
  const batch = batchOf({ compression: 'gzip' })
  batch.fill(0, batchHeaderBytes)
  const checksum = crc32c(batch.subarray(21))
  new DataView(batch.buffer).setUint32(17, checksum)
  return batch
}

/** Appends as a follower does: the batch has its offset and its epoch. */
export function appendTo(log: ReplicaLog, leaderEpoch: number, batch: TestBatch = {}): void {
  const bytes = batchOf({
    ...batch,
    baseOffset: log.logEndOffset,
    partitionLeaderEpoch: leaderEpoch,
  })
  log.append(bytes, readBatchHeader(bytes))
}

/** From now on the log gives something else than was appended. */
export function damage({ partition }: Pick<Replica, 'partition'>): void {
  Object.assign(partition.log, {
    read() {
      throw new StorageError('corrupt', 'a test says so')
    },
  })
}

/** Follower 2 fetches from this offset, durably holding what is before it. */
export async function followerFetches({ partition, clock }: Replica, fetchOffset: number) {
  const { leader } = partition
  const result = leader?.followerFetched({
    replicaId: 2,
    brokerEpoch: 20,
    currentLeaderEpoch: leader.leaderEpoch,
    fetchOffset,
    lastFetchedEpoch: -1,
    logStartOffset: 0,
    nowMs: clock.monotonicMs(),
  })
  if (leader !== undefined) partition.performLeader(leader)
  await settled()
  return result
}

function bytesOf(text: string | null): Uint8Array | null {
  return text === null ? null : new TextEncoder().encode(text)
}
