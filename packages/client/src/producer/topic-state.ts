// One topic as its producer sees it: its partitions for the partitioner, their queues, and the
// calls that wait until it is known.

import type { PartitionQueue } from '../accumulator/partition-queue.ts'
import type { TopicInfo } from '../metadata/metadata.ts'
import type { PartitionsView } from '../partitioners/partitioner.ts'
import type { BatchBytes } from './batch-bytes.ts'
import type { SendCall } from './send-call.ts'

export class TopicState implements PartitionsView {
  readonly name: string
  /** In the order they were made; the first is what the cluster is being asked for. */
  readonly waiting: SendCall[] = []
  isAsking = false
  readonly #queueOf: (partition: number) => PartitionQueue<BatchBytes, SendCall>
  readonly #queues: PartitionQueue<BatchBytes, SendCall>[] = []
  #info: TopicInfo | undefined
  #available: readonly number[] = []

  constructor(name: string, queueOf: (partition: number) => PartitionQueue<BatchBytes, SendCall>) {
    this.name = name
    this.#queueOf = queueOf
  }

  get count(): number {
    return this.#info?.partitions.length ?? 0
  }

  get available(): readonly number[] {
    return this.#available
  }

  queuedBytes(partition: number): number {
    return this.#queues[partition]?.bufferedBytes ?? 0
  }

  queue(partition: number): PartitionQueue<BatchBytes, SendCall> {
    const known = this.#queues[partition]
    if (known !== undefined) return known
    const queue = this.#queueOf(partition)
    this.#queues[partition] = queue
    return queue
  }

  /** What the metadata say now; the same object as before costs nothing. */
  update(info: TopicInfo): void {
    if (info === this.#info) return
    this.#info = info
    this.#available = info.partitions
      .filter(({ leaderId }) => leaderId >= 0)
      .map(({ partition }) => partition)
  }
}
