// The questions to the active controller and its answers. Handlers translate Kafka's messages into
// these and back.

import type { ErrorName } from '@klamm/protocol/errors'
import type {
  ConfigResourceType,
  Endpoint,
  FeatureRange,
  LeaderRecoveryState,
  MetadataRecord,
  TopicId,
} from '../records/records.ts'

/**
 * What an operation decided. The records are appended as one raft entry and replayed into the
 * controller at once. The reply leaves when everything the controller has decided so far is
 * committed, also when there are no records: it may tell of what is not committed yet.
 */
export interface Outcome<Reply> {
  readonly records: readonly MetadataRecord[]
  readonly reply: Reply
}

/** How one item of a request went. `message` is for humans; undefined with `NONE`. */
export interface ItemResult {
  readonly error: ErrorName
  readonly message: string | undefined
}

export interface NewConfig {
  readonly name: string
  /** Undefined stands for the wire's null, which is refused. */
  readonly value: string | undefined
}

export interface NewTopic {
  readonly name: string
  /** -1: the cluster's default, or given by `assignments`. */
  readonly partitionCount: number
  /** -1: the cluster's default, or given by `assignments`. */
  readonly replicationFactor: number
  /** Empty: the controller places the replicas. */
  readonly assignments: readonly {
    readonly partitionIndex: number
    readonly brokerIds: readonly number[]
  }[]
  readonly configs: readonly NewConfig[]
}

export interface CreateTopicsRequest {
  readonly topics: readonly NewTopic[]
  readonly validateOnly: boolean
}

export interface CreatedTopic extends ItemResult {
  readonly name: string
  /** All zero unless created. */
  readonly topicId: TopicId
  /** -1 unless created or valid. */
  readonly partitionCount: number
  readonly replicationFactor: number
  /** What was set for the topic; the rest follows from the broker's configs. */
  readonly configs: ReadonlyMap<string, string>
}

/** By name or by id; exactly one is given. */
export interface TopicReference {
  readonly name: string | undefined
  readonly topicId: TopicId | undefined
}

export interface DeletedTopic extends ItemResult, TopicReference {}

export interface MorePartitions {
  readonly name: string
  /** Of the topic afterwards. */
  readonly partitionCount: number
  /** Replicas of each added partition; undefined: the controller places them. */
  readonly assignments: readonly (readonly number[])[] | undefined
}

export interface CreatePartitionsRequest {
  readonly topics: readonly MorePartitions[]
  readonly validateOnly: boolean
}

export interface CreatedPartitions extends ItemResult {
  readonly name: string
}

export type ConfigOperation = 'set' | 'delete' | 'append' | 'subtract'

export interface ConfigChange {
  readonly name: string
  readonly operation: ConfigOperation
  readonly value: string | undefined
}

export interface ConfigResource {
  readonly type: ConfigResourceType
  readonly name: string
}

export interface ResourceChange extends ConfigResource {
  readonly changes: readonly ConfigChange[]
}

/** The older AlterConfigs: what is not named goes back to its default. */
export interface ResourceReplacement extends ConfigResource {
  readonly configs: readonly NewConfig[]
}

export interface AlteredResource extends ItemResult, ConfigResource {}

export interface ProposedPartition {
  readonly partitionIndex: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly newIsr: readonly {
    readonly brokerId: number
    /** -1: unknown to the leader; only for those that are in the ISR already. */
    readonly brokerEpoch: number
  }[]
  readonly leaderRecoveryState: LeaderRecoveryState
}

/** The leader of some partitions proposes ISRs (KIP-497). */
export interface AlterPartitionRequest {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly topics: readonly {
    readonly topicId: TopicId
    readonly partitions: readonly ProposedPartition[]
  }[]
}

export interface AlteredPartition {
  readonly partitionIndex: number
  readonly error: ErrorName
  /** The state afterwards; only with `NONE`. */
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly isr: readonly number[]
  readonly leaderRecoveryState: LeaderRecoveryState
  readonly partitionEpoch: number
}

export interface AlterPartitionReply {
  /** For the request as a whole; then there are no topics. */
  readonly error: ErrorName
  readonly topics: readonly {
    readonly topicId: TopicId
    readonly partitions: readonly AlteredPartition[]
  }[]
}

/** A broker cannot vouch for its logs of these partitions any more. */
export interface LostReplicasRequest {
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly topics: readonly {
    readonly topicId: TopicId
    readonly partitionIndexes: readonly number[]
  }[]
}

export interface LostReplicasReply {
  /** For the request as a whole; then there are no topics. */
  readonly error: ErrorName
  readonly topics: readonly {
    readonly topicId: TopicId
    readonly partitions: readonly { readonly partitionIndex: number; readonly error: ErrorName }[]
  }[]
}

export interface RegisterBrokerRequest {
  readonly brokerId: number
  readonly clusterId: string
  readonly incarnationId: string
  readonly endpoints: readonly Endpoint[]
  readonly features: readonly FeatureRange[]
  readonly zone: string | undefined
  readonly logDirs: readonly string[]
  /** The epoch under which the broker last stopped cleanly; -1: it has no proof that it did. */
  readonly previousBrokerEpoch: number
}

export interface RegisterBrokerReply extends ItemResult {
  /** -1 with an error. */
  readonly brokerEpoch: number
}

export interface HeartbeatRequest {
  readonly brokerId: number
  readonly brokerEpoch: number
  /** Of the last entry of the metadata log the broker has applied. */
  readonly currentMetadataOffset: number
  readonly wantFence: boolean
  readonly wantShutDown: boolean
}

export interface HeartbeatReply {
  readonly error: ErrorName
  readonly isCaughtUp: boolean
  readonly isFenced: boolean
  readonly shouldShutDown: boolean
}

export type ElectionType = 'preferred' | 'unclean'

export interface ElectLeadersRequest {
  readonly electionType: ElectionType
  /** Undefined: all partitions of the cluster. */
  readonly partitions:
    | readonly { readonly topicName: string; readonly partitionIndex: number }[]
    | undefined
}

export interface ElectedPartition extends ItemResult {
  readonly topicName: string
  readonly partitionIndex: number
}

/** The replicas a partition is to have (KIP-455); undefined: cancel what is under way. */
export interface Reassignment {
  readonly topicName: string
  readonly partitionIndex: number
  readonly replicas: readonly number[] | undefined
}

export interface ReassignedPartition extends ItemResult {
  readonly topicName: string
  readonly partitionIndex: number
}

export interface AllocateProducerIdsReply {
  readonly error: ErrorName
  /** The block is [producerIdStart, producerIdStart + producerIdCount). */
  readonly producerIdStart: number
  readonly producerIdCount: number
}
