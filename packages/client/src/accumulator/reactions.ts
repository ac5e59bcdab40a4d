// What to do about every answer that a Produce request can get, as one table; and which answers
// leave it open whether the records were stored.

import { type ErrorName, isInvalidMetadata, isRetriable } from '@klamm/protocol/errors'

/** A name of the protocol's, or of what went wrong on this side. */
export type FailureCode = ErrorName | `ERR_${string}`

/** Why records were not acknowledged. */
export interface Failure {
  readonly code: FailureCode
  /** What the broker said of it. */
  readonly message: string | undefined
  /** What it was caused by on this side. */
  readonly cause?: unknown
  /** How the last attempt had ended, when time was up. */
  readonly before?: Failure | undefined
}

/**
 * - `stored`: acknowledged.
 * - `retry`: send it again, after a while.
 * - `outOfSequence`: the broker expects another sequence; see PartitionQueue.
 * - `split`: too many records at once.
 * - `newProducerId`: fails, and what follows needs another producer id.
 * - `fail`: trying again cannot help.
 */
export type Reaction = 'stored' | 'retry' | 'outOfSequence' | 'split' | 'newProducerId' | 'fail'

/** Everything else is tried again if Kafka's table calls it retriable, and fails otherwise. */
const special: Readonly<Partial<Record<ErrorName, Reaction>>> = {
  NONE: 'stored',
  // The broker has it and forgot where.
  DUPLICATE_SEQUENCE_NUMBER: 'stored',
  OUT_OF_ORDER_SEQUENCE_NUMBER: 'outOfSequence',
  // The broker knows nothing of this producer (any more): it will take a new epoch from 0 on.
  UNKNOWN_PRODUCER_ID: 'outOfSequence',
  MESSAGE_TOO_LARGE: 'split',
  RECORD_LIST_TOO_LARGE: 'split',
  INVALID_PRODUCER_EPOCH: 'newProducerId',
  INVALID_PRODUCER_ID_MAPPING: 'newProducerId',
}

export function reactionTo(error: ErrorName): Reaction {
  return special[error] ?? (isRetriable(error) ? 'retry' : 'fail')
}

/** Whether the leader is worth asking for before the next attempt. */
export function callsForMetadata(error: ErrorName): boolean {
  return isInvalidMetadata(error)
}

/**
 * Answers given before anything is appended: this attempt was not stored. All others may come from
 * a leader that has appended and then lost its leadership, its replicas or its patience.
 */
const beforeAppend: ReadonlySet<ErrorName> = new Set([
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_TOPIC_EXCEPTION',
  'NOT_ENOUGH_REPLICAS',
  'INVALID_REQUIRED_ACKS',
  'TOPIC_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'INVALID_TIMESTAMP',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'UNSUPPORTED_COMPRESSION_TYPE',
  'UNSUPPORTED_VERSION',
  'INVALID_RECORD',
  'INVALID_PRODUCER_EPOCH',
  'INVALID_PRODUCER_ID_MAPPING',
  'POLICY_VIOLATION',
  'THROTTLING_QUOTA_EXCEEDED',
])

export function isBeforeAppend(error: ErrorName): boolean {
  return beforeAppend.has(error)
}
