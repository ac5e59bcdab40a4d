// One request on its way: waiting for a connection, then for its answer. It ends once, whichever
// comes first: the answer, a failure, the caller's signal, its time.

import type { Clock, Timer } from '@klamm/base/env'
import type { ApiSchema, RequestOf } from '@klamm/protocol'
import { abortedError, KafkaError } from '../errors.ts'

/** What an observer is told of a request; the version is known when it is written. */
export interface RequestTrace {
  readonly clientId: string
  readonly brokerId: number | undefined
  readonly api: string
  version: number | undefined
}

/** Of some API; that it is the one of the schema was checked where both were given. */
type Body = RequestOf<ApiSchema> | ((version: number) => RequestOf<ApiSchema>)

export interface CallOptions {
  readonly schema: ApiSchema
  readonly body: Body
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal | undefined
  readonly maxVersion: number | undefined
  /** False for a request without an answer: it is over when it is written. */
  readonly hasAnswer: boolean
  /** Id of the broker when it is known; for errors. */
  readonly brokerId: number | undefined
  readonly trace: RequestTrace | undefined
}

export class Call {
  readonly schema: ApiSchema
  readonly maxVersion: number | undefined
  readonly hasAnswer: boolean
  readonly brokerId: number | undefined
  /** The response; undefined when there is none. */
  readonly promise: Promise<unknown>
  /** The version it was written in; -1 before. */
  version = -1
  /** Called when it ends before its answer came, after it was written. */
  onGivenUp: ((call: Call, why: 'timeout' | 'abort') => void) | undefined
  readonly #body: Body
  readonly #timeoutMs: number
  readonly #signal: AbortSignal | undefined
  readonly #trace: RequestTrace | undefined
  readonly #resolve: (response: unknown) => void
  readonly #reject: (error: unknown) => void
  readonly #timer: Timer | undefined
  #isOver = false

  constructor(options: CallOptions) {
    this.schema = options.schema
    this.maxVersion = options.maxVersion
    this.hasAnswer = options.hasAnswer
    this.brokerId = options.brokerId
    this.#body = options.body
    this.#timeoutMs = options.timeoutMs
    this.#signal = options.signal
    this.#trace = options.trace
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    if (options.signal?.aborted === true) {
      this.#isOver = true
      reject(abortedError(options.signal))
      return
    }
    options.signal?.addEventListener('abort', this.#onAbort)
    this.#timer = options.clock.setTimer(options.timeoutMs, this.#onTimeout)
  }

  /** Nobody waits any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** How long it may take in all, in ms. */
  get timeoutMs(): number {
    return this.#timeoutMs
  }

  /** What to write, in this version. Throws what the caller's function throws. */
  bodyFor(version: number): RequestOf<ApiSchema> {
    this.version = version
    if (this.#trace !== undefined) this.#trace.version = version
    return typeof this.#body === 'function' ? this.#body(version) : this.#body
  }

  succeed(response: unknown): void {
    if (this.#end()) this.#resolve(response)
  }

  fail(error: unknown): void {
    if (this.#end()) this.#reject(error)
  }

  /** An error of this request: what was asked of whom, and what happened. */
  error(code: 'ERR_CONNECTION' | 'ERR_PROTOCOL', what: string, cause?: unknown): KafkaError {
    return new KafkaError(code, `${this.#what}: ${what}`, { ...this.#where, cause })
  }

  /** An error of the connection as one of this request. */
  wrap(error: KafkaError): KafkaError {
    const { code, message, cause, retriable } = error
    if (code !== 'ERR_CONNECTION' && code !== 'ERR_PROTOCOL') return error
    return new KafkaError(code, `${this.#what}: ${message}`, { ...this.#where, cause, retriable })
  }

  get #what(): string {
    const { name } = this.schema
    return this.brokerId === undefined ? name : `${name} to broker ${this.brokerId}`
  }

  get #where(): { brokerId?: number } {
    return this.brokerId === undefined ? {} : { brokerId: this.brokerId }
  }

  readonly #onTimeout = (): void => {
    const isWritten = this.version >= 0
    const what = isWritten ? 'no answer' : 'no connection'
    this.fail(
      new KafkaError(
        'ERR_REQUEST_TIMEOUT',
        `${this.#what}: ${what} within ${this.#timeoutMs} ms`,
        this.#where,
      ),
    )
    this.onGivenUp?.(this, 'timeout')
  }

  readonly #onAbort = (): void => {
    const signal = this.#signal
    if (signal === undefined) return
    this.fail(abortedError(signal, `${this.#what}: aborted by the caller`))
    this.onGivenUp?.(this, 'abort')
  }

  #end(): boolean {
    if (this.#isOver) return false
    this.#isOver = true
    this.#timer?.cancel()
    this.#signal?.removeEventListener('abort', this.#onAbort)
    return true
  }
}
