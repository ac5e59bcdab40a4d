// What must hold for all replicas of one partition for ever: the ghost of what was committed, and
// the rules of replication and of idempotent producers that are looked at when something changes.

import type { DurableBatches } from './durable-batches.ts'
import type { AckedRecord, Ghost } from './ghost.ts'
import { batchesOf, type ReadBatch, type Replica, recordsOf } from './log-reading.ts'
import { demand } from './violation.ts'

/** What is known to be committed at one offset range. */
interface CommittedBatch {
  readonly baseOffset: number
  readonly fingerprint: string
}

export interface PartitionCheckerOptions {
  /** For messages: topic and index. */
  readonly name: string
  readonly partitionIndex: number
  readonly ghost: Ghost
  /** Whether its records are those of the ghost, not of a coordinator. */
  readonly hasSentRecords: boolean
  /** min.insync.replicas, at most the number of replicas. */
  readonly minIsr: number
  readonly durable: ReadonlyMap<number, DurableBatches>
}

export class PartitionChecker {
  readonly #options: PartitionCheckerOptions
  /** In order, end to end. */
  readonly #committed: CommittedBatch[] = []
  readonly #indexOf = new Map<number, number>()
  #committedEnd = 0
  #lastEpoch = -1
  readonly #offsetOf = new Map<string, number>()
  /** Next sequence by producer and epoch. */
  readonly #nextSequence = new Map<string, number>()
  readonly #lastOrder = new Map<string, number>()
  /** Leader by epoch: broker and incarnation. */
  readonly #leaders = new Map<number, string>()
  #newestLeaderEpoch = -1
  #clientHighWatermark = 0
  /** How many of the committed batches the disk of a broker was seen to hold. */
  readonly #heldOnDisk = new Map<number, number>()

  constructor(options: PartitionCheckerOptions) {
    this.#options = options
  }

  get committedEnd(): number {
    return this.#committedEnd
  }

  get newestLeaderEpoch(): number {
    return this.#newestLeaderEpoch
  }

  /** A new leader: it must be the only one of its epoch and hold all that was committed. */
  elected(identity: string, replica: Replica): void {
    const epoch = replica.leader?.leaderEpoch ?? -1
    const before = this.#leaders.get(epoch)
    demand('REP-5', before === undefined || before === identity, () => {
      return `two leaders of ${this.#options.name} in epoch ${epoch}: ${before} and ${identity}`
    })
    this.#leaders.set(epoch, identity)
    if (epoch < this.#newestLeaderEpoch) return
    this.#newestLeaderEpoch = epoch
    this.mustHoldCommitted(`leader ${identity}`, replica)
  }

  mustHoldCommitted(who: string, replica: Replica): void {
    const { log } = replica
    demand('REP-1', log.logEndOffset >= this.#committedEnd, () => {
      const end = `${log.logEndOffset}, committed is ${this.#committedEnd}`
      return `${who} has ${this.#options.name} up to ${end}`
    })
    for (const batch of batchesOf(replica, 0, this.#committedEnd)) {
      demand('REP-1', this.#known(batch)?.fingerprint === batch.fingerprint, () => {
        return `${who} has another batch of ${this.#options.name} at ${batch.baseOffset}`
      })
    }
  }

