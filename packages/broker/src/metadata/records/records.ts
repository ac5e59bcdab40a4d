// The metadata records: everything the controller decides is one or more of these. The records of
// one raft entry are applied together or not at all. How they look in plain form: registry.ts.

/** A topic id in Kafka's text form: 16 bytes, base64url without padding, 22 characters. */
export type TopicId = string

/** Where a broker can be reached under the name of one of its listeners. */
export interface Endpoint {
  readonly listener: string
  readonly host: string
  readonly port: number
  /** Kafka's code: 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number
}

/** The levels of one feature that a broker can work with; both inclusive. */
export interface FeatureRange {
  readonly name: string
  readonly minLevel: number
  readonly maxLevel: number
}

/** A broker has started, or (same incarnation) tells anew what it told before. */
export interface RegisterBrokerRecord {
  readonly kind: 'registerBroker'
  readonly brokerId: number
  /** Greater than every broker epoch before it. */
  readonly brokerEpoch: number
  /** Made anew by every start of the process; text form as for topic ids. */
  readonly incarnationId: string
  readonly endpoints: readonly Endpoint[]
  readonly features: readonly FeatureRange[]
  /** What the wire calls rack. */
  readonly zone: string | undefined
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  /** Identities of the data directories, text form as for topic ids. */
  readonly logDirs: readonly string[]
}

export interface UnregisterBrokerRecord {
  readonly kind: 'unregisterBroker'
  readonly brokerId: number
  readonly brokerEpoch: number
}

/** Undefined members keep their value. */
export interface BrokerChangeRecord {
  readonly kind: 'brokerChange'
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly fenced: boolean | undefined
  readonly inControlledShutdown: boolean | undefined
}

export interface TopicRecord {
  readonly kind: 'topic'
  readonly topicId: TopicId
  readonly name: string
}

/** Removes the topic, its partitions and its configs. */
export interface RemoveTopicRecord {
  readonly kind: 'removeTopic'
  readonly topicId: TopicId
}

/** Recovering: elected without proof of having everything; see KIP-704. */
export type LeaderRecoveryState = 'recovered' | 'recovering'

/** The whole state of a partition: at its creation, and in snapshots. */
export interface PartitionRecord {
  readonly kind: 'partition'
  readonly topicId: TopicId
  readonly partitionIndex: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly elr: readonly number[]
  readonly lastKnownElr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  /** -1 without one. */
  readonly leader: number
  readonly leaderRecoveryState: LeaderRecoveryState
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/**
 * A change of one partition; undefined members keep their value. Replaying it adds one to the
 * partition epoch, and one to the leader epoch when `leader` is given, be it the same one.
 */
export interface PartitionChangeRecord {
  readonly kind: 'partitionChange'
  readonly topicId: TopicId
  readonly partitionIndex: number
  readonly isr: readonly number[] | undefined
  /** -1: from now on without a leader. */
  readonly leader: number | undefined
  readonly replicas: readonly number[] | undefined
  readonly addingReplicas: readonly number[] | undefined
  readonly removingReplicas: readonly number[] | undefined
  readonly leaderRecoveryState: LeaderRecoveryState | undefined
  readonly elr: readonly number[] | undefined
  readonly lastKnownElr: readonly number[] | undefined
}

export type ConfigResourceType = 'topic' | 'broker' | 'group' | 'clientMetrics'

export interface ConfigRecord {
  readonly kind: 'config'
  readonly resourceType: ConfigResourceType
  /** A broker's is its id; the empty name is the default of all brokers. */
  readonly resourceName: string
  readonly name: string
  /** Undefined: the key goes back to its default. */
  readonly value: string | undefined
}

/** Producer ids below `nextProducerId` have been handed out. */
export interface ProducerIdsRecord {
  readonly kind: 'producerIds'
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly nextProducerId: number
}

/** A finalized feature level; 0 turns the feature off. */
export interface FeatureLevelRecord {
  readonly kind: 'featureLevel'
  readonly name: string
  readonly level: number
}

/** Changes nothing but the position of the log. */
export interface NoOpRecord {
  readonly kind: 'noOp'
}

export type MetadataRecord =
  | RegisterBrokerRecord
  | UnregisterBrokerRecord
  | BrokerChangeRecord
  | TopicRecord
  | RemoveTopicRecord
  | PartitionRecord
  | PartitionChangeRecord
  | ConfigRecord
  | ProducerIdsRecord
  | FeatureLevelRecord
  | NoOpRecord

export const noLeader = -1
