// The batches of one partition, in order, and their sequence numbers. What keeps the records of an
// idempotent producer in order and single, whatever is lost or refused, is decided here (KIP-98,
// KIP-360).
//
// A batch gets its numbers when it is first sent and keeps them: a broker that has it already says
// so by them. When one is given up, the broker may or may not expect the next; so the next is sent
// as it is if it may have been stored (success means that the one before was, too), and otherwise
// all that follow are numbered from 0 under a higher epoch, which also shuts out late copies. The
// epoch is raised for this partition alone: brokers look at sequences by partition.

import { assert, present } from '@klamm/base'
import { addToSequence } from '@klamm/protocol/batch-header'
import type { Batch, BatchSettings, ProducerIdentity, RecordSink } from './batch.ts'

/** Under which conditions a batch may go out now. */
export interface SendRules {
  /** How long a batch waits for more records, in ms. */
  readonly lingerMs: number
  /** Whether it waits also while nothing of its partition is on its way. */
  readonly lingersWhenIdle: boolean
  /** Nothing waits for more records: somebody flushes, closes or has no room. */
  readonly isUrgent: boolean
  /** Batches of one partition on their way; brokers remember five per producer. */
  readonly maxInFlight: number
  /** What new numbers begin with; undefined until there is one. */
  readonly identity: ProducerIdentity | undefined
}

const maxProducerEpoch = 0x7fff

/**
 * Always true: `#started` are the batches that were sent at least once, by sequence; of these the
 * ones in flight are `#inFlight`, the others wait; those in `#fresh` have no numbers.
 */
export class PartitionQueue<S extends RecordSink, T> {
  readonly topic: string
  readonly partition: number
  /** Counted as buffered for this partition, in bytes. */
  bufferedBytes = 0
  /** Batches of this partition are kept below, in bytes: learned from what a broker refused. */
  maxBatchBytes: number
  /** Uncompressed size of the last batch sent, in bytes: what the next is likely to take. */
  lastBatchBytes = 0
  readonly #started: Batch<S, T>[] = []
  readonly #fresh: Batch<S, T>[] = []
  #inFlight = 0
  #identity: ProducerIdentity | undefined
  #nextSequence = 0
  /** The last batch that was started was given up. */
  #nextFollowsGap = false
  /**
   * The leader has accepted a batch under this identity. Before that, one at a time: a broker that
   * knows nothing of a producer may take any sequence for the first, and then the true first batch,
   * refused for another reason, would be too late for ever.
   */
  #isProven = false

  constructor(topic: string, partition: number, maxBatchBytes: number) {
    this.topic = topic
    this.partition = partition
    this.maxBatchBytes = maxBatchBytes
  }

  get isEmpty(): boolean {
    return this.#started.length === 0 && this.#fresh.length === 0
  }

  get hasInFlight(): boolean {
    return this.#inFlight > 0
  }

  /** Raised beyond what an epoch can be: only another producer id helps. */
  get isExhausted(): boolean {
    return this.#identity?.producerEpoch === maxProducerEpoch && this.#needsNumbers
  }

