// What this client knows of the cluster: brokers, topics, who leads which partition. Kept as a
// cache that is read synchronously, filled by Metadata requests to any broker.

import type { Uuid } from '@klamm/base'
import { KafkaError } from '../errors.ts'
import type { BrokerEndpoint } from '../network/brokers.ts'

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

export interface TopicOptions {
  readonly signal?: AbortSignal | undefined
  /** How long to wait for the topic; the client's `requestTimeoutMs` when left out. */
  readonly timeoutMs?: number | undefined
  /** Whether the broker may create a topic that does not exist; false when left out. */
  readonly allowAutoTopicCreation?: boolean | undefined
}

/** What a refresh found to be different. */
export interface MetadataChange {
  /** New topics, and those whose partitions, leaders or replicas are others now. */
  readonly changed: readonly TopicInfo[]
  /** Topics that were known and are no more. */
  readonly gone: readonly string[]
}

/** Topics that are kept fresh for as long as it is not disposed of. */
export interface Watch extends Disposable {
  /** Replaces the topics; those that are new are asked for at once. */
  update(topics: Iterable<string> | 'all'): void
  /** Called after each refresh that changed something watched. Never from within a call. */
  onChange(listener: (change: MetadataChange) => void): void
}

export class Metadata {
  /** By broker id. Empty until the first answer. */
  get brokers(): ReadonlyMap<number, BrokerEndpoint> {
    return new Map()
  }

  /** Undefined until the first answer. */
  get clusterId(): string | undefined {
    return undefined
  }

  /** -1 while unknown. On KRaft some broker: any broker forwards to the controller. */
  get controllerId(): number {
    return -1
  }

  /** What is known now, fresh or not; for hot paths. Undefined when the topic is unknown. */
  cached(_topic: string): TopicInfo | undefined {
    return undefined
  }

  /** The name of a topic that is known by id. */
  nameOf(_topicId: Uuid): string | undefined {
    return undefined
  }

  /**
   * The topic, from the cache while it is fresh. Waits while the cluster cannot tell yet
   * (LEADER_NOT_AVAILABLE, a topic being created, no broker reachable); a partition without leader
   * is told as such (`leaderId` -1) and not waited for.
   *
   * Rejects with UNKNOWN_TOPIC_OR_PARTITION when the topic stays unknown (a topic that nobody may
   * create is waited for only briefly), INVALID_TOPIC_EXCEPTION, TOPIC_AUTHORIZATION_FAILED,
   * ERR_ABORTED, ERR_CLOSED, or with what the last attempt failed with.
   */
  topic(name: string, _options: TopicOptions = {}): Promise<TopicInfo> {
    return Promise.reject(new KafkaError('ERR_CLOSED', 'to come', { topic: name }))
  }

  /**
   * Fresh from a broker: the topics of these names that exist, or all. Topics that do not exist
   * are left out; other errors of single topics reject as `topic` does.
   */
  topics(_names: Iterable<string> | 'all', _options: TopicOptions = {}): Promise<TopicInfo[]> {
    return Promise.reject(new KafkaError('ERR_CLOSED', 'to come'))
  }

  /**
   * What is known of the topic (of everything when left out) turned out to be wrong, for example
   * by NOT_LEADER_OR_FOLLOWER. It stays readable by `cached`; `topic` asks anew, and a refresh in
   * the background begins. Many calls make one request, and failures back off.
   */
  invalidate(_topic?: string): void {}

  /** Asks again for everything that is known or watched. Rejects as `topic` does. */
  async refresh(_signal?: AbortSignal): Promise<void> {}

  /**
   * A broker told who leads now (KIP-951). Ignored when the epoch is not newer than what is known.
   * Returns whether it was news.
   */
  leaderHint(
    _topic: string,
    _partition: number,
    _leaderId: number,
    _leaderEpoch: number,
    _endpoints: readonly BrokerEndpoint[] = [],
  ): boolean {
    return false
  }

  /** Keeps topics fresh: every `metadataMaxAgeMs`, and sooner after `invalidate`. */
  watch(_topics: Iterable<string> | 'all'): Watch {
    return { update() {}, onChange() {}, [Symbol.dispose]() {} }
  }
}
