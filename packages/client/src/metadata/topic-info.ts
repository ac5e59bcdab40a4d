// What is known of a topic and its partitions: values, never changed.

import type { Uuid } from '@klamm/base'

export interface PartitionInfo {
  readonly partition: number
  /** -1 while there is no leader. */
  readonly leaderId: number
  /** -1 when the broker does not say. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  /** Replicas on brokers that are not up. */
  readonly offline: readonly number[]
}

/** Never changed: what is new is another object. */
export interface TopicInfo {
  readonly name: string
  /** `zeroUuid` from brokers older than topic ids. */
  readonly topicId: Uuid
  readonly isInternal: boolean
  /** Partition `n` at index `n`. */
  readonly partitions: readonly PartitionInfo[]
}
