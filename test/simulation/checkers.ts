// The invariants of replication, of idempotent producers and of metadata, looked at after every
// event of a simulation. Work is done only where something has changed since the last look.
//
// REP-1 no acknowledged record is lost            REP-4 what clients are told never goes back
// REP-2 replicas agree below the high watermark   REP-5 epochs, one leader per epoch
// REP-3 what was visible never changes            REP-6 a leader of the past acknowledges nothing
// IDEM-1 sequences without gap or repetition      IDEM-2 a retry is answered with the first offset
// IDEM-4 records of one producer keep their order STO-4 what is derived from a log is right

import { StorageError } from '@klamm/base/env'
import type { Broker } from '@klamm/broker'
import { checkDerivedState } from './derived-state.ts'
import { DurableBatches } from './durable-batches.ts'
import type { Ghost } from './ghost.ts'
import type { Replica } from './log-reading.ts'
import { MetadataChecker } from './metadata-checker.ts'
import { PartitionChecker } from './partition-checker.ts'
import type { SimCluster } from './sim-cluster.ts'
import { demand } from './violation.ts'

/** Seen of one replica in one incarnation of its broker. */
interface Seen {
  readonly checker: PartitionChecker
  highWatermark: number
  leaderEpoch: number
  /** While it led. */
  isrSize: number
}

export class Checkers {
  readonly #cluster: SimCluster
  readonly #ghost: Ghost
  readonly #minIsr: number
  readonly #durable: ReadonlyMap<number, DurableBatches>
  readonly #partitions = new Map<string, PartitionChecker>()
  readonly #seen = new WeakMap<Replica, Seen>()
  readonly #metadata: MetadataChecker
  #checkedAcks = 0

  /** `minIsr` is that of all topics. */
  constructor(cluster: SimCluster, ghost: Ghost, minIsr: number) {
    this.#cluster = cluster
    this.#ghost = ghost
    this.#minIsr = minIsr
    this.#durable = new Map(
      cluster.brokerIds.map(id => [id, new DurableBatches(cluster.node(id))] as const),
    )
    this.#metadata = new MetadataChecker({
      partition: (topicId, index) => this.#partitions.get(`${topicId}-${index}`),
      broker: id => cluster.broker(id),
      mayBeClean: id => cluster.mayHaveComeBackCleanly(id),
    })
  }

  /** Looks at everything that runs. Throws Violation. */
  check(): void {
    for (const broker of this.#cluster.running) {
      try {
        for (const replica of broker.partitions) this.#look(broker, replica)
      } catch (error) {
        // A broker that is about to have stopped has closed its logs.
        const isClosed = error instanceof StorageError && error.code === 'closed'
        if (!isClosed || !this.#cluster.isStopping(broker)) throw error
      }
      this.#metadata.look(broker)
    }
    this.#checkAcks()
  }

  /** A consumer was given a record. */
  consumed(topicId: string, partitionIndex: number, offset: number, value: string): void {
    const checker = this.#partitions.get(`${topicId}-${partitionIndex}`)
    demand('REP-15', checker !== undefined, () => `${value} comes from a topic nobody has`)
    checker?.consumed(offset, value)
  }

  /** Exclusive end of what is known to be committed. */
  committedEnd(topicId: string, partitionIndex: number): number {
    return this.#partitions.get(`${topicId}-${partitionIndex}`)?.committedEnd ?? 0
  }

  #look(broker: Broker, replica: Replica): void {
    const { highWatermark, leader, follower } = replica
    let seen = this.#seen.get(replica)
    if (seen === undefined) {
      seen = { checker: this.#checkerOf(replica), highWatermark: 0, leaderEpoch: -1, isrSize: 0 }
      this.#seen.set(replica, seen)
    }
    const { checker } = seen
    const leaderEpoch = leader?.leaderEpoch ?? follower?.leaderEpoch ?? -1
    if (leaderEpoch !== -1 && leaderEpoch !== seen.leaderEpoch) {
      demand('REP-5', leaderEpoch > seen.leaderEpoch, () => {
        return `broker ${broker.brokerId}, ${nameOf(replica)}: the leader epoch fell`
      })
      seen.leaderEpoch = leaderEpoch
      if (leader !== undefined) {
        const { incarnation } = this.#cluster.node(broker.brokerId)
        checker.elected(`${broker.brokerId}/${incarnation}`, replica)
      }
    }
    if (highWatermark !== seen.highWatermark) {
      demand('REP-4', highWatermark > seen.highWatermark, () => {
        const fall = `from ${seen.highWatermark} to ${highWatermark}`
        return `broker ${broker.brokerId}, ${nameOf(replica)}: the high watermark fell ${fall}`
      })
      checker.committedUpTo(broker.brokerId, replica, seen)
      seen.highWatermark = highWatermark
    }
    seen.isrSize = leader?.partition.isr.length ?? 0
    if (leader === undefined || leaderEpoch < checker.newestLeaderEpoch) return
    const told = leader.clientHighWatermark()
    if (told !== undefined) checker.told(broker.brokerId, told)
  }

  #checkAcks(): void {
    const { acks } = this.#ghost
    for (; this.#checkedAcks < acks.length; this.#checkedAcks++) {
      const record = acks[this.#checkedAcks]
      if (record === undefined) return
      const checker = this.#partitions.get(`${record.topicId}-${record.partitionIndex}`)
      demand('REP-1', checker !== undefined, () => `${record.value}: in a topic nobody has`)
      checker?.acked(record)
    }
  }

  #checkerOf(replica: Replica): PartitionChecker {
    const { topicId, topicName, partitionIndex } = replica
    const key = `${topicId}-${partitionIndex}`
    let checker = this.#partitions.get(key)
    if (checker === undefined) {
      checker = new PartitionChecker({
        name: nameOf(replica),
        partitionIndex,
        ghost: this.#ghost,
        hasSentRecords: !topicName.startsWith('__'),
        minIsr: this.#minIsr,
        durable: this.#durable,
      })
      this.#partitions.set(key, checker)
    }
    return checker
  }

  /** After everything has healed: all replicas are equal up to the end, and hold what they must. */
  checkConverged(): void {
    this.check()
    for (const broker of this.#cluster.running) {
      const { offset } = broker.quorum.image.position
      demand('META-1', offset === this.#metadata.newestOffset, () => {
        return `broker ${broker.brokerId} is at ${offset} of ${this.#metadata.newestOffset}`
      })
      for (const replica of broker.partitions) {
        const checker = this.#checkerOf(replica)
        const who = `broker ${broker.brokerId}`
        demand('LIV-P3', replica.highWatermark === checker.committedEnd, () => {
          const committed = `${replica.highWatermark} committed of ${checker.committedEnd}`
          return `${who}, ${nameOf(replica)}: ${committed}`
        })
        checker.mustHoldCommitted(who, replica)
        checker.mustHoldOnDisk('STO-1', broker.brokerId)
        checkDerivedState(who, replica)
      }
    }
  }
}

function nameOf({ topicName, partitionIndex }: Replica): string {
  return `${topicName}-${partitionIndex}`
}
