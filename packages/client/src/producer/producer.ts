// What a program sends records with. Takes messages, makes calls of them, and hands these to the
// intake; the sender does the rest.

import { Deadline, once } from '@klamm/base/env'
import { Accumulator } from '../accumulator/accumulator.ts'
import type { ClientCore } from '../core.ts'
import { abortedError, KafkaError } from '../errors.ts'
import { retrying } from '../network/retry.ts'
import { type BatchBytes, batchSinks } from './batch-bytes.ts'
import { CallMaker } from './call-maker.ts'
import { Flushes } from './flushes.ts'
import { Intake } from './intake.ts'
import type {
  ProducerBatch,
  ProducerMessage,
  ProducerRecord,
  RawData,
  RecordMetadata,
  SendOptions,
  SendSettings,
  SingleRecord,
} from './messages.ts'
import type { ProducerOptions } from './producer-options.ts'
import { type ResolvedProducerOptions, resolveProducerOptions } from './resolve-options.ts'
import type { SendCall } from './send-call.ts'
import { Sender } from './sender.ts'

export interface CloseOptions {
  /** How long records that were accepted may still be tried, in ms; 30 s when left out. */
  readonly timeoutMs?: number | undefined
}

/** Batches of several partitions share a request up to this size. */
const maxRequestBytes = 1024 * 1024

/**
 * Records of one partition are stored in the order of the calls. Every promise of a `send` settles:
 * by an acknowledgement, an error, the delivery time-out, or `close`.
 */
export class Producer<K = RawData, V = RawData> implements AsyncDisposable {
  readonly #core: ClientCore
  readonly #options: ResolvedProducerOptions
  readonly #calls: CallMaker<K, V>
  readonly #flushes = new Flushes()
  readonly #intake: Intake
  readonly #sender: Sender
  #isClosed = false
  #closeTimeoutMs = 30_000
  readonly #close = once(() => this.#shutDown())

