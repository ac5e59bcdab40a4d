// All records of one producer between `send` and their acknowledgement: batches by partition, what
// may go out when and to whom, memory, deadlines. It decides; it holds no socket and reads no
// clock. The producer's sender drives it.

import { assert, type BackoffOptions, backoffMs, type Random } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import {
  type Acks,
  Batch,
  type BatchSettings,
  type ProducerIdentity,
  type RecordSink,
} from './batch.ts'
import { PartitionQueue, type SendRules } from './partition-queue.ts'
import { callsForMetadata, type Failure, isBeforeAppend, reactionTo } from './reactions.ts'
import type { Settlement } from './settlement.ts'

/** How the bytes of batches come to be. */
export interface Sinks<S extends RecordSink, T> {
  open(expectedBytes: number): S
  /** A new sink with the records of a batch at these indexes, in this order. */
  pick(batch: Batch<S, T>, indexes: readonly number[]): S
}

export interface AccumulatorOptions<S extends RecordSink, T> {
  readonly sinks: Sinks<S, T>
  readonly random: Random
  readonly lingerMs: number
  readonly lingersWhenIdle: boolean
  readonly batchBytes: number
  readonly maxBufferedBytes: number
  /** Batches of several partitions share a request up to this size. */
  readonly maxRequestBytes: number
  /** Requests on their way to one broker. */
  readonly maxInFlight: number
  readonly retry: BackoffOptions
}

/** Who leads a partition, as far as is known. */
export interface LeaderView {
  leaderOf(
    topic: string,
    partition: number,
  ): { readonly leaderId: number; readonly leaderEpoch: number } | undefined
}

/** Batches for one broker, at most one per partition, all with the same acks. */
export interface Shipment<S extends RecordSink, T> {
  readonly brokerId: number
  readonly acks: Acks
  readonly batches: { readonly queue: PartitionQueue<S, T>; readonly batch: Batch<S, T> }[]
  bytes: number
}

/** What a broker said of one batch. */
export interface BatchAnswer {
  readonly error: ErrorName
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  /** Records that made the batch fail, by index in the batch. */
  readonly recordErrors: readonly { readonly index: number; readonly message: string | undefined }[]
  readonly message: string | undefined
}

interface BrokerState {
  inFlight: number
  mutedUntilMs: number
}

/**
 * Always true: `bufferedBytes` is what the batches that are not settled hold; a broker has at most
 * `maxInFlight` shipments.
 */
export class Accumulator<S extends RecordSink, T> {
  readonly #options: AccumulatorOptions<S, T>
  readonly #queues = new Map<string, PartitionQueue<S, T>[]>()
  /** Queues that hold something; who was served last stands last. */
  readonly #active = new Set<PartitionQueue<S, T>>()
  readonly #brokers = new Map<number, BrokerState>()
  readonly #leaderless = new Set<string>()
  #settlements: Settlement<S, T>[] = []
  #identity: ProducerIdentity | undefined
  #wantsIdentity = false
  #bufferedBytes = 0
  #wakeAtMs = Number.POSITIVE_INFINITY

