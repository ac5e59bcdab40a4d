// A consumer on the fake cluster, for tests: topics with text in them, and the group.

import { BatchBuilder } from '@klamm/protocol'
import { openCore } from '../../core.ts'
import type { KafkaOptions } from '../../options.ts'
import { string } from '../../serde/formats.ts'
import type { Serde } from '../../serde/serde.ts'
import { FakeCluster, type FakeClusterOptions } from '../../testing/fake-cluster.ts'
import { Consumer } from '../consumer.ts'
import type { ConsumerOptions } from '../consumer-options.ts'
import { FakeGroup } from './fake-group.ts'

const text: Serde<string> = string()

export class ConsumerBench implements AsyncDisposable {
  readonly cluster: FakeCluster
  readonly group: FakeGroup
  readonly #consumers: Consumer<string, string>[] = []

  constructor(options: FakeClusterOptions = {}) {
    this.cluster = new FakeCluster({ topics: { t: 2 }, ...options })
    this.group = new FakeGroup(this.cluster)
  }

  /** A member of the group `g`, of topic `t`, from the beginning, unless told otherwise. */
  consumer(
    options: Partial<ConsumerOptions<string, string>> = {},
    kafka: Partial<KafkaOptions> = {},
  ): Consumer<string, string> {
    const core = openCore(this.cluster.options(kafka))
    const topics = options.partitions === undefined ? { topics: ['t'] } : {}
    const consumer = new Consumer<string, string>(core, {
      groupId: 'g',
      ...topics,
      fromBeginning: true,
      key: text,
      value: text,
      ...options,
    })
    this.#consumers.push(consumer)
    return consumer
  }

  /** Appends one batch. Returns its base offset. */
  produce(partition: number, values: readonly (string | null)[], topic = 't'): number {
    return this.cluster.append(topic, partition, textBatch(values))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = Promise.all(this.#consumers.map(each => each.close({ timeoutMs: 1_000 })))
    await this.cluster.settle(closed)
    await this.cluster[Symbol.asyncDispose]()
  }
}

export function textBatch(values: readonly (string | null)[]): Uint8Array {
  const builder = new BatchBuilder({ initialBytes: 256 })
  for (const value of values) {
    const bytes = value === null ? null : new TextEncoder().encode(value)
    builder.append({ key: null, value: bytes, timestamp: 1_000 })
  }
  return builder.build({})
}
