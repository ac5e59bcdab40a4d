// What a consumer does about each error of the APIs that tell it records and offsets, as tables.
// Errors that are in no table are tried again when Kafka calls them retriable, and are the
// consumer's end otherwise.

import { type ErrorName, isRetriable } from '@klamm/protocol/errors'

export type FetchAction =
  | 'succeed'
  /** Ask the same again after a while. */
  | 'retry'
  /** What is known of the leader is wrong: ask for metadata, then again. */
  | 'refresh'
  /** The offset is not in the log: begin where the reset policy says, or ask the leader. */
  | 'reset'
  /** Nobody knows: go on as if the answer were good (a broker too old for the question). */
  | 'pass'
  | 'fail'

type Table = ReadonlyMap<ErrorName, FetchAction>

/** Of brokers that do not lead the partition, or not yet, or not in that epoch. */
const leadership: readonly (readonly [ErrorName, FetchAction])[] = [
  ['NONE', 'succeed'],
  ['NOT_LEADER_OR_FOLLOWER', 'refresh'],
  ['LEADER_NOT_AVAILABLE', 'refresh'],
  ['REPLICA_NOT_AVAILABLE', 'refresh'],
  ['KAFKA_STORAGE_ERROR', 'refresh'],
  ['FENCED_LEADER_EPOCH', 'refresh'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'refresh'],
  // The broker has not heard of the epoch yet: it will.
  ['UNKNOWN_LEADER_EPOCH', 'retry'],
  ['OFFSET_NOT_AVAILABLE', 'retry'],
  ['TOPIC_AUTHORIZATION_FAILED', 'fail'],
]

const fetch: Table = new Map([
  ...leadership,
  ['OFFSET_OUT_OF_RANGE', 'reset'],
  ['UNKNOWN_TOPIC_ID', 'refresh'],
  ['INCONSISTENT_TOPIC_ID', 'refresh'],
  // The broker could not read its own disk; another replica may lead soon.
  ['CORRUPT_MESSAGE', 'retry'],
  ['UNKNOWN_SERVER_ERROR', 'retry'],
  ['OFFSET_MOVED_TO_TIERED_STORAGE', 'retry'],
])

const listOffsets: Table = new Map([...leadership, ['UNSUPPORTED_FOR_MESSAGE_FORMAT', 'reset']])

const validate: Table = new Map([...leadership, ['UNSUPPORTED_VERSION', 'pass']])

const tables = { fetch, listOffsets, validate }

export function fetchActionFor(api: keyof typeof tables, error: ErrorName): FetchAction {
  return tables[api].get(error) ?? (isRetriable(error) ? 'retry' : 'fail')
}
