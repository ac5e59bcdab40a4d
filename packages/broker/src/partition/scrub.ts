// Reads all logs again and again, slowly, so that damage on the disk is found while others still
// have what is damaged, and not when they are gone and it is needed.

import { type Clock, TaskScope } from '@klamm/base/env'
import type { Partition } from './partition.ts'

export interface ScrubOptions {
  readonly clock: Clock
  /** All replicas that are in service. */
  readonly partitions: Iterable<Partition> & {
    get(topicId: string, partitionIndex: number): Partition | undefined
  }
  readonly onFailure: (error: unknown) => void
}

/** Read at once: reading stops the event loop, for longer when the disk has to be asked. */
const stepBytes = 128 * 1024
/** Between two reads, in ms: about 12 MiB/s, of what a disk gives and of what a core checks. */
const stepPauseMs = 10
/** Between two rounds, and before the first one, in ms. */
const roundPauseMs = 3_600_000
const firstPauseMs = 1_000

export class Scrub implements AsyncDisposable {
  readonly #options: ScrubOptions
  readonly #scope: TaskScope

  private constructor(options: ScrubOptions) {
    this.#options = options
    this.#scope = new TaskScope((_task, error) => options.onFailure(error))
  }

  static start(options: ScrubOptions): Scrub {
    const scrub = new Scrub(options)
    scrub.#scope.spawn('scrub', signal => scrub.#run(signal))
    return scrub
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#scope[Symbol.asyncDispose]()
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { clock, partitions } = this.#options
    await clock.sleep(firstPauseMs, signal)
    for (;;) {
      for (const partition of [...partitions]) await this.#check(partition, signal)
      await clock.sleep(roundPauseMs, signal)
    }
  }

  /** What is found damaged goes out of service, as after any other read. */
  async #check(partition: Partition, signal: AbortSignal): Promise<void> {
    const { clock, partitions } = this.#options
    const { topicId, partitionIndex, log } = partition
    let offset = log.logStartOffset
    while (partitions.get(topicId, partitionIndex) === partition) {
      // Retention or a truncation may have been faster.
      offset = Math.max(offset, log.logStartOffset)
      const endOffset = log.durableEndOffset
      if (offset >= endOffset) return
      const result = partition.read(offset, stepBytes, endOffset, true)
      if (result === undefined || result.nextOffset === offset) return
      offset = result.nextOffset
      await clock.sleep(stepPauseMs, signal)
    }
  }
}
