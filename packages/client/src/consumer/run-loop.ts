// `run`: hands messages or batches to the program's handler, one at a time per partition, several
// partitions at once. Ends when it is stopped, or by an error that is fatal.

import { backoffMs } from '@klamm/base'
import type { ClientCore } from '../core.ts'
import { KafkaError } from '../errors.ts'
import { Breather } from './breather.ts'
import { invalid, type ResolvedConsumerOptions } from './consumer-options.ts'
import type { Delivery } from './delivery.ts'
import type { EventHub } from './events.ts'
import { Batch, type Message } from './message.ts'
import type { OwnedPartition } from './owned-partition.ts'
import type { RecordErrors } from './record-errors.ts'
import { RecordFailed } from './record-failure.ts'

/** What a handler gets besides its message. */
export interface HandlerContext {
  /** Aborts when the partition is taken away, or the consumer stops. */
  readonly signal: AbortSignal
}

export interface BatchContext extends HandlerContext {
  /** Everything up to and including `offset` is done, also when the handler throws later. */
  resolveOffset(offset: number): void
}

export interface RunOptions<K, V> {
  /** Called for each message. It is done when this returns, or what it returns resolves. */
  readonly eachMessage?: ((message: Message<K, V>, context: HandlerContext) => unknown) | undefined
  /** Called for the messages of one partition that came together. */
  readonly eachBatch?: ((batch: Batch<K, V>, context: BatchContext) => unknown) | undefined
  /** Partitions that are worked on at the same time; 1 when left out. */
  readonly concurrency?: number | undefined
  /** Stops it. */
  readonly signal?: AbortSignal | undefined
}

/** Messages of one partition in a row, while others wait. */
const maxTurn = 1_000

interface RunLoopDependencies<K, V> {
  readonly core: ClientCore
  readonly options: ResolvedConsumerOptions<K, V>
  readonly delivery: Delivery<K, V>
  readonly events: EventHub
  readonly recordErrors: RecordErrors
}

export class RunLoop<K, V> {
  readonly #deps: RunLoopDependencies<K, V>
  readonly #run: RunOptions<K, V>
  readonly #signal: AbortSignal
  readonly #breather: Breather
  /** When handlers threw, monotonic ms. */
  #crashes: number[] = []

  /** Throws ERR_INVALID_ARGUMENT. */
  constructor(deps: RunLoopDependencies<K, V>, run: RunOptions<K, V>, signal: AbortSignal) {
    const { eachMessage, eachBatch, concurrency = 1 } = run
    if ((eachMessage === undefined) === (eachBatch === undefined)) {
      throw invalid('run needs either eachMessage or eachBatch')
    }
    if (!Number.isSafeInteger(concurrency) || concurrency < 1) {
      throw invalid(`concurrency is a whole number from 1 on, not ${concurrency}`)
    }
    this.#deps = deps
    this.#run = run
    this.#signal = signal
    this.#breather = new Breather(deps.core.env.clock)
  }

