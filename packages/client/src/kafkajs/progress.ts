// What a consumer has resolved and not committed yet, and where it was told to seek.

import type { TopicPartition } from '../assignors/partitions.ts'
import type { Offsets } from './run-config.ts'

interface Resolved extends TopicPartition {
  /** The next one to read. */
  readonly offset: number
}

export class Progress {
  readonly #resolved = new Map<string, Resolved>()
  readonly #seeks = new Map<string, number>()
  #messages = 0

  /** Messages that were resolved since the last commit. */
  get messages(): number {
    return this.#messages
  }

  /** `count` messages are done, up to and excluding `offset`. */
  resolved(topic: string, partition: number, offset: number, count: number): void {
    this.#messages += count
    this.#resolved.set(`${topic}-${partition}`, { topic, partition, offset })
  }

  committed(offsets: readonly Resolved[]): void {
    this.#messages = 0
    for (const { topic, partition, offset } of offsets) {
      const key = `${topic}-${partition}`
      if (offset >= (this.#resolved.get(key)?.offset ?? 0)) this.#resolved.delete(key)
    }
  }

  gone(partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) this.#resolved.delete(`${topic}-${partition}`)
  }

  uncommitted(): Offsets {
    const byTopic = Map.groupBy(this.#resolved.values(), ({ topic }) => topic)
    const topics = [...byTopic].map(([topic, partitions]) => ({
      topic,
      partitions: partitions.map(({ partition, offset }) => ({ partition, offset: `${offset}` })),
    }))
    return { topics }
  }

  sought(topic: string, partition: number): void {
    const key = `${topic}-${partition}`
    this.#resolved.delete(key)
    this.#seeks.set(key, this.seeks(topic, partition) + 1)
  }

  /** How often. */
  seeks(topic: string, partition: number): number {
    return this.#seeks.get(`${topic}-${partition}`) ?? 0
  }
}
