// What a program gives to `run`, and what its handlers are given, in KafkaJS's shapes.

import type { consumerEvents } from './constants.ts'
import type { Batch, KafkaMessage } from './messages.ts'

export type ConsumerEventName = (typeof consumerEvents)[keyof typeof consumerEvents]

export interface TopicPartitions {
  topic: string
  partitions: number[]
}

export interface Offsets {
  topics: { topic: string; partitions: { partition: number; offset: string }[] }[]
}

export interface EachMessagePayload {
  topic: string
  partition: number
  message: KafkaMessage
  /** Heartbeats go on by themselves: it resolves at once. */
  heartbeat(): Promise<void>
  /** Pauses the partition; what it returns resumes it. */
  pause(): () => void
}

export interface EachBatchPayload {
  batch: Batch
  /** Everything up to and including this offset is done. */
  resolveOffset(offset: string): void
  heartbeat(): Promise<void>
  pause(): () => void
  /** With offsets commits these; without, what is resolved, once there is enough of it. */
  commitOffsetsIfNecessary(offsets?: Offsets): Promise<void>
  uncommittedOffsets(): Offsets
  /** False once the consumer stops, or the partition is taken away. */
  isRunning(): boolean
  /** Whether `seek` was called for the partition since the batch was handed out. */
  isStale(): boolean
}

export interface ConsumerRunConfig {
  autoCommit?: boolean
  /** In ms. */
  autoCommitInterval?: number | null
  /** Commits after this many messages as well. */
  autoCommitThreshold?: number | null
  eachBatchAutoResolve?: boolean
  partitionsConsumedConcurrently?: number
  eachMessage?: (payload: EachMessagePayload) => Promise<void>
  eachBatch?: (payload: EachBatchPayload) => Promise<void>
}