  /** Takes over the core, and connects to nothing yet. Throws ERR_INVALID_ARGUMENT. */
  constructor(core: ClientCore, given: ProducerOptions<K, V> = {}) {
    const { env, options: coreOptions } = core
    const options = resolveProducerOptions(given, env.random.fork('producer'))
    const accumulator = new Accumulator<BatchBytes, SendCall>({
      ...options,
      sinks: batchSinks<SendCall>(),
      random: env.random.fork('retries'),
      maxRequestBytes: Math.max(maxRequestBytes, options.batchBytes),
      retry: coreOptions.retry,
    })
    this.#core = core
    this.#options = options
    this.#calls = new CallMaker(given, options)
    const onReady = (): void => this.#sender.wake()
    this.#intake = new Intake({ core, accumulator, options, onReady })
    this.#sender = new Sender({ core, accumulator, flushes: this.#flushes, intake: this.#intake })
    const { signal } = core.scope
    if (signal.aborted) this.#abandon()
    else signal.addEventListener('abort', () => this.#abandon())
  }

  /**
   * Reaches the cluster now rather than with the first `send`, which does it as well. Rejects with
   * what the last attempt failed with.
   */
  async connect({ signal }: SendOptions = {}): Promise<void> {
    this.#throwIfClosed()
    const { env, metadata, options, scope } = this.#core
    await metadata.refresh(signal)
    if (!this.#options.isIdempotent) return
    const deadlineMs = env.clock.monotonicMs() + options.requestTimeoutMs
    await retrying(env, { retry: options.retry, deadlineMs, signal }, () => {
      return this.#sender.identify(signal ?? scope.signal)
    })
  }

  /**
   * Sends messages to one topic. Resolves with where each was stored, in the order of the messages,
   * once all are acknowledged. Rejects, once the fate of all is known, with the error of the first
   * that failed; the others may be stored. ERR_SERIALIZATION, ERR_INVALID_ARGUMENT and
   * ERR_BUFFER_FULL say that nothing was sent.
   */
  send(record: ProducerRecord<K, V>, options: SendOptions = {}): Promise<RecordMetadata[]> {
    try {
      const call = this.#prepare(record.topic, record.messages, record)
      return this.#start([call], call, options.signal)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The same for several topics. The results are in the order of topics, then messages. */
  async sendBatch(
    batch: ProducerBatch<K, V>,
    options: SendOptions = {},
  ): Promise<RecordMetadata[]> {
    const calls = batch.topicMessages.map(({ topic, messages }) => {
      return this.#prepare(topic, messages, batch)
    })
    const results = await Promise.allSettled(
      calls.map(call => this.#start(calls, call, options.signal)),
    )
    const stored: RecordMetadata[] = []
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason
      for (const metadata of result.value) stored.push(metadata)
    }
    return stored
  }

  /**
   * Sends one message, for programs that send many and look at each result. Take care of its
   * rejection: unlike those of `send` it is easily forgotten, and Node ends a program for it.
   */
  enqueue(record: SingleRecord<K, V>, options: SendOptions = {}): Promise<RecordMetadata> {
    return this.send(
      { ...settingsIn(record), topic: record.topic, messages: [record] },
      options,
    ).then(([metadata]) => metadata as RecordMetadata)
  }

  /**
   * Sends everything without waiting for more, and resolves once the fate of every record that was
   * handed over before is known. What failed is told by the promise of its `send` alone.
   */
  flush({ signal }: SendOptions = {}): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (signal?.aborted === true) return Promise.reject(abortedError(signal))
    const onAbort = (): void => reject(abortedError(signal as AbortSignal))
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#flushes.flush(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    this.#sender.wake()
    return promise
  }

  /**
   * Accepts nothing more, delivers what it can within the time, and closes the connections. What is
   * left then rejects with ERR_CLOSED. Calling it again waits for the same end.
   */
  close({ timeoutMs }: CloseOptions = {}): Promise<void> {
    if (timeoutMs !== undefined && !this.#isClosed) this.#closeTimeoutMs = timeoutMs
    return this.#close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #prepare(
    topic: string,
    messages: readonly ProducerMessage<K, V>[],
    settings: SendSettings,
  ): SendCall {
    this.#throwIfClosed()
    const { clock } = this.#core.env
    return this.#calls.make(topic, messages, settings, {
      nowMs: clock.monotonicMs(),
      wallMs: clock.wallMs(),
      onOver: this.#onOver,
    })
  }

  /** `together` are the calls that the caller sees as one. */
  #start(
    together: readonly SendCall[],
    call: SendCall,
    signal: AbortSignal | undefined,
  ): Promise<RecordMetadata[]> {
    const { producerSend } = this.#core.diagnostics
    if (call.count === 0) return Promise.resolve([])
    if (!producerSend.hasSubscribers) return this.#submit(together, call, signal)
    const { clientId } = this.#core
    const context = { clientId, topic: call.topic, messages: call.count }
    return producerSend.tracePromise(() => this.#submit(together, call, signal), context)
  }

  #submit(
    together: readonly SendCall[],
    call: SendCall,
    signal: AbortSignal | undefined,
  ): Promise<RecordMetadata[]> {
    call.generation = this.#flushes.begun()
    if (signal !== undefined) this.#listen(call, signal)
    if (call.isOver) return call.promise
    const bytes = call === together[0] ? together.reduce((sum, one) => sum + one.bytes, 0) : 0
    if (bytes > 0 && this.#intake.refuses(bytes)) {
      const { maxBufferedBytes } = this.#options
      for (const one of together) {
        const message = `${maxBufferedBytes} bytes of records wait for their acknowledgement`
        one.end(new KafkaError('ERR_BUFFER_FULL', message, { topic: one.topic, retriable: true }))
      }
    } else if (!call.isOver) this.#intake.submit(call)
    return call.promise
  }

  #listen(call: SendCall, signal: AbortSignal): void {
    const onAbort = (): void => {
      call.end(abortedError(signal, `sending to ${call.topic} was aborted`))
      this.#sender.aborted()
    }
    if (signal.aborted) {
      onAbort()
      return
    }
    signal.addEventListener('abort', onAbort)
    call.stopListening = () => signal.removeEventListener('abort', onAbort)
  }

  readonly #onOver = (call: SendCall): void => {
    call.stopListening?.()
    if (call.generation !== undefined) this.#flushes.ended(call.generation)
  }

  #throwIfClosed(): void {
    if (!this.#isClosed) return
    throw new KafkaError('ERR_CLOSED', 'the producer was closed', { fatal: true })
  }

  async #shutDown(): Promise<void> {
    this.#isClosed = true
    const { clock } = this.#core.env
    using deadline = new Deadline(clock, this.#closeTimeoutMs, 'closing the producer')
    try {
      await this.flush({ signal: deadline.signal })
    } catch (error) {
      if (!KafkaError.is(error)) throw error
    }
    this.#abandon()
    await this.#core[Symbol.asyncDispose]()
  }

  /** Nobody is left waiting: what is on its way may be stored or not. */
  #abandon(): void {
    this.#isClosed = true
    this.#sender.abandon({ code: 'ERR_CLOSED', message: 'the producer was closed' })
    this.#sender[Symbol.dispose]()
    this.#intake[Symbol.dispose]()
  }
}

function settingsIn({ acks, compression }: SendSettings): SendSettings {
  return { acks, compression }
}
