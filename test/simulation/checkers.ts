// The invariants of replication and of idempotent producers, looked at after every event of a
// simulation. Work is done only where something has changed since the last look.
//
// REP-1 no acknowledged record is lost            REP-4 what clients are told never goes back
// REP-2 replicas agree below the high watermark   REP-5 epochs, one leader per epoch
// REP-3 what was visible never changes            REP-6 a leader of the past acknowledges nothing
// IDEM-1 sequences without gap or repetition      IDEM-2 a retry is answered with the first offset
// IDEM-4 records of one producer keep their order IDEM-5 producer ids are unique

import { assert } from '@klamm/base'
import type { Broker } from '@klamm/broker'
import { readBatches, readRecords, splitBatches } from '@klamm/protocol'
import type { Ghost } from './ghost.ts'
import type { SimCluster } from './sim-cluster.ts'

type Replica = ReturnType<Broker['partitions']['get']> & object

export class Violation extends Error {
  override readonly name = 'Violation'
  readonly invariant: string

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

/** What is known to be committed at one offset range of a partition. */
interface CommittedBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  /** All bytes of the batch, as text that can be compared. */
  readonly fingerprint: string
}

interface Producer {
  epoch: number
  nextSequence: number
}

/** The ghost of one partition: what must hold for all replicas for ever. */
class PartitionGhost {
  /** By base offset. */
  readonly committed = new Map<number, CommittedBatch>()
  committedEnd = 0
  lastEpoch = -1
  readonly offsetOf = new Map<string, number>()
  readonly producers = new Map<number, Producer>()
  readonly lastOrder = new Map<string, number>()
  /** Leader by epoch: broker and incarnation. */
  readonly leaders = new Map<number, string>()
  clientHighWatermark = 0
  checkedAcks = 0
  newestLeaderEpoch = -1
}

/** Seen of one replica in one incarnation of its broker. */
interface Seen {
  readonly broker: Broker
  highWatermark: number
  leaderEpoch: number
}

export class Checkers {
  readonly #cluster: SimCluster
  readonly #ghost: Ghost
  readonly #topic: string
  readonly #partitions = new Map<number, PartitionGhost>()
  readonly #seen = new Map<string, Seen>()

  constructor(cluster: SimCluster, ghost: Ghost, topic: string) {
    this.#cluster = cluster
    this.#ghost = ghost
    this.#topic = topic
  }

  /** Looks at every replica that runs. Throws Violation. */
  check(): void {
    for (const broker of this.#cluster.running) {
      for (const partition of broker.partitions) {
        if (partition.topicName === this.#topic) this.#look(broker, partition)
      }
    }
    for (const [index, state] of this.#partitions) this.#checkAcks(index, state)
  }

  #look(broker: Broker, partition: Replica): void {
    const state = this.#state(partition.partitionIndex)
    const key = `${broker.brokerId}-${partition.partitionIndex}`
    let seen = this.#seen.get(key)
    if (seen === undefined || seen.broker !== broker) {
      seen = { broker, highWatermark: 0, leaderEpoch: -1 }
      this.#seen.set(key, seen)
    }
    const leaderEpoch = partition.leader?.leaderEpoch ?? partition.follower?.leaderEpoch ?? -1
    if (leaderEpoch !== -1 && leaderEpoch !== seen.leaderEpoch) {
      demand('REP-5', leaderEpoch > seen.leaderEpoch, () => `${key}: the leader epoch fell`)
      seen.leaderEpoch = leaderEpoch
      if (partition.leader !== undefined) this.#elected(broker, partition, state)
    }
    if (partition.highWatermark !== seen.highWatermark) {
      demand('REP-4', partition.highWatermark > seen.highWatermark, () => {
        return `${key}: the high watermark fell from ${seen.highWatermark}`
      })
      this.#committedUpTo(broker, partition, state)
      seen.highWatermark = partition.highWatermark
    }
    const told = partition.leader?.clientHighWatermark()
    if (told !== undefined && leaderEpoch >= state.newestLeaderEpoch) {
      demand('REP-4', told >= state.clientHighWatermark, () => {
        return `${key}: clients were told ${state.clientHighWatermark}, now ${told}`
      })
      state.clientHighWatermark = told
    }
  }

  /** A new leader: it must be the only one of its epoch and hold all that was acknowledged. */
  #elected(broker: Broker, partition: Replica, state: PartitionGhost): void {
    const epoch = partition.leader?.leaderEpoch ?? -1
    const node = this.#cluster.node(broker.brokerId)
    const identity = `${broker.brokerId}/${node.incarnation}`
    const before = state.leaders.get(epoch)
    demand('REP-5', before === undefined || before === identity, () => {
      return `two leaders in epoch ${epoch}: ${before} and ${identity}`
    })
    state.leaders.set(epoch, identity)
    if (epoch < state.newestLeaderEpoch) return
    state.newestLeaderEpoch = epoch
    this.#mustHoldCommitted(broker, partition, state)
  }

