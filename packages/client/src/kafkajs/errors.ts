// The error classes of KafkaJS that this entry throws, and what of ours becomes which of them. The
// error of ours is the `cause`.

import { KafkaError } from '../errors.ts'

interface Details {
  readonly retriable?: boolean
  readonly cause?: unknown
}

export class KafkaJSError extends Error {
  override readonly name: string = 'KafkaJSError'
  readonly retriable: boolean

  constructor(message: string, { retriable = true, cause }: Details = {}) {
    super(message, { cause })
    this.retriable = retriable
  }
}

export class KafkaJSNonRetriableError extends KafkaJSError {
  override readonly name: string = 'KafkaJSNonRetriableError'

  constructor(message: string, { cause }: Details = {}) {
    super(message, { retriable: false, cause })
  }
}

/** What a broker answered. */
export class KafkaJSProtocolError extends KafkaJSError {
  override readonly name: string = 'KafkaJSProtocolError'
  /** `TOPIC_ALREADY_EXISTS` */
  readonly type: string
  /** Kafka's number of it. */
  readonly code: number

  constructor(message: string, type: string, code: number, details: Details = {}) {
    super(message, details)
    this.type = type
    this.code = code
  }
}

export class KafkaJSConnectionError extends KafkaJSError {
  override readonly name: string = 'KafkaJSConnectionError'
}

export class KafkaJSRequestTimeoutError extends KafkaJSError {
  override readonly name: string = 'KafkaJSRequestTimeoutError'
}

export class KafkaJSNumberOfRetriesExceeded extends KafkaJSNonRetriableError {
  override readonly name: string = 'KafkaJSNumberOfRetriesExceeded'
}

/** What went wrong with each of several. */
export class KafkaJSAggregateError extends Error {
  override readonly name: string = 'KafkaJSAggregateError'
  readonly errors: readonly unknown[]

  constructor(message: string, errors: readonly unknown[]) {
    super(message)
    this.errors = errors
  }
}

export interface DeleteGroupsFailure {
  readonly groupId: string
  readonly errorCode: number
  readonly error: unknown
}

export class KafkaJSDeleteGroupsError extends KafkaJSError {
  override readonly name: string = 'KafkaJSDeleteGroupsError'
  readonly groups: readonly DeleteGroupsFailure[]

  constructor(message: string, groups: readonly DeleteGroupsFailure[]) {
    super(message)
    this.groups = groups
  }
}

/** Anything else than an error of ours stays what it is. */
export function asKafkaJsError(error: unknown): unknown {
  if (!KafkaError.is(error)) return error
  const { message, code, errno, retriable } = error
  const details = { retriable, cause: error }
  if (errno !== undefined) return new KafkaJSProtocolError(message, code, errno, details)
  if (code === 'ERR_CONNECTION') return new KafkaJSConnectionError(message, details)
  if (code === 'ERR_REQUEST_TIMEOUT') return new KafkaJSRequestTimeoutError(message, details)
  if (code === 'ERR_HANDLER' || code === 'ERR_DELIVERY_TIMEOUT') {
    return new KafkaJSNumberOfRetriesExceeded(message, details)
  }
  return retriable
    ? new KafkaJSError(message, details)
    : new KafkaJSNonRetriableError(message, details)
}

/** Awaits what `attempt` does, and rejects as KafkaJS would. */
export async function translated<T>(attempt: () => T | Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    throw asKafkaJsError(error)
  }
}
