// The log of a coordinator shard on a partition that is led here, for one leader epoch.

import { BatchBuilder, KafkaError, splitBatches } from '@klamm/protocol'
import { appendProduced } from '../partition/append.ts'
import type { Partition } from '../partition/partition.ts'
import type { PartitionLeader } from '../replica/index.ts'
import type { ShardLog, ShardLogChunk, ShardLogRecord } from './shard-log.ts'

export class PartitionShardLog implements ShardLog {
  readonly #partition: Partition
  readonly #leader: PartitionLeader
  readonly #wallMs: () => number

  constructor(partition: Partition, leader: PartitionLeader, wallMs: () => number) {
    this.#partition = partition
    this.#leader = leader
    this.#wallMs = wallMs
  }

  get logStartOffset(): number {
    return this.#partition.log.logStartOffset
  }

  get logEndOffset(): number {
    return this.#partition.log.logEndOffset
  }

  get highWatermark(): number {
    return this.#partition.highWatermark
  }

  append(records: readonly ShardLogRecord[]): number {
    if (this.#partition.leader !== this.#leader) throw notLeader()
    const wallMs = this.#wallMs()
    const builder = new BatchBuilder({})
    for (const { key, value } of records) {
      builder.append({ key, value, headers: [], timestamp: wallMs })
    }
    const outcome = appendProduced(this.#partition, builder.build(), {
      acks: -1,
      origin: 'coordinator',
      zstdIsAllowed: true,
      wallMs,
    })
    if (outcome.error !== 'NONE') throw new KafkaError(outcome.error, outcome.message)
    return outcome.endOffset
  }

  whenCommitted(offset: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#partition.leader !== this.#leader) {
        reject(notLeader())
        return
      }
      this.#partition.whenCommitted(offset, error => {
        // The ISR may have shrunk since: for a coordinator committed is committed.
        if (error === 'NONE' || error === 'NOT_ENOUGH_REPLICAS_AFTER_APPEND') resolve()
        else reject(new KafkaError(error, 'the records of a coordinator were not committed'))
      })
    })
  }

  async read(fromOffset: number, maxBytes: number): Promise<ShardLogChunk> {
    const { logEndOffset } = this.#partition.log
    const found = this.#partition.read(fromOffset, maxBytes, logEndOffset, true)
    // Its log is damaged: another broker is about to lead it.
    if (found === undefined) throw notLeader()
    return { batches: found.chunks.flatMap(splitBatches), nextOffset: found.nextOffset }
  }
}

function notLeader(): KafkaError {
  return new KafkaError('NOT_COORDINATOR', 'the partition is led by another broker now')
}
