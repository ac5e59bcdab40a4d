// Finds the shard a group lives in and runs the operation there. Learns from the metadata
// publishers which partitions of __consumer_offsets are led here.

import type { Env } from '@klamm/base/env'
import type { ErrorName } from '@klamm/protocol'
import type {
  DeletedGroup,
  DescribedGroup,
  GroupConfig,
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
import type { GroupCoordinator } from './group-coordinator.ts'
import type { ShardLog } from './shard-log.ts'

export interface GroupServiceOptions {
  readonly env: Env
  readonly config: GroupConfig
  /** Partitions of `__consumer_offsets`; 0 while the topic does not exist. */
  readonly partitionCount: () => number
  /** A bug in a shard: the broker cannot be trusted any more. */
  readonly onBug: (error: unknown) => void
}

export class GroupService implements GroupCoordinator, AsyncDisposable {
  constructor(_options: GroupServiceOptions) {
    throw new Error('not implemented')
  }

  /** This broker leads the partition from now on: its groups are loaded from `log`, then served. */
  elected(_partition: number, _log: ShardLog): void {
    throw new Error('not implemented')
  }

  /** This broker leads the partition no more. Whoever waits is answered NOT_COORDINATOR. */
  resigned(_partition: number): void {
    throw new Error('not implemented')
  }

  /** The topics are gone: what was committed for their partitions is forgotten. */
  topicsDeleted(_topics: readonly string[]): void {
    throw new Error('not implemented')
  }

  partitionFor(_groupId: string): number {
    throw new Error('not implemented')
  }

  joinGroup(_request: JoinRequest, _signal: AbortSignal): Promise<JoinReply> {
    throw new Error('not implemented')
  }

  syncGroup(_request: SyncRequest, _signal: AbortSignal): Promise<SyncReply> {
    throw new Error('not implemented')
  }

  heartbeat(_request: HeartbeatRequest, _signal: AbortSignal): Promise<ErrorName> {
    throw new Error('not implemented')
  }

  leaveGroup(_request: LeaveRequest, _signal: AbortSignal): Promise<LeaveReply> {
    throw new Error('not implemented')
  }

  commitOffsets(_request: OffsetCommitRequest, _signal: AbortSignal): Promise<OffsetCommitReply> {
    throw new Error('not implemented')
  }

  fetchOffsets(_request: OffsetFetchRequest, _signal: AbortSignal): Promise<OffsetFetchReply> {
    throw new Error('not implemented')
  }

  deleteOffsets(_request: OffsetDeleteRequest, _signal: AbortSignal): Promise<OffsetDeleteReply> {
    throw new Error('not implemented')
  }

  describeGroups(
    _groupIds: readonly string[],
    _signal: AbortSignal,
  ): Promise<readonly DescribedGroup[]> {
    throw new Error('not implemented')
  }

  listGroups(_request: ListGroupsRequest, _signal: AbortSignal): Promise<readonly ListedGroup[]> {
    throw new Error('not implemented')
  }

  deleteGroups(
    _groupIds: readonly string[],
    _signal: AbortSignal,
  ): Promise<readonly DeletedGroup[]> {
    throw new Error('not implemented')
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}
