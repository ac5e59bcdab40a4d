// Consumption by pull: async iterators over messages or batches. Asking for the next one says that
// the one before is done, and is the back-pressure; nothing is read ahead of it but bytes.

import type { Clock } from '@klamm/base/env'
import { abortedError } from '../errors.ts'
import { Breather } from './breather.ts'
import type { Delivery } from './delivery.ts'
import { Batch, type Message } from './message.ts'
import type { OwnedPartition } from './owned-partition.ts'
import type { RecordErrors } from './record-errors.ts'
import { RecordFailed, type RecordFailure } from './record-failure.ts'

/** Where a stream takes from. */
export interface Source<T> {
  /** The next item; undefined when there is none now. May throw RecordFailed. */
  take(): T | undefined
  /** What was taken last is done. */
  finish(): void
  /** What was taken last is not done: it comes again. */
  abandon(): void
  /** Goes on behind what cannot be read. */
  skip(failure: RecordFailure): void
  /** Resolves when `take` may have something, or the signal aborts. */
  wait(signal: AbortSignal): Promise<void>
}

interface StreamOptions {
  readonly clock: Clock
  readonly recordErrors: RecordErrors
  /** Ends the stream; `failure` says whether by an error. */
  readonly stopSignal: AbortSignal
  readonly failure: () => unknown
  /** The caller's: aborts with ERR_ABORTED. */
  readonly signal: AbortSignal | undefined
  /** It ends by an error that is not the caller's doing. */
  readonly onFatal: (error: unknown) => void
  readonly onEnd: () => void
}

export class RecordStream<T> implements AsyncIterableIterator<T, undefined> {
  readonly #source: Source<T>
  readonly #options: StreamOptions
  readonly #breather: Breather
  readonly #abort = new AbortController()
  /** Set while an item is being waited for: what is asked for next waits behind it. */
  #waiting: Promise<IteratorResult<T, undefined>> | undefined
  #isEnded = false

  constructor(source: Source<T>, options: StreamOptions) {
    this.#source = source
    this.#options = options
    this.#breather = new Breather(options.clock)
    for (const signal of [options.stopSignal, options.signal]) {
      if (signal?.aborted === true) this.#abort.abort()
      else signal?.addEventListener('abort', this.#onAbort)
    }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting !== undefined) {
      return this.#waiting.then(
        () => this.next(),
        () => this.next(),
      )
    }
    this.#source.finish()
    if (!this.#abort.signal.aborted && !this.#isEnded && !this.#breather.isDue()) {
      try {
        const value = this.#source.take()
        if (value !== undefined) return Promise.resolve({ done: false, value })
      } catch (error) {
        return this.#wait(error)
      }
    }
    return this.#wait(undefined)
  }

  /** Ends it: the last item counts as not done, unless it was committed. */
  return(): Promise<IteratorResult<T, undefined>> {
    if (!this.#isEnded) this.#source.abandon()
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Items that were being waited for are none. */
  end(): void {
    this.#abort.abort()
  }

  #wait(error: unknown): Promise<IteratorResult<T, undefined>> {
    const waiting = this.#next(error).finally(() => {
      this.#waiting = undefined
    })
    this.#waiting = waiting
    return waiting
  }

  async #next(thrown: unknown): Promise<IteratorResult<T, undefined>> {
    let error = thrown
    const { signal } = this.#abort
    try {
      if (this.#breather.isDue()) await this.#breather.breathe()
      for (;;) {
        if (error !== undefined) await this.#passOver(error)
        if (signal.aborted || this.#isEnded) break
        try {
          error = undefined
          const value = this.#source.take()
          if (value !== undefined) return { done: false, value }
        } catch (caught) {
          error = caught
          continue
        }
        await this.#source.wait(signal)
        this.#breather.rested()
      }
    } catch (fatal) {
      // What was under way when it was stopped is not why it ends.
      if (!signal.aborted) {
        this.#source.abandon()
        this.#end()
        this.#options.onFatal(fatal)
        throw fatal
      }
    }
    return this.#last()
  }

  async #passOver(error: unknown): Promise<void> {
    if (!(error instanceof RecordFailed)) throw error
    await this.#options.recordErrors.handle(error.failure, this.#abort.signal)
    this.#source.skip(error.failure)
  }

  #last(): IteratorResult<T, undefined> {
    const isFirstTime = !this.#isEnded
    const { signal, failure, stopSignal } = this.#options
    this.#source.abandon()
    this.#end()
    if (isFirstTime && signal?.aborted === true) throw abortedError(signal)
    const reason = failure()
    if (isFirstTime && stopSignal.aborted && reason !== undefined) throw reason
    return { done: true, value: undefined }
  }

  #end(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const { stopSignal, signal, onEnd } = this.#options
    for (const each of [stopSignal, signal]) each?.removeEventListener('abort', this.#onAbort)
    this.#abort.abort()
    onEnd()
  }

  readonly #onAbort = (): void => this.#abort.abort()
}

/** Messages of one partition in a row, while others wait. */
const maxTurn = 1_000

/** Messages or batches of all partitions, in turns. */
export class SharedSource<K, V, T> implements Source<T> {
  readonly #delivery: Delivery<K, V>
  readonly #read: (partition: OwnedPartition<K, V>) => T | undefined
  readonly #done: (partition: OwnedPartition<K, V>, item: T) => void
  #partition: OwnedPartition<K, V> | undefined
  #version = -1
  #item: T | undefined
  #turn = 0
  #hasFailed = false