  constructor(options: AccumulatorOptions<S, T>) {
    this.#options = options
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Nothing is waiting and nothing on its way. */
  get isEmpty(): boolean {
    return this.#active.size === 0
  }

  /** Something cannot go out for want of a producer id. */
  get wantsIdentity(): boolean {
    return this.#wantsIdentity
  }

  /** When to call `drain` again if nothing else happens. Infinity: not at all. */
  get wakeAtMs(): number {
    return this.#wakeAtMs
  }

  /** One object per partition, for as long as the producer lives. */
  queue(topic: string, partition: number): PartitionQueue<S, T> {
    let queues = this.#queues.get(topic)
    if (queues === undefined) {
      queues = []
      this.#queues.set(topic, queues)
    }
    const existing = queues[partition]
    if (existing !== undefined) return existing
    const queue = new PartitionQueue<S, T>(topic, partition, this.#options.batchBytes)
    queues[partition] = queue
    return queue
  }

  /** Whether a record of this size may come in: any, while there is nothing else. */
  hasRoom(recordBytes: number): boolean {
    if (this.#bufferedBytes === 0) return true
    return this.#bufferedBytes + recordBytes <= this.#options.maxBufferedBytes
  }

  /**
   * The batch to write the next record of the partition to; call `written` right after.
   * `deadlineMs` is when its owner stops waiting.
   */
  batchFor(
    queue: PartitionQueue<S, T>,
    recordBytes: number,
    record: {
      readonly settings: BatchSettings
      readonly isIdempotent: boolean
      readonly deadlineMs: number
    },
    nowMs: number,
  ): Batch<S, T> {
    const open = queue.openFor(recordBytes, record.settings)
    if (open !== undefined) return open
    const expected = Math.min(Math.max(queue.lastBatchBytes, recordBytes), queue.maxBatchBytes)
    const batch = new Batch<S, T>(this.#options.sinks.open(expected), {
      settings: record.settings,
      isIdempotent: record.isIdempotent,
      createdAtMs: nowMs,
      deadlineMs: record.deadlineMs,
    })
    queue.push(batch)
    this.#active.add(queue)
    return batch
  }

  /** A record of `owner`, who knows it as number `place`, was written to the batch's sink. */
  written(queue: PartitionQueue<S, T>, batch: Batch<S, T>, owner: T, place: number): void {
    batch.add(owner, place)
    this.#account(queue, batch, batch.sink.sizeInBytes)
    if (batch.sink.sizeInBytes >= queue.maxBatchBytes) batch.state = 'closed'
  }

  /**
   * What goes out now; an empty list when nothing may, and then `wakeAtMs` says when to ask again.
   * Batches whose deadline has passed are given up first.
   */
  drain(nowMs: number, leaders: LeaderView, isUrgent: boolean): Shipment<S, T>[] {
    this.#giveUpOverdue(nowMs)
    const { lingerMs, lingersWhenIdle, maxInFlight } = this.#options
    const identity = this.#identity
    const rules: SendRules = { lingerMs, lingersWhenIdle, isUrgent, maxInFlight, identity }
    const shipments: Shipment<S, T>[] = []
    const served: PartitionQueue<S, T>[] = []
    this.#wakeAtMs = Number.POSITIVE_INFINITY
    for (const queue of this.#active) {
      if (this.#ship(queue, rules, nowMs, leaders, shipments)) served.push(queue)
      this.#wakeAtMs = Math.min(this.#wakeAtMs, queue.wakeAtMs(nowMs, lingerMs))
    }
    for (const queue of served) {
      this.#active.delete(queue)
      this.#active.add(queue)
    }
    return shipments
  }

  /** A shipment's request is over, whatever came of it: its place at the broker is free. */
  shipmentDone(shipment: Shipment<S, T>, mutedUntilMs = 0): void {
    const broker = this.#broker(shipment.brokerId)
    broker.inFlight -= 1
    broker.mutedUntilMs = Math.max(broker.mutedUntilMs, mutedUntilMs)
    assert(broker.inFlight >= 0, 'a shipment is over once')
  }

  /** Whether the metadata of the topic should be asked for anew. */
  answered(
    queue: PartitionQueue<S, T>,
    batch: Batch<S, T>,
    answer: BatchAnswer,
    nowMs: number,
  ): boolean {
    const { error, message, baseOffset, logAppendTimeMs } = answer
    const reaction = reactionTo(error)
    if (reaction === 'stored' || (reaction === 'outOfSequence' && batch.isStored)) {
      queue.stored(batch)
      this.#settle(queue, batch, { kind: 'stored', baseOffset, logAppendTimeMs })
      return false
    }
    const failure: Failure = { code: error, message }
    batch.lastFailure = failure
    if (!isBeforeAppend(error)) batch.mayBeStored = true
    if (reaction === 'newProducerId') this.#forgetIdentity(batch.identity)
    if (batch.isAbandoned) this.#fail(queue, batch, failure)
    else if (reaction === 'outOfSequence' && batch.isIdempotent) {
      queue.outOfSequence(batch, nowMs + this.#backoffMs(batch))
    } else if (reaction === 'retry') queue.retry(batch, nowMs + this.#backoffMs(batch))
    else if (reaction === 'split' && batch.recordCount > 1 && !batch.mayBeStored) {
      this.#split(queue, batch)
    } else if (answer.recordErrors.length > 0 && !batch.mayBeStored) {
      this.#reject(queue, batch, answer)
    } else this.#fail(queue, batch, failure)
    return callsForMetadata(error)
  }

  /** The request failed without an answer; with `retriable` false it would fail again. */
  lost(
    queue: PartitionQueue<S, T>,
    batch: Batch<S, T>,
    failure: Failure & { readonly retriable: boolean },
    nowMs: number,
  ): void {
    batch.lastFailure = failure
    batch.mayBeStored = true
    if (batch.isAbandoned || !failure.retriable) this.#fail(queue, batch, failure)
    else queue.retry(batch, nowMs + this.#backoffMs(batch))
  }

  /** The producer has an id (again). */
  identified(identity: ProducerIdentity): void {
    this.#identity = identity
    this.#wantsIdentity = false
  }

  /** There is no producer id to be had: what waits for one fails. */
  notIdentified(failure: Failure): void {
    this.#wantsIdentity = false
    for (const queue of [...this.#active]) {
      for (const batch of queue.batches()) {
        if (batch.isIdempotent && batch.state !== 'inFlight') this.#fail(queue, batch, failure)
      }
    }
  }

  /** Everybody is told the failure; what is on its way is waited for, but not sent again. */
  abandonAll(failure: Failure): void {
    for (const queue of [...this.#active]) {
      for (const batch of queue.batches()) this.#giveUp(queue, batch, failure)
    }
  }

  /** Leaves out batches that were never sent and that nobody waits for any more. */
  dropUnwanted(isGone: (owner: T) => boolean): void {
    for (const queue of [...this.#active]) {
      for (const batch of queue.unsent()) {
        if (!batch.owners.every(isGone)) continue
        queue.drop(batch)
        this.#left(queue, batch)
      }
    }
  }

  /** Hands over what happened to records since the last call. */
  takeSettlements(): readonly Settlement<S, T>[] {
    const settlements = this.#settlements
    if (settlements.length > 0) this.#settlements = []
    return settlements
  }

  /** Hands over the topics with partitions that something could go to if they had a leader. */
  takeLeaderless(): readonly string[] {
    if (this.#leaderless.size === 0) return []
    const topics = [...this.#leaderless]
    this.#leaderless.clear()
    return topics
  }

  #ship(
    queue: PartitionQueue<S, T>,
    rules: SendRules,
    nowMs: number,
    leaders: LeaderView,
    shipments: Shipment<S, T>[],
  ): boolean {
    const leader = leaders.leaderOf(queue.topic, queue.partition)
    const batch = queue.next(nowMs, rules, leader?.leaderEpoch ?? -1)
    if (batch === undefined) {
      this.#noteIdentity(queue, rules)
      return false
    }
    if (leader === undefined || leader.leaderId < 0) {
      this.#leaderless.add(queue.topic)
      this.#wakeAtMs = Math.min(this.#wakeAtMs, nowMs + this.#options.retry.initialMs)
      return false
    }
    const broker = this.#broker(leader.leaderId)
    if (broker.mutedUntilMs > nowMs) {
      this.#wakeAtMs = Math.min(this.#wakeAtMs, broker.mutedUntilMs)
      return false
    }
    const shipment = this.#shipmentFor(batch, leader.leaderId, broker, shipments)
    if (shipment === undefined) return false
    queue.start(batch, leader.leaderEpoch)
    shipment.batches.push({ queue, batch })
    shipment.bytes += batch.sink.sizeInBytes
    return true
  }

  /** The one under way to that broker when it has room, else a new one if another may go out. */
  #shipmentFor(
    batch: Batch<S, T>,
    brokerId: number,
    broker: BrokerState,
    shipments: Shipment<S, T>[],
  ): Shipment<S, T> | undefined {
    const { acks } = batch.settings
    for (const shipment of shipments) {
      if (shipment.brokerId !== brokerId || shipment.acks !== acks) continue
      const bytes = shipment.bytes + batch.sink.sizeInBytes
      if (bytes <= this.#options.maxRequestBytes) return shipment
    }
    if (broker.inFlight >= this.#options.maxInFlight) return undefined
    broker.inFlight += 1
    const shipment: Shipment<S, T> = { brokerId, acks, batches: [], bytes: 0 }
    shipments.push(shipment)
    return shipment
  }

  #noteIdentity(queue: PartitionQueue<S, T>, { identity }: SendRules): void {
    if (queue.isExhausted) this.#forgetIdentity(this.#identity)
    if (identity === undefined && queue.waitsForIdentity) this.#wantsIdentity = true
  }

  #giveUpOverdue(nowMs: number): void {
    for (const queue of this.#active) {
      for (const batch of queue.overdue(nowMs)) {
        const { lastFailure } = batch
        this.#giveUp(queue, batch, {
          code: 'ERR_DELIVERY_TIMEOUT',
          message: undefined,
          before: lastFailure,
        })
      }
    }
  }

  /** Whoever gave the records is told now; the batch stays while it is on its way. */
  #giveUp(queue: PartitionQueue<S, T>, batch: Batch<S, T>, failure: Failure): void {
    if (batch.state !== 'inFlight') {
      this.#fail(queue, batch, failure)
      return
    }
    if (batch.isAbandoned) return
    batch.isAbandoned = true
    this.#settlements.push({ queue, batch, outcome: { kind: 'failed', failure } })
  }

  #fail(queue: PartitionQueue<S, T>, batch: Batch<S, T>, failure: Failure): void {
    queue.drop(batch)
    if (batch.isStored) this.#settle(queue, batch, storedSomewhere)
    else this.#settle(queue, batch, { kind: 'failed', failure })
  }

  /** In two halves, and what comes later stays below the size that was refused. */
  #split(queue: PartitionQueue<S, T>, batch: Batch<S, T>): void {
    queue.maxBatchBytes = Math.min(queue.maxBatchBytes, Math.ceil(batch.sink.sizeInBytes / 2))
    const half = Math.ceil(batch.recordCount / 2)
    const parts = [
      this.#part(queue, batch, indexesFrom(0, half)),
      this.#part(queue, batch, indexesFrom(half, batch.recordCount)),
    ]
    queue.replace(batch, parts, true)
    this.#left(queue, batch)
  }

  /** The records that the broker named fail; the others are sent without them. */
  #reject(queue: PartitionQueue<S, T>, batch: Batch<S, T>, answer: BatchAnswer): void {
    const rejected = new Map<number, string | undefined>()
    for (const { index, message } of answer.recordErrors) rejected.set(index, message)
    const others = indexesFrom(0, batch.recordCount).filter(index => !rejected.has(index))
    if (others.length === batch.recordCount || others.length === 0) {
      const first = answer.recordErrors[0]?.message
      this.#fail(queue, batch, { code: answer.error, message: answer.message ?? first })
      return
    }
    const { error: code, message } = answer
    const outcome = { kind: 'rejected', code, message, records: rejected } as const
    this.#settlements.push({ queue, batch, outcome })
    queue.replace(batch, [this.#part(queue, batch, others)], false)
    this.#left(queue, batch)
  }

  #part(queue: PartitionQueue<S, T>, batch: Batch<S, T>, indexes: readonly number[]): Batch<S, T> {
    const part = new Batch<S, T>(this.#options.sinks.pick(batch, indexes), batch)
    part.lastFailure = batch.lastFailure
    for (const index of indexes) {
      part.add(batch.owners[index] as T, batch.places[index] as number)
    }
    this.#account(queue, part, part.sink.sizeInBytes)
    return part
  }

  #settle(
    queue: PartitionQueue<S, T>,
    batch: Batch<S, T>,
    outcome: Settlement<S, T>['outcome'],
  ): void {
    if (!batch.isAbandoned) this.#settlements.push({ queue, batch, outcome })
    this.#left(queue, batch)
  }

  #left(queue: PartitionQueue<S, T>, batch: Batch<S, T>): void {
    this.#account(queue, batch, 0)
    if (queue.isEmpty) this.#active.delete(queue)
  }

  #account(queue: PartitionQueue<S, T>, batch: Batch<S, T>, bytes: number): void {
    const difference = bytes - batch.bufferedBytes
    batch.bufferedBytes = bytes
    queue.bufferedBytes += difference
    this.#bufferedBytes += difference
    assert(this.#bufferedBytes >= 0, 'no more is given back than was taken')
  }

  #forgetIdentity(identity: ProducerIdentity | undefined): void {
    if (this.#identity?.producerId === identity?.producerId) this.#identity = undefined
  }

  #backoffMs(batch: Batch<S, T>): number {
    return backoffMs(this.#options.retry, batch.attempts, this.#options.random)
  }

  #broker(brokerId: number): BrokerState {
    let broker = this.#brokers.get(brokerId)
    if (broker === undefined) {
      broker = { inFlight: 0, mutedUntilMs: 0 }
      this.#brokers.set(brokerId, broker)
    }
    return broker
  }
}

/** Acknowledged by the acknowledgement of what came after it. */
const storedSomewhere = { kind: 'stored', baseOffset: -1, logAppendTimeMs: -1 } as const

function indexesFrom(start: number, end: number): number[] {
  const indexes: number[] = []
  for (let index = start; index < end; index++) indexes.push(index)
  return indexes
}