  /** Something here cannot be numbered for want of a producer id. */
  get waitsForIdentity(): boolean {
    if (this.#needsNumbers && this.#started.length > 0) return this.#inFlight === 0
    return this.#started.length === 0 && this.#fresh[0]?.isIdempotent === true
  }

  /** The batch that takes a record of at most `recordBytes` to be sent like this, if any does. */
  openFor(recordBytes: number, settings: BatchSettings): Batch<S, T> | undefined {
    const last = this.#fresh[this.#fresh.length - 1]
    if (last === undefined || last.state !== 'open') return undefined
    const { acks, compression } = last.settings
    const isAlike = acks === settings.acks && compression === settings.compression
    if (isAlike && last.sink.sizeInBytes + recordBytes <= this.maxBatchBytes) return last
    last.state = 'closed'
    return undefined
  }

  push(batch: Batch<S, T>): void {
    this.#fresh.push(batch)
  }

  /**
   * The batch that is to be sent now; undefined when none may. `leaderEpoch` is that of whom it
   * would go to: a new leader need not be waited for.
   */
  next(nowMs: number, rules: SendRules, leaderEpoch: number): Batch<S, T> | undefined {
    const head = this.#started[0]
    if (head === undefined) return this.#firstFresh(nowMs, rules)
    if (this.#started.length > this.#inFlight) return this.#repeat(head, nowMs, rules, leaderEpoch)
    return this.#nextFresh(head, nowMs, rules)
  }

  /** `next` is on its way. */
  start(batch: Batch<S, T>, leaderEpoch: number): void {
    if (batch === this.#fresh[0]) {
      this.#fresh.shift()
      this.#started.push(batch)
      this.lastBatchBytes = batch.sink.sizeInBytes
      if (batch.isIdempotent) this.#number(batch)
    }
    batch.state = 'inFlight'
    batch.attempts += 1
    batch.leaderEpoch = leaderEpoch
    this.#inFlight += 1
    this.#check()
  }

  /** It is in the log, and so is everything before it. */
  stored(batch: Batch<S, T>): void {
    this.#landed(batch)
    if (batch.identity !== undefined && batch.identity === this.#identity) this.#isProven = true
    for (const earlier of this.#started) {
      if (earlier === batch) break
      if (earlier.identity === batch.identity) earlier.isFollowed = true
    }
    this.#remove(batch)
  }

  /** It has to be sent again. */
  retry(batch: Batch<S, T>, retryAtMs: number): void {
    this.#landed(batch)
    batch.state = 'waiting'
    batch.retryAtMs = retryAtMs
  }

  /**
   * The broker expects another sequence, hence does not have this batch. If something before it
   * still has to be sent, that is why. If not, the broker has lost records or what it knew of the
   * producer: everything is numbered anew.
   */
  outOfSequence(batch: Batch<S, T>, retryAtMs: number): void {
    this.retry(batch, retryAtMs)
    batch.mayBeStored = false
    if (batch === this.#started[0]) batch.followsGap = true
  }

  /** Nobody waits for it any more, or it cannot be stored: what follows comes after a gap. */
  drop(batch: Batch<S, T>): void {
    if (batch.state === 'inFlight') this.#landed(batch)
    batch.state = 'settled'
    const freshAt = this.#fresh.indexOf(batch)
    if (freshAt >= 0) {
      this.#fresh.splice(freshAt, 1)
      return
    }
    const after = this.#remove(batch)
    if (!batch.isIdempotent || batch.isStored) return
    if (after === undefined) this.#nextFollowsGap = true
    else after.followsGap = true
  }

  /**
   * The same records in smaller batches, with the same sequences as long as none is missing;
   * `parts` are not empty.
   */
  replace(batch: Batch<S, T>, parts: readonly Batch<S, T>[], isComplete: boolean): void {
    this.#landed(batch)
    batch.state = 'settled'
    let sequence = batch.baseSequence
    for (const part of parts) {
      part.state = 'waiting'
      part.attempts = batch.attempts
      part.identity = batch.identity
      if (!batch.isIdempotent) continue
      part.baseSequence = sequence
      sequence = addToSequence(sequence, part.recordCount)
    }
    const first = present(parts[0], 'a batch is replaced by something')
    first.followsGap = batch.isIdempotent && (batch.followsGap || !isComplete)
    this.#started.splice(this.#started.indexOf(batch), 1, ...parts)
    this.#check()
  }

  /** Visits the batches whose time has passed, oldest first; they may be dropped meanwhile. */
  overdue(nowMs: number): Batch<S, T>[] {
    const late = this.#started.filter(batch => batch.deadlineMs <= nowMs && !batch.isAbandoned)
    for (const batch of this.#fresh) {
      if (batch.deadlineMs > nowMs) break
      late.push(batch)
    }
    return late
  }

  /** Everything that is here, in order. */
  batches(): Batch<S, T>[] {
    return [...this.#started, ...this.#fresh]
  }

  /** What has never been sent. */
  unsent(): Batch<S, T>[] {
    return [...this.#fresh]
  }

  /** When time alone changes something: a wait ends or a deadline passes. Infinity for never. */
  wakeAtMs(nowMs: number, lingerMs: number): number {
    let atMs = Number.POSITIVE_INFINITY
    for (const batch of this.#started) {
      if (!batch.isAbandoned && batch.deadlineMs < atMs) atMs = batch.deadlineMs
    }
    const head = this.#started[0]
    if (head?.state === 'waiting' && this.#inFlight === 0 && head.retryAtMs > nowMs) {
      atMs = Math.min(atMs, head.retryAtMs)
    }
    const fresh = this.#fresh[0]
    if (fresh === undefined) return atMs
    const lingersUntilMs = fresh.createdAtMs + lingerMs
    if (fresh.state === 'open' && lingersUntilMs > nowMs) atMs = Math.min(atMs, lingersUntilMs)
    return Math.min(atMs, fresh.deadlineMs)
  }

  get #needsNumbers(): boolean {
    const head = this.#started[0]
    if (head === undefined) return this.#nextFollowsGap
    return head.followsGap && !head.mayBeStored
  }

  #firstFresh(nowMs: number, rules: SendRules): Batch<S, T> | undefined {
    const batch = this.#fresh[0]
    if (batch === undefined || !isReady(batch, nowMs, rules, true)) return undefined
    if (!batch.isIdempotent) return batch
    const { identity } = rules
    if (identity === undefined) return undefined
    const isOther = this.#identity?.producerId !== identity.producerId
    if ((isOther || this.#nextFollowsGap) && !this.#raiseEpoch(identity)) return undefined
    return batch
  }

  #nextFresh(head: Batch<S, T>, nowMs: number, rules: SendRules): Batch<S, T> | undefined {
    const batch = this.#fresh[0]
    if (batch === undefined || !batch.isIdempotent || !head.isIdempotent) return undefined
    const { identity, maxInFlight } = rules
    if (!this.#isProven || this.#nextFollowsGap || this.#started.length >= maxInFlight) {
      return undefined
    }
    if (this.#identity?.producerId !== identity?.producerId) return undefined
    // One that follows a gap may be refused, and those behind it with it. One that is repeated has
    // to be among the last five that the broker has, or it is not recognised.
    if (this.#started.some(({ followsGap, attempts }) => followsGap || attempts > 1)) {
      return undefined
    }
    return isReady(batch, nowMs, rules, false) ? batch : undefined
  }

  /** One at a time and only the first: whatever comes after it would be refused. */
  #repeat(
    head: Batch<S, T>,
    nowMs: number,
    rules: SendRules,
    leaderEpoch: number,
  ): Batch<S, T> | undefined {
    if (this.#inFlight > 0) return undefined
    const isNewLeader = head.leaderEpoch >= 0 && leaderEpoch > head.leaderEpoch
    if (nowMs < head.retryAtMs && !isNewLeader) return undefined
    if (head.followsGap && !head.mayBeStored && !this.#renumber(rules.identity)) return undefined
    return head
  }

  #renumber(current: ProducerIdentity | undefined): boolean {
    if (current === undefined || !this.#raiseEpoch(current)) return false
    for (const batch of this.#started) {
      batch.followsGap = false
      batch.isFollowed = false
      batch.mayBeStored = false
      if (batch.isIdempotent) this.#number(batch)
    }
    return true
  }

  /** Begins at sequence 0 again. False when the producer id is used up. */
  #raiseEpoch(current: ProducerIdentity): boolean {
    const own = this.#identity
    if (own === undefined || own.producerId !== current.producerId) this.#identity = current
    else if (own.producerEpoch === maxProducerEpoch) return false
    else {
      const { producerId, producerEpoch } = own
      this.#identity = { producerId, producerEpoch: producerEpoch + 1 }
    }
    this.#nextSequence = 0
    this.#nextFollowsGap = false
    this.#isProven = false
    return true
  }

  #number(batch: Batch<S, T>): void {
    batch.identity = this.#identity
    batch.baseSequence = this.#nextSequence
    batch.numbering += 1
    this.#nextSequence = addToSequence(this.#nextSequence, batch.recordCount)
  }

  #landed(batch: Batch<S, T>): void {
    assert(batch.state === 'inFlight', 'what is answered was sent', () => this.#name)
    this.#inFlight -= 1
  }

  /** Takes it out of those that were started; returns the one after it. */
  #remove(batch: Batch<S, T>): Batch<S, T> | undefined {
    const index = this.#started.indexOf(batch)
    assert(index >= 0, 'a batch is in its queue', () => this.#name)
    batch.state = 'settled'
    this.#started.splice(index, 1)
    this.#check()
    return this.#started[index]
  }

  #check(): void {
    assert(this.#inFlight >= 0, 'no batch is answered twice', () => this.#name)
    assert(this.#inFlight <= this.#started.length, 'what is in flight was started')
  }

  get #name(): string {
    return `${this.topic}-${this.partition}`
  }
}

function isReady<S extends RecordSink, T>(
  batch: Batch<S, T>,
  nowMs: number,
  rules: SendRules,
  isIdle: boolean,
): boolean {
  if (batch.state === 'closed' || rules.isUrgent) return true
  if (isIdle && !rules.lingersWhenIdle) return true
  return nowMs >= batch.createdAtMs + rules.lingerMs
}