  /** The high watermark of a replica has risen: all below it is what all others have. */
  committedUpTo(
    broker: number,
    replica: Replica,
    before: { readonly highWatermark: number; readonly isrSize: number },
  ): void {
    const { highWatermark, log, leader } = replica
    const isNews = highWatermark > this.#committedEnd
    demand('REP-4', highWatermark <= log.durableEndOffset, () => {
      return `${this.#where(broker)}: ${highWatermark} is committed, not all of it durable`
    })
    for (const batch of batchesOf(replica, before.highWatermark, highWatermark)) {
      const known = this.#known(batch)
      if (known === undefined) this.#newlyCommitted(batch)
      else {
        demand('REP-2', known.fingerprint === batch.fingerprint, () => {
          return `${this.#where(broker)} differs at ${batch.baseOffset}`
        })
      }
    }
    if (leader === undefined) return
    const { isr } = leader.partition
    // One event may bring an acknowledgement and, after it, news of a smaller ISR. What was known
    // to be committed may become known again at any time.
    const isrSize = Math.max(isr.length, before.isrSize)
    demand('REP-4', !isNews || isrSize >= this.#options.minIsr, () => {
      return `${this.#where(broker)}: the high watermark rose with an ISR of ${isr}`
    })
    // A leader of the past may know less than is committed by now.
    for (const id of leader.maximalIsr) this.mustHoldOnDisk('REP-4', id, highWatermark)
  }

  /** Everything committed below `upTo` would survive a power cut of this broker now. */
  mustHoldOnDisk(rule: string, broker: number, upTo = this.#committedEnd): void {
    const durable = this.#options.durable.get(broker)
    if (durable === undefined) return
    let held = this.#heldOnDisk.get(broker) ?? 0
    for (; held < this.#committed.length; held++) {
      const batch = this.#committed[held]
      if (batch === undefined || batch.baseOffset >= upTo) break
      demand(rule, durable.has(batch.fingerprint), () => {
        return `${this.#where(broker)} counts as in sync, its disk lacks ${batch.baseOffset}`
      })
    }
    this.#heldOnDisk.set(broker, held)
  }

  /** What the newest leader tells clients. */
  told(broker: number, highWatermark: number): void {
    demand('REP-4', highWatermark >= this.#clientHighWatermark, () => {
      return `${this.#where(broker)}: told ${this.#clientHighWatermark}, now ${highWatermark}`
    })
    this.#clientHighWatermark = highWatermark
  }

  /** An acknowledgement names the offset at which the record is committed. */
  acked({ value, offset }: AckedRecord): void {
    const committedAt = this.#offsetOf.get(value)
    demand('REP-1', committedAt !== undefined, () => `${value} was acknowledged, not committed`)
    demand('IDEM-2', committedAt === offset, () => {
      return `${value} is at ${committedAt}, acknowledged at ${offset}`
    })
  }

  /** What a consumer was given at an offset. */
  consumed(offset: number, value: string): void {
    demand('REP-12', offset < this.#committedEnd, () => {
      return `a consumer of ${this.#options.name} got ${value} at ${offset}, not committed`
    })
    demand('REP-3', this.#offsetOf.get(value) === offset, () => {
      return `a consumer got ${value} at ${offset}, it is at ${this.#offsetOf.get(value)}`
    })
  }

  #known({ baseOffset }: ReadBatch): CommittedBatch | undefined {
    const index = this.#indexOf.get(baseOffset)
    return index === undefined ? undefined : this.#committed[index]
  }

  #newlyCommitted(batch: ReadBatch): void {
    const { baseOffset, endOffset, fingerprint, header } = batch
    demand('REP-3', baseOffset === this.#committedEnd, () => {
      return `committed up to ${this.#committedEnd}, the next batch begins at ${baseOffset}`
    })
    demand('REP-5', header.partitionLeaderEpoch >= this.#lastEpoch, () => {
      return `batch epochs fall at ${baseOffset}`
    })
    this.#indexOf.set(baseOffset, this.#committed.length)
    this.#committed.push({ baseOffset, fingerprint })
    this.#committedEnd = endOffset
    this.#lastEpoch = header.partitionLeaderEpoch
    if (!this.#options.hasSentRecords) return
    this.#checkSequence(batch)
    this.#checkRecords(batch)
  }

  #checkSequence({ header }: ReadBatch): void {
    const { producerId, producerEpoch, baseSequence, recordCount } = header
    if (producerId < 0) return
    const key = `${producerId}/${producerEpoch}`
    const next = this.#nextSequence.get(key) ?? 0
    demand('IDEM-1', baseSequence === next, () => {
      return `producer ${key}: sequence ${baseSequence} where ${next} is next`
    })
    this.#nextSequence.set(key, baseSequence + recordCount)
  }

  #checkRecords({ bytes }: ReadBatch): void {
    const { ghost, partitionIndex } = this.#options
    for (const { offset, value } of recordsOf(bytes)) {
      const twice = this.#offsetOf.get(value)
      demand('IDEM-1', twice === undefined, () => `${value} is at ${twice} and at ${offset}`)
      this.#offsetOf.set(value, offset)
      const sent = ghost.sentRecord(value)
      demand('phantom', sent !== undefined, () => `${value} was never sent`)
      if (sent === undefined) continue
      demand('phantom', sent.partitionIndex === partitionIndex, () => {
        return `${value} is in another partition than it was sent to`
      })
      const last = this.#lastOrder.get(sent.producer) ?? 0
      demand('IDEM-4', sent.order > last, () => `${value} comes after a later record`)
      this.#lastOrder.set(sent.producer, sent.order)
    }
  }

  #where(broker: number): string {
    return `broker ${broker}, ${this.#options.name}`
  }
}
