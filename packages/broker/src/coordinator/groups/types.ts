// Questions to the groups of a shard and their answers, free of wire versions: absent is
// `undefined`, and what a version means is a flag with a name.

import type { ErrorName } from '@klamm/protocol/errors'
import type { GroupStateName } from './classic/state.ts'

/** Settings of the group coordinator, by the names of Kafka's broker configs. */
export interface GroupConfig {
  /** `group.min.session.timeout.ms` */
  readonly minSessionTimeoutMs: number
  /** `group.max.session.timeout.ms` */
  readonly maxSessionTimeoutMs: number
  /** `group.initial.rebalance.delay.ms`: how long a new group waits for more members (KIP-134). */
  readonly initialRebalanceDelayMs: number
  /** `group.max.size` (KIP-389) */
  readonly maxSize: number
  /** `offset.metadata.max.bytes`; counted in UTF-16 units, as Kafka does. */
  readonly offsetMetadataMaxLength: number
  /** `offsets.retention.minutes`, in ms */
  readonly offsetsRetentionMs: number
  /** `offsets.retention.check.interval.ms` */
  readonly offsetsRetentionCheckIntervalMs: number
  /** `offsets.commit.timeout.ms`: how long an answer may wait for its records to be committed. */
  readonly commitTimeoutMs: number
}

export const defaultGroupConfig: GroupConfig = {
  minSessionTimeoutMs: 6_000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  maxSize: 2_147_483_647,
  offsetMetadataMaxLength: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1_000,
  offsetsRetentionCheckIntervalMs: 600_000,
  commitTimeoutMs: 5_000,
}

/** One assignment strategy a member supports, with its opaque subscription. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

export interface JoinRequest {
  readonly groupId: string
  readonly sessionTimeoutMs: number
  /** Negative: the same as the session time-out (version 0 of the API). */
  readonly rebalanceTimeoutMs: number
  /** Empty: the member has no id yet. */
  readonly memberId: string
  /** Set by static members (KIP-345). */
  readonly groupInstanceId: string | undefined
  readonly protocolType: string
  /** In the member's order of preference. */
  readonly protocols: readonly MemberProtocol[]
  readonly clientId: string
  readonly clientHost: string
  /** A dynamic member must come back with the id it is given (KIP-394; version 4 and later). */
  readonly requiresKnownMemberId: boolean
  /** A rejoining static leader may be told not to assign (KIP-814; version 9 and later). */
  readonly supportsSkippingAssignment: boolean
}

export interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  readonly metadata: Uint8Array
}

export interface JoinReply {
  readonly error: ErrorName
  readonly memberId: string
  /** -1 with an error. */
  readonly generationId: number
  readonly protocolType: string | undefined
  readonly protocolName: string | undefined
  /** Empty with an error. */
  readonly leader: string
  readonly skipAssignment: boolean
  /** Everybody, for the leader; nobody, for the others. */
  readonly members: readonly JoinedMember[]
}

export interface SyncRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  /** Checked when given (KIP-559; version 5 and later). */
  readonly protocolType: string | undefined
  readonly protocolName: string | undefined
  /** From the leader only. */
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Uint8Array }[]
}

export interface SyncReply {
  readonly error: ErrorName
  readonly protocolType: string | undefined
  readonly protocolName: string | undefined
  readonly assignment: Uint8Array
}

export interface HeartbeatRequest {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | undefined
}

export interface LeaveRequest {
  readonly groupId: string
  readonly members: readonly LeavingMember[]
}

export interface LeavingMember {
  /** Empty with an instance id: an administrator removes the static member. */
  readonly memberId: string
  readonly groupInstanceId: string | undefined
}

export interface LeaveReply {
  /** One per member of the request, in its order. */
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | undefined
    readonly error: ErrorName
  }[]
}

export interface OffsetCommitRequest {
  readonly groupId: string
  /** -1: not a member; accepted only while the group is empty. */
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  /** How long to keep the offsets (versions 2 to 4); undefined: as configured. */
  readonly retentionMs: number | undefined
  /** An unknown group is GROUP_ID_NOT_FOUND (version 9 and later), not ILLEGAL_GENERATION. */
  readonly knowsGroupIdNotFound: boolean
  readonly topics: readonly {
    readonly topic: string
    /** Of the topic as it is now, so that a later topic of the same name inherits nothing. */
    readonly topicId: string | undefined
    readonly partitions: readonly OffsetCommitPartition[]
  }[]
}

export interface OffsetCommitPartition {
  readonly partition: number
  readonly offset: number
  /** -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface OffsetCommitReply {
  /** The topics and partitions of the request, in its order. */
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly error: ErrorName }[]
  }[]
}

export interface OffsetFetchRequest {
  readonly groupId: string
  /** Undefined: every partition the group has an offset for. */
  readonly topics: readonly OffsetFetchTopic[] | undefined
  /** Waits for commits that are under way (KIP-447; version 7 and later). */
  readonly requireStable: boolean
}

export interface OffsetFetchTopic {
  readonly topic: string
  /** Given: what was committed for another topic of this name does not count. */
  readonly topicId: string | undefined
  readonly partitions: readonly number[]
}

export interface OffsetFetchReply {
  readonly topics: readonly {
    readonly topic: string
    /** What the offsets were committed for, if that was said. */
    readonly topicId: string | undefined
    readonly partitions: readonly FetchedOffset[]
  }[]
}

export interface FetchedOffset {
  readonly partition: number
  /** -1: nothing is committed. */
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface OffsetDeleteRequest {
  readonly groupId: string
  readonly topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]
}

export interface OffsetDeleteReply {
  readonly error: ErrorName
  readonly topics: readonly {
    readonly topic: string
    readonly partitions: readonly { readonly partition: number; readonly error: ErrorName }[]
  }[]
}

export interface DescribedGroup {
  readonly groupId: string
  /** GROUP_ID_NOT_FOUND comes with the state Dead. */
  readonly error: ErrorName
  /** Empty when nothing is known because of the error. */
  readonly state: GroupStateName | ''
  readonly protocolType: string
  /** The selected protocol; empty unless the group is stable. */
  readonly protocolName: string
  readonly members: readonly DescribedMember[]
}

export interface DescribedMember {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  /** Empty unless the group is stable. */
  readonly metadata: Uint8Array
  readonly assignment: Uint8Array
}

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly state: GroupStateName
  readonly type: 'classic'
}

export interface ListGroupsRequest {
  /** Case does not matter; empty: all. */
  readonly states: readonly string[]
  readonly types: readonly string[]
}

export interface DeletedGroup {
  readonly groupId: string
  readonly error: ErrorName
}