  #mustHoldCommitted(broker: Broker, partition: Replica, state: PartitionGhost): void {
    const { log, partitionIndex } = partition
    demand('REP-1', log.logEndOffset >= state.committedEnd, () => {
      return (
        `broker ${broker.brokerId} leads partition ${partitionIndex} up to ${log.logEndOffset}, ` +
        `committed is ${state.committedEnd}`
      )
    })
    for (const batch of batchesOf(partition, 0, state.committedEnd)) {
      const known = state.committed.get(batch.baseOffset)
      demand('REP-1', known?.fingerprint === batch.fingerprint, () => {
        return `broker ${broker.brokerId} leads with another batch at ${batch.baseOffset}`
      })
    }
  }

  /** The high watermark of a replica has risen: what is below it must be what all others have. */
  #committedUpTo(broker: Broker, partition: Replica, state: PartitionGhost): void {
    const { highWatermark, log } = partition
    demand('REP-4', highWatermark <= log.durableEndOffset, () => {
      return `broker ${broker.brokerId}: ${highWatermark} is committed, not all of it durable`
    })
    this.#checkCopies(partition)
    const from = this.#seen.get(`${broker.brokerId}-${partition.partitionIndex}`)?.highWatermark
    for (const batch of batchesOf(partition, from ?? 0, highWatermark)) {
      const known = state.committed.get(batch.baseOffset)
      if (known === undefined) this.#newlyCommitted(partition, batch, state)
      else {
        demand('REP-2', known.fingerprint === batch.fingerprint, () => {
          return `partition ${partition.partitionIndex} differs at ${batch.baseOffset}`
        })
      }
    }
  }

  /** What a leader calls committed is durable on every member of its ISR that runs. */
  #checkCopies({ leader, topicId, partitionIndex, highWatermark }: Replica): void {
    for (const id of leader?.maximalIsr ?? []) {
      const copy = this.#cluster.broker(id)?.partitions.get(topicId, partitionIndex)
      // A broker that has just started has not opened its logs yet.
      if (copy === undefined) continue
      demand('REP-4', copy.log.durableEndOffset >= highWatermark, () => {
        return `${highWatermark} is committed, broker ${id} holds ${copy.log.durableEndOffset}`
      })
    }
  }

  #newlyCommitted(partition: Replica, batch: ReadBatch, state: PartitionGhost): void {
    demand('REP-3', batch.baseOffset === state.committedEnd, () => {
      return `committed up to ${state.committedEnd}, the next batch begins at ${batch.baseOffset}`
    })
    demand(
      'REP-5',
      batch.epoch >= state.lastEpoch,
      () => `batch epochs fall at ${batch.baseOffset}`,
    )
    state.committed.set(batch.baseOffset, batch)
    state.committedEnd = batch.lastOffset + 1
    state.lastEpoch = batch.epoch
    this.#checkSequence(batch, state)
    this.#checkRecords(partition, batch, state)
  }

  #checkSequence(
    { producerId, baseSequence, recordCount }: ReadBatch,
    state: PartitionGhost,
  ): void {
    if (producerId < 0) return
    const next = state.producers.get(producerId)?.nextSequence ?? 0
    demand('IDEM-1', baseSequence === next, () => {
      return `producer ${producerId}: sequence ${baseSequence} where ${next} is next`
    })
    state.producers.set(producerId, { epoch: 0, nextSequence: baseSequence + recordCount })
  }

  #checkRecords(partition: Replica, batch: ReadBatch, state: PartitionGhost): void {
    for (const { offset, value } of batch.records) {
      const twice = state.offsetOf.get(value)
      demand('IDEM-1', twice === undefined, () => `${value} is at ${twice} and at ${offset}`)
      state.offsetOf.set(value, offset)
      const sent = this.#ghost.sentRecord(value)
      demand('phantom', sent !== undefined, () => `${value} was never sent`)
      if (sent === undefined) continue
      demand('phantom', sent.partitionIndex === partition.partitionIndex, () => {
        return `${value} is in another partition than it was sent to`
      })
      const last = state.lastOrder.get(sent.producer) ?? 0
      demand('IDEM-4', sent.order > last, () => `${value} comes after a later record`)
      state.lastOrder.set(sent.producer, sent.order)
    }
  }

  /**
   * Every acknowledgement since the last look names the offset at which the record is committed.
   */
  #checkAcks(partitionIndex: number, state: PartitionGhost): void {
    const acked = this.#ghost.ackedIn(this.#topic, partitionIndex)
    for (; state.checkedAcks < acked.length; state.checkedAcks++) {
      const record = acked[state.checkedAcks]
      if (record === undefined) return
      const offset = state.offsetOf.get(record.value)
      demand('REP-1', offset !== undefined, () => `${record.value} was acknowledged, not committed`)
      demand('IDEM-2', offset === record.offset, () => {
        return `${record.value} is at ${offset}, acknowledged at ${record.offset}`
      })
    }
  }

  #state(partitionIndex: number): PartitionGhost {
    let state = this.#partitions.get(partitionIndex)
    if (state === undefined) {
      state = new PartitionGhost()
      this.#partitions.set(partitionIndex, state)
    }
    return state
  }

  /** After everything has healed: all replicas are equal up to the end, and hold what they must. */
  checkConverged(): void {
    this.check()
    for (const [index, state] of this.#partitions) {
      for (const broker of this.#cluster.running) {
        for (const partition of broker.partitions) {
          if (partition.topicName !== this.#topic || partition.partitionIndex !== index) continue
          demand('LIV-P3', partition.highWatermark === state.committedEnd, () => {
            return (
              `broker ${broker.brokerId}, partition ${index}: ${partition.highWatermark} ` +
              `committed of ${state.committedEnd}`
            )
          })
          this.#mustHoldCommitted(broker, partition, state)
        }
      }
    }
  }
}

