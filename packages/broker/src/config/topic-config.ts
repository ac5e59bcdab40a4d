// The configs of a topic that a broker acts on, with their types.

export type CompressionType = 'producer' | 'uncompressed' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

/** Effective values: what was set for the topic, else for the brokers, else the default. */
export interface TopicConfig {
  /** `cleanup.policy`. Both may hold. */
  readonly isCompacted: boolean
  readonly isDeleted: boolean
  readonly compressionType: CompressionType
  readonly deleteRetentionMs: number
  readonly maxCompactionLagMs: number
  readonly minCompactionLagMs: number
  readonly minCleanableDirtyRatio: number
  /** Of one record batch. */
  readonly maxMessageBytes: number
  readonly messageTimestampType: 'CreateTime' | 'LogAppendTime'
  readonly messageTimestampBeforeMaxMs: number
  readonly messageTimestampAfterMaxMs: number
  readonly minInsyncReplicas: number
  /** -1: no limit. */
  readonly retentionBytes: number
  /** -1: no limit. */
  readonly retentionMs: number
  readonly segmentBytes: number
  readonly segmentMs: number
  readonly uncleanLeaderElection: boolean
}
