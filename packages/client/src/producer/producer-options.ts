// What a producer is made with, and what is true when something is left out.

import type { CompressionName } from '@klamm/protocol'
import type { Acks } from '../accumulator/batch.ts'
import type { PartitionerName } from '../partitioners/named.ts'
import type { Partitioner, PartitionFunction } from '../partitioners/partitioner.ts'
import type { Serializer } from '../serde/serde.ts'

export interface ProducerOptions<K, V> {
  /** Text or bytes as they are when left out. */
  readonly key?: Serializer<K> | undefined
  readonly value?: Serializer<V> | undefined
  /**
   * Who must have a record before it counts as sent: `all` in-sync replicas (-1), the leader alone
   * (1), nobody (0: nothing is known of it). `all` when left out.
   */
  readonly acks?: Acks | -1 | undefined
  /**
   * Whether the brokers tell repeated batches apart, so that a record is stored once and in order
   * whatever has to be tried again. True when left out, and acks is `all`; needs acks `all`.
   */
  readonly idempotent?: boolean | undefined
  /** `none` when left out. */
  readonly compression?: CompressionName | undefined
  /**
   * How long a batch waits for more records, in ms. When left out: not at all while nothing of its
   * partition is on its way, and up to 5 ms otherwise, so that a single send is not held up and
   * many still share batches.
   */
  readonly lingerMs?: number | undefined
  /** A batch of one partition is sent at this size, uncompressed; 1 MiB when left out. */
  readonly batchBytes?: number | undefined
  /** Records that are accepted and not yet answered, in bytes; 64 MiB when left out. */
  readonly maxBufferedBytes?: number | undefined
  /**
   * With no room left, `send` waits its turn, or rejects with ERR_BUFFER_FULL. `wait` when left
   * out.
   */
  readonly onFull?: 'wait' | 'throw' | undefined
  /**
   * How long after its `send` a record may still be tried, in ms; 2 min when left out. Waiting for
   * the topic and for room counts.
   */
  readonly deliveryTimeoutMs?: number | undefined
  /** Requests on their way to one broker; at most 5 with idempotence; 5 when left out. */
  readonly maxInFlight?: number | undefined
  /**
   * `murmur2`: by key as Java's client and KafkaJS do, without key a share of bytes per partition
   * (KIP-794). `sticky`: as if there were no keys. `roundRobin`: each record to the next partition.
   * `kafkajsLegacy`: by key as KafkaJS 1 did. Or one's own. `murmur2` when left out.
   */
  readonly partitioner?: PartitionerName | Partitioner | PartitionFunction | undefined
  /** Whether the broker may create a topic that does not exist; true when left out. */
  readonly allowAutoTopicCreation?: boolean | undefined
}