  constructor(
    delivery: Delivery<K, V>,
    read: (partition: OwnedPartition<K, V>) => T | undefined,
    done: (partition: OwnedPartition<K, V>, item: T) => void,
  ) {
    this.#delivery = delivery
    this.#read = read
    this.#done = done
  }

  take(): T | undefined {
    for (;;) {
      let partition = this.#partition
      if (partition === undefined) {
        partition = this.#delivery.claim()
        if (partition === undefined) return undefined
        this.#partition = partition
        this.#turn = 0
      }
      this.#turn += 1
      if (this.#turn <= maxTurn && mayGoOn(partition, this.#delivery)) {
        this.#hasFailed = true
        const item = this.#read(partition)
        this.#hasFailed = false
        if (item !== undefined) {
          this.#item = item
          this.#version = partition.fetch.version
          return item
        }
      }
      this.#partition = undefined
      this.#delivery.release(partition)
    }
  }

  finish(): void {
    const item = this.#item
    const partition = this.#partition
    if (item === undefined || partition === undefined) return
    this.#item = undefined
    if (partition.fetch.version === this.#version) this.#done(partition, item)
  }

  abandon(): void {
    const partition = this.#partition
    if (partition === undefined) return
    this.#partition = undefined
    const isUndone = this.#item !== undefined && partition.fetch.version === this.#version
    if (isUndone || this.#hasFailed) partition.rewind()
    this.#item = undefined
    this.#hasFailed = false
    this.#delivery.release(partition)
  }

  skip({ nextOffset }: RecordFailure): void {
    const partition = this.#partition
    this.#hasFailed = false
    partition?.fetch.done(nextOffset, partition.reader.leaderEpoch)
  }

  wait(signal: AbortSignal): Promise<void> {
    return this.#delivery.whenReady(signal)
  }
}

/** Messages of one partition alone. */
export class PartitionSource<K, V> implements Source<Message<K, V>> {
  readonly #delivery: Delivery<K, V>
  readonly #partition: OwnedPartition<K, V>
  #message: Message<K, V> | undefined
  #version = -1
  #hasFailed = false
  #wake: (() => void) | undefined

  constructor(delivery: Delivery<K, V>, partition: OwnedPartition<K, V>) {
    this.#delivery = delivery
    this.#partition = partition
    partition.onReady = () => this.#wake?.()
  }

  take(): Message<K, V> | undefined {
    const partition = this.#partition
    if (partition.isBusy || !mayGoOn(partition, this.#delivery)) return undefined
    this.#hasFailed = true
    const message = partition.reader.next()
    this.#hasFailed = false
    if (message === undefined) return undefined
    partition.begin()
    this.#message = message
    this.#version = partition.fetch.version
    return message
  }

  finish(): void {
    const message = this.#message
    if (message === undefined) return
    this.#message = undefined
    const { fetch } = this.#partition
    if (fetch.version === this.#version) fetch.done(message.offset + 1, message.leaderEpoch)
    this.#partition.end()
  }

  abandon(): void {
    const isUndone = this.#message !== undefined
    const { fetch } = this.#partition
    if (this.#hasFailed || (isUndone && fetch.version === this.#version)) this.#partition.rewind()
    this.#hasFailed = false
    this.#message = undefined
    if (isUndone) this.#partition.end()
  }

  skip({ nextOffset }: RecordFailure): void {
    this.#hasFailed = false
    this.#partition.fetch.done(nextOffset, this.#partition.reader.leaderEpoch)
  }

  async wait(signal: AbortSignal): Promise<void> {
    if (this.#partition.isReady && !this.#delivery.isSuspended) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const onAbort = (): void => resolve()
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) resolve()
    this.#wake = resolve
    await promise
    this.#wake = undefined
    signal.removeEventListener('abort', onAbort)
  }
}

function mayGoOn<K, V>(partition: OwnedPartition<K, V>, delivery: Delivery<K, V>): boolean {
  return partition.state === 'active' && !partition.fetch.isPaused && !delivery.isSuspended
}

/** One message after the other. */
export function messageSource<K, V>(delivery: Delivery<K, V>): Source<Message<K, V>> {
  return new SharedSource<K, V, Message<K, V>>(
    delivery,
    partition => partition.reader.next(),
    (partition, message) => partition.fetch.done(message.offset + 1, message.leaderEpoch),
  )
}

/** What came together, partition by partition. */
export function batchSource<K, V>(delivery: Delivery<K, V>, maxBytes: number): Source<Batch<K, V>> {
  return new SharedSource<K, V, Batch<K, V>>(
    delivery,
    partition => {
      const { reader, fetch } = partition
      const messages = reader.nextBatch(maxBytes)
      if (messages === undefined) return undefined
      return new Batch(partition, messages, fetch.highWatermark, reader.readOffset)
    },
    partition => partition.reader.batchDone(),
  )
}

/** The messages of one partition, from when it was assigned until it is taken away. */
export class PartitionStream<K, V> extends RecordStream<Message<K, V>> {
  readonly topic: string
  readonly partition: number

  constructor(delivery: Delivery<K, V>, owned: OwnedPartition<K, V>, options: StreamOptions) {
    super(new PartitionSource(delivery, owned), options)
    this.topic = owned.topic
    this.partition = owned.partition
  }
}
