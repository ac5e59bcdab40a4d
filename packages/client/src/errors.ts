// The one error that callers of this package see. `code` tells what happened, `retriable` whether
// trying again can help, `fatal` whether the object that threw is of no use any more.

import { type ErrorName, errorCodes, isRetriable } from '@klamm/protocol/errors'

/** What goes wrong on this side of the wire; everything else is one of Kafka's error names. */
export type ClientErrorCode =
  /** No broker could be reached, or the connection was lost before the answer came. */
  | 'ERR_CONNECTION'
  /** An answer did not come within the request's time. */
  | 'ERR_REQUEST_TIMEOUT'
  /** A record was not acknowledged within `deliveryTimeoutMs`. It may have been stored. */
  | 'ERR_DELIVERY_TIMEOUT'
  /** There is no room for the record and the producer was told not to wait. */
  | 'ERR_BUFFER_FULL'
  /** The producer, consumer or admin was closed. */
  | 'ERR_CLOSED'
  /** The caller's AbortSignal fired; `cause` is its reason. */
  | 'ERR_ABORTED'
  /** An option or argument makes no sense; the message names it. */
  | 'ERR_INVALID_ARGUMENT'
  /** A key or value could not be turned into bytes or back; `cause` says why. */
  | 'ERR_SERIALIZATION'
  /** The broker speaks no version of an API that this client needs. */
  | 'ERR_UNSUPPORTED_VERSION'
  /** What the broker sent cannot be read. */
  | 'ERR_PROTOCOL'
  /** The caller's own handler threw; `cause` is what it threw. */
  | 'ERR_HANDLER'
  /** There is no committed offset and `fromBeginning` does not say where to start. */
  | 'ERR_NO_OFFSET'

export type KafkaErrorCode = ErrorName | ClientErrorCode

export interface KafkaErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later; by default what Kafka's table says of the code. */
  readonly retriable?: boolean
  /** Whether whoever threw cannot go on; false by default. */
  readonly fatal?: boolean
  readonly brokerId?: number
  readonly topic?: string
  readonly partition?: number
  /** What failed one by one, when a call did many things at once. */
  readonly errors?: readonly KafkaError[]
}

/** Recognises errors of another copy of this package, where `instanceof` does not. */
const brand = Symbol.for('klamm.client.error')

const retriableHere: ReadonlySet<string> = new Set(['ERR_CONNECTION', 'ERR_REQUEST_TIMEOUT'])

export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  /** `NOT_LEADER_OR_FOLLOWER`, `ERR_REQUEST_TIMEOUT`. */
  readonly code: KafkaErrorCode
  /** Kafka's number of the code; undefined for what happened on this side. */
  readonly errno: number | undefined
  readonly retriable: boolean
  readonly fatal: boolean
  readonly brokerId: number | undefined
  readonly topic: string | undefined
  readonly partition: number | undefined
  /** What failed one by one, when a call did many things at once; the others succeeded. */
  readonly errors: readonly KafkaError[]

  constructor(code: KafkaErrorCode, message: string, options: KafkaErrorOptions = {}) {
    super(message, options)
    Object.defineProperty(this, brand, { value: true })
    this.code = code
    this.errno = isErrorName(code) ? errorCodes[code] : undefined
    this.retriable =
      options.retriable ?? (isErrorName(code) ? isRetriable(code) : retriableHere.has(code))
    this.fatal = options.fatal ?? false
    this.brokerId = options.brokerId
    this.topic = options.topic
    this.partition = options.partition
    this.errors = options.errors ?? []
  }

  static is(error: unknown): error is KafkaError {
    return typeof error === 'object' && error !== null && brand in error
  }
}

/** ERR_ABORTED, with the signal's reason as the cause. */
export function abortedError(signal: AbortSignal, message = 'aborted by the caller'): KafkaError {
  return new KafkaError('ERR_ABORTED', message, { cause: signal.reason })
}

function isErrorName(code: KafkaErrorCode): code is ErrorName {
  return Object.hasOwn(errorCodes, code)
}
