// The records of a group shard as values: what is appended to __consumer_offsets and replayed from
// it. Their bytes are the business of the driver.

/** A group as it was when its leader had assigned, or when it became empty. */
export interface GroupMetadataRecord {
  readonly kind: 'groupMetadata'
  readonly groupId: string
  /** Undefined for a group that only ever stored offsets. */
  readonly protocolType: string | undefined
  readonly generationId: number
  /** Undefined when the group is empty. */
  readonly protocolName: string | undefined
  readonly leaderId: string | undefined
  /** When the group entered its state; undefined in records of old brokers. */
  readonly stateWallMs: number | undefined
  readonly members: readonly GroupMetadataMember[]
}

export interface GroupMetadataMember {
  readonly memberId: string
  readonly groupInstanceId: string | undefined
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  /** The metadata of the selected protocol. */
  readonly subscription: Uint8Array
  readonly assignment: Uint8Array
}

/** The group is forgotten. */
export interface GroupTombstoneRecord {
  readonly kind: 'groupTombstone'
  readonly groupId: string
}

export interface OffsetCommitRecord {
  readonly kind: 'offsetCommit'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly value: CommittedOffset
}

export interface CommittedOffset {
  readonly offset: number
  /** Of the last record consumed; -1: unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitWallMs: number
  /** A retention that the client asked for (old versions of the API only). */
  readonly expireWallMs: number | undefined
  /** The topic the offset belongs to; undefined: not known. */
  readonly topicId: string | undefined
}

export interface OffsetTombstoneRecord {
  readonly kind: 'offsetTombstone'
  readonly groupId: string
  readonly topic: string
  readonly partition: number
}

export type GroupRecord =
  | GroupMetadataRecord
  | GroupTombstoneRecord
  | OffsetCommitRecord
  | OffsetTombstoneRecord
