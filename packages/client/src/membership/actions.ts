// What a member does about each error of the group APIs, as tables. Errors that are in no table are
// tried again when Kafka calls them retriable, and end the membership otherwise.

import { type ErrorName, isRetriable } from '@klamm/protocol/errors'

/** What a request came back with; `LOST` when no answer came. */
export type GroupError = ErrorName | 'LOST'

export type GroupAction =
  | 'succeed'
  /** Ask the same again after a while. */
  | 'retry'
  /** Another broker coordinates the group: find it, then ask again. */
  | 'findCoordinator'
  /** Join again with the member id and generation that there are. */
  | 'rejoin'
  /** The generation is over and everything owned is lost; the member id is still good. */
  | 'resetGeneration'
  /** The coordinator does not know the member: it is a new one from now on. */
  | 'resetMember'
  /** Join again with the member id of the answer (KIP-394). */
  | 'adoptMemberId'
  /** Nothing that the member could do would help. */
  | 'fail'

type Table = ReadonlyMap<GroupError, GroupAction>

/** The same for every API of the group. */
const common: readonly (readonly [GroupError, GroupAction])[] = [
  ['NONE', 'succeed'],
  ['LOST', 'findCoordinator'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 'retry'],
  ['COORDINATOR_NOT_AVAILABLE', 'findCoordinator'],
  ['NOT_COORDINATOR', 'findCoordinator'],
  ['REQUEST_TIMED_OUT', 'findCoordinator'],
  ['UNKNOWN_MEMBER_ID', 'resetMember'],
  ['ILLEGAL_GENERATION', 'resetGeneration'],
  // Another process has the same group.instance.id: one of the two must go, and it is this one.
  ['FENCED_INSTANCE_ID', 'fail'],
  ['GROUP_AUTHORIZATION_FAILED', 'fail'],
]

const join: Table = new Map([
  ...common,
  ['MEMBER_ID_REQUIRED', 'adoptMemberId'],
  ['REBALANCE_IN_PROGRESS', 'retry'],
  ['INCONSISTENT_GROUP_PROTOCOL', 'fail'],
  ['INVALID_SESSION_TIMEOUT', 'fail'],
  ['INVALID_GROUP_ID', 'fail'],
  ['GROUP_MAX_SIZE_REACHED', 'fail'],
  ['UNSUPPORTED_VERSION', 'fail'],
])

const sync: Table = new Map([
  ...common,
  // The group may have gone on without the answer: only a join tells.
  ['LOST', 'findCoordinator'],
  ['REBALANCE_IN_PROGRESS', 'rejoin'],
  ['INCONSISTENT_GROUP_PROTOCOL', 'fail'],
])

const heartbeat: Table = new Map([...common, ['REBALANCE_IN_PROGRESS', 'rejoin']])

const commit: Table = new Map([
  ...common,
  ['REBALANCE_IN_PROGRESS', 'rejoin'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'retry'],
  ['OFFSET_METADATA_TOO_LARGE', 'fail'],
  ['INVALID_COMMIT_OFFSET_SIZE', 'fail'],
  ['TOPIC_AUTHORIZATION_FAILED', 'fail'],
])

const fetchOffsets: Table = new Map([
  ...common,
  ['UNSTABLE_OFFSET_COMMIT', 'retry'],
  ['UNKNOWN_TOPIC_OR_PARTITION', 'retry'],
  ['TOPIC_AUTHORIZATION_FAILED', 'fail'],
])

/** Whatever the answer, a member that leaves has left. */
const leave: Table = new Map([
  ['NONE', 'succeed'],
  ['UNKNOWN_MEMBER_ID', 'succeed'],
  ['COORDINATOR_LOAD_IN_PROGRESS', 'retry'],
  ['COORDINATOR_NOT_AVAILABLE', 'findCoordinator'],
  ['NOT_COORDINATOR', 'findCoordinator'],
])

const tables = { join, sync, heartbeat, commit, fetchOffsets, leave }

export type GroupApi = keyof typeof tables

export function actionFor(api: GroupApi, error: GroupError): GroupAction {
  const action = tables[api].get(error)
  if (action !== undefined) return action
  return error !== 'LOST' && isRetriable(error) ? 'retry' : 'fail'
}
