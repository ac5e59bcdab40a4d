// The configs of a topic that a broker acts on, with their types.

import { present } from '@klamm/base'
import { listOf } from './definition.ts'
import type { TopicConfigName } from './definitions.ts'
import { type BrokerLayers, topicValue } from './effective.ts'

const compressionTypes = ['producer', 'uncompressed', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type CompressionType = (typeof compressionTypes)[number]

/** Effective values: what was set for the topic, else for the brokers, else the default. */
export interface TopicConfig {
  /** `cleanup.policy` has compact. */
  readonly isCompacted: boolean
  /** `cleanup.policy` has delete: retention applies. */
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

/**
 * `values` is what was set for the topic. Times and sizes beyond what a number holds exactly become
 * the greatest one that it does: the same for every use they have. Values were validated when they
 * were set.
 */
export function topicConfig(
  values: ReadonlyMap<string, string>,
  layers: BrokerLayers,
): TopicConfig {
  const text = (name: TopicConfigName) =>
    present(topicValue(name, values, layers), 'these configs have defaults')
  const number = (name: TopicConfigName) => numberOf(text(name))
  const policies = listOf(text('cleanup.policy'))
  const compression = text('compression.type')
  return {
    isCompacted: policies.includes('compact'),
    isDeleted: policies.includes('delete'),
    compressionType: compressionTypes.find(type => type === compression) ?? 'producer',
    deleteRetentionMs: number('delete.retention.ms'),
    maxCompactionLagMs: number('max.compaction.lag.ms'),
    minCompactionLagMs: number('min.compaction.lag.ms'),
    minCleanableDirtyRatio: number('min.cleanable.dirty.ratio'),
    maxMessageBytes: number('max.message.bytes'),
    messageTimestampType:
      text('message.timestamp.type') === 'LogAppendTime' ? 'LogAppendTime' : 'CreateTime',
    messageTimestampBeforeMaxMs: number('message.timestamp.before.max.ms'),
    messageTimestampAfterMaxMs: number('message.timestamp.after.max.ms'),
    minInsyncReplicas: number('min.insync.replicas'),
    retentionBytes: number('retention.bytes'),
    retentionMs: number('retention.ms'),
    segmentBytes: number('segment.bytes'),
    segmentMs: number('segment.ms'),
    uncleanLeaderElection: isTrue(text('unclean.leader.election.enable')),
  }
}

/** The number a config value stands for, see `topicConfig` about great ones. */
export function numberOf(value: string): number {
  const number = Number(value.trim())
  return Math.max(Math.min(number, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER)
}

export function isTrue(value: string | undefined): boolean {
  return value?.trim().toLowerCase() === 'true'
}
