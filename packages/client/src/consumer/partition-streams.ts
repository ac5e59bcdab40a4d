// Consumption partition by partition: each that is assigned is handed out as a stream of its own.

import type { Clock } from '@klamm/base/env'
import { KafkaError } from '../errors.ts'
import type { Engine } from './engine.ts'
import type { OwnedPartition } from './owned-partition.ts'
import type { RecordErrors } from './record-errors.ts'
import { PartitionStream, type Source } from './streams.ts'

/** The source of `Consumer.partitions`. */
export class PartitionStreams<K, V> implements Source<PartitionStream<K, V>> {
  readonly #engine: Engine<K, V>
  readonly #recordErrors: RecordErrors
  readonly #clock: Clock
  readonly #signal: AbortSignal | undefined
  readonly #open = new Map<OwnedPartition<K, V>, PartitionStream<K, V>>()
  #waiting: OwnedPartition<K, V>[] = []
  #wake: (() => void) | undefined
  #isOver = false

  constructor(
    engine: Engine<K, V>,
    recordErrors: RecordErrors,
    clock: Clock,
    signal: AbortSignal | undefined,
  ) {
    this.#engine = engine
    this.#recordErrors = recordErrors
    this.#clock = clock
    this.#signal = signal
    for (const partition of engine.owned.values()) this.#offer(partition)
    engine.onOwned = partition => this.#offer(partition)
  }

  take(): PartitionStream<K, V> | undefined {
    for (;;) {
      const partition = this.#waiting.shift()
      if (partition === undefined) return undefined
      if (partition.state !== 'active') continue
      const stream = new PartitionStream(this.#engine.delivery, partition, {
        clock: this.#clock,
        recordErrors: this.#recordErrors,
        // It is taken away, or everything ends.
        stopSignal: partition.abort.signal,
        failure: () => this.#engine.failure,
        signal: this.#signal,
        onFatal: error => this.#engine.failed(fatal(error)),
        onEnd: () => this.#ended(partition),
      })
      this.#open.set(partition, stream)
      return stream
    }
  }

  finish(): void {}

  /** Iteration over partitions has ended, and with it that over their messages. */
  abandon(): void {
    this.#isOver = true
    this.#engine.onOwned = undefined
    for (const stream of [...this.#open.values()]) stream.end()
  }

  skip(): void {}

  wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#waiting.length > 0 || signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
    this.#wake = resolve
    return promise
  }

  #offer(partition: OwnedPartition<K, V>): void {
    // Its messages are for its own stream.
    partition.onReady = () => {}
    this.#waiting.push(partition)
    this.#wake?.()
  }

  #ended(partition: OwnedPartition<K, V>): void {
    this.#open.delete(partition)
    partition.onReady = undefined
    if (this.#isOver) this.#engine.delivery.ready(partition)
    else if (partition.state === 'active') this.#offer(partition)
  }
}

function fatal(error: unknown): KafkaError {
  if (KafkaError.is(error)) return error
  return new KafkaError('ERR_HANDLER', String(error), { cause: error, fatal: true })
}
