// Everything that can happen to the groups of a shard: requests, each with the ticket of whoever
// waits, and timers.

import type { ErrorName } from '@klamm/protocol/errors'
import type { Ticket } from '../shard/outcome.ts'
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
} from './types.ts'

export interface JoinOperation {
  readonly kind: 'join'
  readonly request: JoinRequest
  /** The id the member gets if it has none: unique for ever, made by the driver. */
  readonly newMemberId: string
  readonly ticket: Ticket<JoinReply>
}

export interface SyncOperation {
  readonly kind: 'sync'
  readonly request: SyncRequest
  readonly ticket: Ticket<SyncReply>
}

export type RequestOperation =
  | JoinOperation
  | SyncOperation
  | Request<'heartbeat', HeartbeatRequest, ErrorName>
  | Request<'leave', LeaveRequest, LeaveReply>
  | Request<'commitOffsets', OffsetCommitRequest, OffsetCommitReply>
  | Request<'fetchOffsets', OffsetFetchRequest, OffsetFetchReply>
  | Request<'deleteOffsets', OffsetDeleteRequest, OffsetDeleteReply>
  | Request<'describeGroup', string, DescribedGroup>
  | Request<'listGroups', ListGroupsRequest, readonly ListedGroup[]>
  | Request<'deleteGroup', string, DeletedGroup>

export interface Request<Kind extends string, Question, Reply> {
  readonly kind: Kind
  readonly request: Question
  readonly ticket: Ticket<Reply>
}

export type TimerOperation =
  /** Nothing was heard of the member for its session time-out. */
  | {
      readonly kind: 'sessionExpired'
      readonly groupId: string
      readonly memberId: string
      readonly ticket?: undefined
    }
  /** The wait for members to join is over, or part of the wait for a new group's first ones. */
  | { readonly kind: 'joinExpired'; readonly groupId: string; readonly ticket?: undefined }
  /** Members that were told of a generation have not asked for their assignment (KIP-735). */
  | {
      readonly kind: 'syncExpired'
      readonly groupId: string
      readonly generationId: number
      readonly ticket?: undefined
    }
  /** Time to look for offsets nobody has needed for long. */
  | { readonly kind: 'expireOffsets'; readonly ticket?: undefined }
  /** A topic is gone, and with it what was committed for it. */
  | TopicDeletedOperation

export interface TopicDeletedOperation {
  readonly kind: 'topicDeleted'
  readonly topic: string
  /** What was committed for a later topic of the same name stays. */
  readonly topicId: string | undefined
  readonly ticket?: undefined
}

export type GroupOperation = RequestOperation | TimerOperation