  /** Resolves when the signal has aborted and handlers have ended; rejects by a fatal error. */
  async go(): Promise<void> {
    const { concurrency = 1 } = this.#run
    await Promise.all(Array.from({ length: concurrency }, () => this.#work()))
  }

  async #work(): Promise<void> {
    const { delivery } = this.#deps
    while (!this.#signal.aborted) {
      const partition = delivery.claim()
      if (partition === undefined) {
        await delivery.whenReady(this.#signal)
        this.#breather.rested()
        continue
      }
      try {
        if (this.#run.eachMessage !== undefined) await this.#messages(partition)
        else await this.#batches(partition)
      } finally {
        delivery.release(partition)
      }
    }
  }

  /** The hot path: nothing is awaited that is not a promise, nothing made per message. */
  async #messages(partition: OwnedPartition<K, V>): Promise<void> {
    const { reader, fetch } = partition
    const breather = this.#breather
    const context: HandlerContext = { signal: partition.abort.signal }
    for (let count = 0; count < maxTurn && this.#mayGoOn(partition); count++) {
      let message: Message<K, V> | undefined
      try {
        message = reader.next()
      } catch (error) {
        await this.#unreadable(partition, error)
        continue
      }
      if (message === undefined) return
      const { version } = fetch
      try {
        const result = this.#handle(message, context)
        if (isThenable(result)) await result
      } catch (error) {
        this.#crashed(partition, error)
        return
      }
      if (fetch.version === version) fetch.done(message.offset + 1, message.leaderEpoch)
      if (breather.isDue()) await breather.breathe()
    }
  }

  #handle(message: Message<K, V>, context: HandlerContext): unknown {
    const { consumerProcess } = this.#deps.core.diagnostics
    const { eachMessage = () => {} } = this.#run
    if (!consumerProcess.hasSubscribers) return eachMessage(message, context)
    const { topic, partition, offset } = message
    const at = this.#trace(topic, partition, offset, 1)
    return consumerProcess.tracePromise(async () => eachMessage(message, context), at)
  }

  async #batches(partition: OwnedPartition<K, V>): Promise<void> {
    const { reader, fetch } = partition
    const { options } = this.#deps
    while (this.#mayGoOn(partition)) {
      let messages: Message<K, V>[] | undefined
      try {
        messages = reader.nextBatch(options.maxBytesPerPartition)
      } catch (error) {
        await this.#unreadable(partition, error)
        continue
      }
      if (messages === undefined) return
      const { version } = fetch
      const batch = new Batch(partition, messages, fetch.highWatermark, reader.readOffset)
      try {
        const result = this.#handleBatch(batch, partition)
        if (isThenable(result)) await result
      } catch (error) {
        this.#crashed(partition, error)
        return
      }
      if (fetch.version === version) reader.batchDone()
      if (this.#breather.isDue()) await this.#breather.breathe()
    }
  }

  #handleBatch(batch: Batch<K, V>, owned: OwnedPartition<K, V>): unknown {
    const { consumerProcess } = this.#deps.core.diagnostics
    const { eachBatch = () => {} } = this.#run
    const { fetch } = owned
    const { version } = fetch
    const context: BatchContext = {
      signal: owned.abort.signal,
      resolveOffset(offset) {
        if (fetch.version === version) fetch.done(offset + 1, owned.reader.leaderEpoch)
      },
    }
    if (!consumerProcess.hasSubscribers) return eachBatch(batch, context)
    const { topic, partition, firstOffset, length } = batch
    const at = this.#trace(topic, partition, firstOffset, length)
    return consumerProcess.tracePromise(async () => eachBatch(batch, context), at)
  }

  #trace(topic: string, partition: number, offset: number, records: number): object {
    const { clientId } = this.#deps.core
    const { groupId } = this.#deps.options
    return { clientId, groupId, topic, partition, offset, records }
  }

  #mayGoOn(partition: OwnedPartition<K, V>): boolean {
    if (this.#signal.aborted || this.#deps.delivery.isSuspended) return false
    return partition.state === 'active' && !partition.fetch.isPaused
  }

  /** Passes over it, or rejects. */
  async #unreadable(partition: OwnedPartition<K, V>, error: unknown): Promise<void> {
    if (!(error instanceof RecordFailed)) throw error
    const { fetch, reader } = partition
    const { version } = fetch
    try {
      await this.#deps.recordErrors.handle(error.failure, this.#signal)
    } catch (fatal) {
      partition.rewind()
      // Stopped while a dead letter was on its way: it comes again.
      if (this.#signal.aborted) return
      throw fatal
    }
    if (fetch.version === version) fetch.done(error.failure.nextOffset, reader.leaderEpoch)
  }

  /** The message comes again after a while. Throws when that has happened too often. */
  #crashed(partition: OwnedPartition<K, V>, error: unknown): void {
    partition.rewind()
    // A handler that ends by its signal has not failed.
    if (partition.abort.signal.aborted || this.#signal.aborted) return
    const { core, options, events } = this.#deps
    const { clock, random, log } = core.env
    const nowMs = clock.monotonicMs()
    this.#crashes = this.#crashes.filter(atMs => nowMs - atMs < options.restartWindowMs)
    this.#crashes.push(nowMs)
    const restarts = this.#crashes.length
    const isFatal = restarts > options.maxRestarts
    const where = { topic: partition.topic, partition: partition.partition }
    events.emit('crash', { error, ...where, restarts, isFatal })
    core.diagnostics.crash.publish({ clientId: core.clientId, error, restarts })
    if (isFatal) {
      const at = `${partition.key} at offset ${partition.fetch.position}`
      const message = `the handler of ${at} threw ${restarts} times, more than allowed`
      throw new KafkaError('ERR_HANDLER', message, { ...where, cause: error, fatal: true })
    }
    const waitMs = backoffMs(core.options.retry, restarts, random)
    log.warn('a handler threw; its message comes again', { ...where, restarts, waitMs, error })
    partition.blockedUntilMs = nowMs + waitMs
    core.scope.spawn('handler retry', async signal => {
      await clock.sleep(waitMs, signal)
      this.#deps.delivery.ready(partition)
    })
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    typeof (value as { readonly then?: unknown }).then === 'function'
  )
}
