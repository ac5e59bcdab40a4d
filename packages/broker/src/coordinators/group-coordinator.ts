// What the handlers of group APIs may ask. Implemented by GroupService; tests pass fakes.

import type { ErrorName } from '@klamm/protocol'
import type {
  DeletedGroup,
  DescribedGroup,
  HeartbeatRequest,
  JoinReply,
  JoinRequest,
  LeaveReply,
  LeaveRequest,
  ListedGroup,
  ListGroupsRequest,
  OffsetCommitReply,
  OffsetCommitRequest,
  OffsetDeleteReply,
  OffsetDeleteRequest,
  OffsetFetchReply,
  OffsetFetchRequest,
  SyncReply,
  SyncRequest,
} from '../coordinator/groups/types.ts'

/**
 * Every method runs its decision before it returns, so requests keep their order, and resolves
 * when the answer may be given: for whatever was logged, when it is committed.
 *
 * All reject with KafkaError when the request as a whole is refused: NOT_COORDINATOR (the group
 * lives elsewhere), COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, INVALID_GROUP_ID. They
 * reject with `signal.reason` when the signal aborts first; what was decided stays decided.
 */
export interface GroupCoordinator {
  /** The partition of `__consumer_offsets` that is home to a group. */
  partitionFor(groupId: string): number
  /** Resolves when the rebalance that the member takes part in is complete. */
  joinGroup(request: JoinRequest, signal: AbortSignal): Promise<JoinReply>
  /** Resolves when the leader's assignment is committed. */
  syncGroup(request: SyncRequest, signal: AbortSignal): Promise<SyncReply>
  heartbeat(request: HeartbeatRequest, signal: AbortSignal): Promise<ErrorName>
  leaveGroup(request: LeaveRequest, signal: AbortSignal): Promise<LeaveReply>
  commitOffsets(request: OffsetCommitRequest, signal: AbortSignal): Promise<OffsetCommitReply>
  fetchOffsets(request: OffsetFetchRequest, signal: AbortSignal): Promise<OffsetFetchReply>
  deleteOffsets(request: OffsetDeleteRequest, signal: AbortSignal): Promise<OffsetDeleteReply>
  /** One per group, in order; a group that lives elsewhere has the error NOT_COORDINATOR. */
  describeGroups(
    groupIds: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly DescribedGroup[]>
  /** The groups of the shards led here. Rejects while one of them is loading. */
  listGroups(request: ListGroupsRequest, signal: AbortSignal): Promise<readonly ListedGroup[]>
  /** One per group, in order. */
  deleteGroups(groupIds: readonly string[], signal: AbortSignal): Promise<readonly DeletedGroup[]>
}