interface ReadBatch extends CommittedBatch {
  readonly producerId: number
  readonly baseSequence: number
  readonly recordCount: number
  readonly records: readonly { readonly offset: number; readonly value: string }[]
}

function* batchesOf(partition: Replica, from: number, to: number): Iterable<ReadBatch> {
  let offset = Math.max(from, partition.log.logStartOffset)
  while (offset < to) {
    const { chunks, nextOffset } = partition.log.read(offset, 1 << 20, to, true)
    assert(nextOffset > offset, 'a log has what its offsets say')
    for (const batch of chunks.flatMap(splitBatches)) yield readBatch(batch)
    offset = nextOffset
  }
}

function readBatch(batch: Uint8Array): ReadBatch {
  const [header] = readBatches(batch)
  assert(header !== undefined, 'a batch has a header')
  const decoder = new TextDecoder()
  return {
    baseOffset: header.baseOffset,
    lastOffset: header.baseOffset + header.lastOffsetDelta,
    epoch: header.partitionLeaderEpoch,
    fingerprint: `${batch.byteLength}:${header.crc}:${header.partitionLeaderEpoch}`,
    producerId: header.producerId,
    baseSequence: header.baseSequence,
    recordCount: header.recordCount,
    records: [...readRecords(batch)].map(({ offset, value }) => ({
      offset,
      value: value === null ? '' : decoder.decode(value),
    })),
  }
}

function demand(invariant: string, holds: boolean, detail: () => string): void {
  if (!holds) throw new Violation(invariant, detail())
}
