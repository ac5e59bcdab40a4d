// The way to one address, on one lane: connects when something is to be sent, keeps the order of
// requests while it does, connects again after a loss, and waits longer after each failure.

import { Backoff, type BackoffOptions } from '@klamm/base'
import { type Address, addressText, Deadline, NetworkError } from '@klamm/base/env'
import { ApiVersions } from '@klamm/protocol'
import { diagnostics } from '../diagnostics.ts'
import type { ClientEnv } from '../env.ts'
import { KafkaError } from '../errors.ts'
import { maxQueuedRequests } from '../limits.ts'
import { Call } from './call.ts'
import { Connection } from './connection.ts'
import type { Versions } from './versions.ts'

export interface ChannelOptions {
  readonly env: ClientEnv
  readonly clientId: string
  readonly address: Address
  readonly lane: string
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retry: BackoffOptions
  /** Id of the broker there, when it is known by now. */
  readonly brokerId: () => number | undefined
}

/** Allowed for the name are letters, digits, dots and dashes (KIP-511). */
const introduction = {
  clientSoftwareName: 'klamm',
  clientSoftwareVersion: '0.1.0',
  clusterId: null,
  nodeId: -1,
}

export class Channel {
  readonly #options: ChannelOptions
  readonly #text: string
  readonly #backoff: Backoff
  readonly #closed = new AbortController()
  /** Waiting for a connection, in order. */
  #queue: Call[] = []
  #connection: Connection | undefined
  #connecting: Promise<void> | undefined
  /** No attempt begins before: the monotonic clock, in ms. */
  #notBeforeMs = 0

  constructor(options: ChannelOptions) {
    this.#options = options
    this.#text = addressText(options.address)
    this.#backoff = new Backoff(options.retry, options.env.random)
  }

  get isReady(): boolean {
    return this.#connection !== undefined
  }

  /** Whether others are the better choice: the last attempt failed, or answers are overdue. */
  get isDoubtful(): boolean {
    return this.#backoff.failures > 0 || this.#connection?.isOverdue === true
  }

  /** Requests written and queued that nobody has answered. */
  get load(): number {
    return this.#queue.length + (this.#connection?.inFlight ?? 0)
  }

  /** Undefined while there is no connection. */
  get versions(): Versions | undefined {
    return this.#connection?.versions
  }

  /** Writes the request now when there is a connection, otherwise as soon as there is. */
  send(call: Call): void {
    if (call.isOver) return
    if (this.#connection !== undefined) {
      this.#connection.send(call)
      return
    }
    if (this.#queue.length >= maxQueuedRequests) {
      call.fail(call.error('ERR_CONNECTION', `too many requests wait for ${this.#text}`))
      return
    }
    this.#queue.push(call)
    this.ready().then(undefined, () => {
      // Every call of the queue has been told.
    })
  }

  /** Resolves when there is a connection. Rejects with KafkaError when there can be none now. */
  ready(): Promise<void> {
    if (this.#connection !== undefined) return Promise.resolve()
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Ends it for good; everything fails with the error, now and later. */
  close(error: KafkaError): void {
    if (this.#closed.signal.aborted) return
    this.#closed.abort(error)
    this.#connection?.close(error)
    this.#fail(error)
  }

  async #connect(): Promise<void> {
    try {
      const connection = await this.#open()
      if (this.#closed.signal.aborted) {
        connection.close(this.#closed.signal.reason)
        throw this.#closed.signal.reason
      }
      this.#backoff.succeeded()
      this.#connection = connection
      if (diagnostics.connect.hasSubscribers) diagnostics.connect.publish(this.#event)
      const queue = this.#queue
      this.#queue = []
      for (const call of queue) if (!call.isOver) connection.send(call)
    } catch (error) {
      const { clock } = this.#options.env
      this.#notBeforeMs = clock.monotonicMs() + this.#backoff.failed()
      const failure = this.#asKafkaError(error)
      this.#fail(failure)
      throw failure
    }
  }

  async #open(): Promise<Connection> {
    const { env, address, clientId, requestTimeoutMs, connectionTimeoutMs } = this.#options
    this.#closed.signal.throwIfAborted()
    const waitMs = this.#notBeforeMs - env.clock.monotonicMs()
    if (waitMs > 0) await env.clock.sleep(waitMs, this.#closed.signal)
    using deadline = new Deadline(
      env.clock,
      connectionTimeoutMs,
      `connecting to ${this.#text}`,
      this.#closed.signal,
    )
    const stream = await env.network.connect(address, deadline.signal)
    const connection = new Connection(stream, {
      clientId,
      address: this.#text,
      requestTimeoutMs,
      onClosed: error => this.#onClosed(connection, error),
    })
    try {
      // What is left of the time is bounded by the deadline's signal.
      await connection.handshake(() => this.#versionsCall(deadline.signal))
      return connection
    } catch (error) {
      connection.close(this.#asKafkaError(deadline.signal.aborted ? deadline.signal.reason : error))
      throw deadline.signal.aborted ? deadline.signal.reason : error
    }
  }

  #versionsCall(signal: AbortSignal): Call {
    const { env, connectionTimeoutMs, brokerId } = this.#options
    return new Call({
      schema: ApiVersions,
      body: introduction,
      clock: env.clock,
      timeoutMs: connectionTimeoutMs,
      signal,
      maxVersion: undefined,
      hasAnswer: true,
      brokerId: brokerId(),
      trace: undefined,
    })
  }

  #onClosed(connection: Connection, error: Error | undefined): void {
    if (this.#connection !== connection) return
    this.#connection = undefined
    if (diagnostics.disconnect.hasSubscribers) {
      diagnostics.disconnect.publish({ ...this.#event, error })
    }
    const { log } = this.#options.env
    if (!this.#closed.signal.aborted) log.debug('connection lost', { ...this.#event, error })
  }

  get #event(): { readonly [field: string]: unknown } {
    const { clientId, lane, brokerId } = this.#options
    return { clientId, brokerId: brokerId(), address: this.#text, lane }
  }

  #fail(error: KafkaError): void {
    const queue = this.#queue
    this.#queue = []
    for (const call of queue) {
      if (call.isOver) continue
      call.fail(call.wrap(error))
    }
  }

  #asKafkaError(error: unknown): KafkaError {
    if (this.#closed.signal.aborted) return this.#closed.signal.reason
    if (KafkaError.is(error)) {
      return error.code === 'ERR_REQUEST_TIMEOUT' ? this.#connectionError(error) : error
    }
    return this.#connectionError(error)
  }

  #connectionError(cause: unknown): KafkaError {
    const reason = cause instanceof Error ? cause.message : `${cause}`
    const what = reason.includes(this.#text) ? reason : `connecting to ${this.#text}: ${reason}`
    // No wait makes a certificate trusted.
    const isTls = cause instanceof NetworkError && cause.code === 'tls'
    return new KafkaError('ERR_CONNECTION', what, { cause, retriable: !isTls })
  }
}
