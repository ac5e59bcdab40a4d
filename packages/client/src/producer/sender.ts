// Drives the accumulator: sends what it hands out, tells it the answers, and the callers what
// became of their records. Asks for a producer id and for metadata when it says so. No decision.

import { Backoff, present } from '@klamm/base'
import type { Timer } from '@klamm/base/env'
import {
  errorCodes,
  errorNameOf,
  InitProducerId,
  Produce,
  type ProduceResponse,
} from '@klamm/protocol'
import type { Accumulator, LeaderView, Shipment } from '../accumulator/accumulator.ts'
import type { Failure } from '../accumulator/reactions.ts'
import type { Settlement } from '../accumulator/settlement.ts'
import type { ClientCore } from '../core.ts'
import { KafkaError, type KafkaErrorCode } from '../errors.ts'
import type { BatchBytes } from './batch-bytes.ts'
import type { Flushes } from './flushes.ts'
import type { Intake } from './intake.ts'
import { answersOf, produceRequest } from './produce-request.ts'
import type { SendCall } from './send-call.ts'

type Sent = Shipment<BatchBytes, SendCall>

/** How long a leader may wait for its replicas, of what the client waits for the leader. */
const shareForReplicas = 0.8

export interface SenderOptions {
  readonly core: ClientCore
  readonly accumulator: Accumulator<BatchBytes, SendCall>
  readonly flushes: Flushes
  readonly intake: Intake
}

export class Sender implements Disposable {
  readonly #core: ClientCore
  readonly #accumulator: Accumulator<BatchBytes, SendCall>
  readonly #flushes: Flushes
  readonly #intake: Intake
  readonly #leaders: LeaderView
  #isWaking = false
  #isIdentifying = false
  #isDisposed = false
  #hasAborted = false
  #timer: Timer | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  constructor({ core, accumulator, flushes, intake }: SenderOptions) {
    this.#core = core
    this.#accumulator = accumulator
    this.#flushes = flushes
    this.#intake = intake
    const { metadata } = core
    this.#leaders = {
      leaderOf: (topic, partition) => metadata.cached(topic)?.partitions[partition],
    }
  }

  /** Sends what may go out, once the caller has done what it is doing. */
  readonly wake = (): void => {
    if (this.#isWaking || this.#isDisposed) return
    this.#isWaking = true
    // Not at once: records that are handed over in one go belong into one batch.
    Promise.resolve()
      .then(() => {
        this.#isWaking = false
        this.#pump()
      })
      .catch((error: unknown) => this.#broken(error))
  }

  /** Some call was aborted: batches that only held its like need not be sent. */
  aborted(): void {
    this.#hasAborted = true
    this.wake()
  }

  /** Everybody who waits is told; what is on its way is not waited for. */
  abandon(failure: Failure): void {
    this.#intake.failAll(failure)
    this.#accumulator.abandonAll(failure)
    this.#tell()
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true
    this.#timer?.cancel()
  }

  #pump(): void {
    if (this.#isDisposed) return
    const nowMs = this.#core.env.clock.monotonicMs()
    this.#intake.giveUpOverdue(nowMs)
    if (this.#hasAborted) {
      this.#hasAborted = false
      this.#intake.dropOver()
      this.#accumulator.dropUnwanted(call => call.isOver)
    }
    this.#drain(nowMs)
    this.#tell()
    this.#intake.admit()
    for (const topic of this.#accumulator.takeLeaderless()) this.#core.metadata.invalidate(topic)
    if (this.#accumulator.wantsIdentity) this.#startIdentifying()
    this.#setTimer(Math.min(this.#accumulator.wakeAtMs, this.#intake.wakeAtMs), nowMs)
  }

  #drain(nowMs: number): void {
    for (;;) {
      const isUrgent = this.#flushes.isFlushing || this.#intake.isFull
      const shipments = this.#accumulator.drain(nowMs, this.#leaders, isUrgent)
      if (shipments.length === 0) return
      for (const shipment of shipments) this.#send(shipment)
    }
  }

  #send(shipment: Sent): void {
    const { brokers, metadata, options } = this.#core
    const { body, maxVersion, find } = produceRequest(shipment, {
      timeoutMs: Math.round(options.requestTimeoutMs * shareForReplicas),
      topicIdOf: topic => metadata.cached(topic)?.topicId,
    })
    const { brokerId } = shipment
    if (shipment.acks === 0) {
      brokers.post(brokerId, Produce, body, { maxVersion }).then(
        () => this.#posted(shipment),
        (error: unknown) => this.#lost(shipment, error),
      )
      return
    }
    brokers.request(brokerId, Produce, body, { maxVersion }).then(
      response => this.#answered(shipment, response, find),
      (error: unknown) => this.#lost(shipment, error),
    )
  }

  #answered(
    shipment: Sent,
    response: ProduceResponse,
    find: ReturnType<typeof produceRequest>['find'],
  ): void {
    const nowMs = this.#core.env.clock.monotonicMs()
    const { throttleTimeMs } = response
    this.#accumulator.shipmentDone(shipment, throttleTimeMs > 0 ? nowMs + throttleTimeMs : 0)
    this.#learnLeaders(response, find)
    for (const { item, answer } of answersOf(shipment, response, find)) {
      const { queue, batch } = item
      if (answer === undefined) {
        const message = `broker ${shipment.brokerId} left out ${queue.topic}-${queue.partition}`
        const failure = { code: 'ERR_PROTOCOL', message, retriable: true } as const
        this.#accumulator.lost(queue, batch, failure, nowMs)
        continue
      }
      const isStale = this.#accumulator.answered(queue, batch, answer, nowMs)
      if (isStale) this.#core.metadata.invalidate(queue.topic)
    }
    this.#tell()
    this.wake()
  }

  /** Acks 0: nothing more will ever be known. */
  #posted(shipment: Sent): void {
    this.#accumulator.shipmentDone(shipment)
    const nowMs = this.#core.env.clock.monotonicMs()
    for (const { queue, batch } of shipment.batches) {
      this.#accumulator.answered(queue, batch, postedAnswer, nowMs)
    }
    this.#tell()
    this.wake()
  }

  #lost(shipment: Sent, error: unknown): void {
    if (!KafkaError.is(error)) {
      this.#broken(error)
      return
    }
    this.#accumulator.shipmentDone(shipment)
    const nowMs = this.#core.env.clock.monotonicMs()
    const { code, message } = error
    // What cannot be read this time may have been damaged under way.
    const retriable = error.retriable || code === 'ERR_PROTOCOL'
    for (const { queue, batch } of shipment.batches) {
      this.#accumulator.lost(queue, batch, { code, message, cause: error, retriable }, nowMs)
      this.#core.metadata.invalidate(queue.topic)
    }
    this.#tell()
    this.wake()
  }

  /** Leader hints of Produce v10 (KIP-951). */
  #learnLeaders(response: ProduceResponse, find: ReturnType<typeof produceRequest>['find']): void {
    for (const { name, topicId, partitionResponses } of response.responses) {
      for (const { index, currentLeader } of partitionResponses) {
        const { leaderId, leaderEpoch } = currentLeader
        if (leaderId < 0) continue
        const topic = find(name, topicId, index)?.queue.topic
        if (topic === undefined) continue
        const endpoints = response.nodeEndpoints.map(({ nodeId, host, port, rack }) => {
          return { id: nodeId, host, port, rack }
        })
        this.#core.metadata.leaderHint(topic, index, leaderId, leaderEpoch, endpoints)
      }
    }
  }

  #tell(): void {
    const settlements = this.#accumulator.takeSettlements()
    for (const settlement of settlements) {
      tellOwners(settlement)
      this.#publish(settlement)
    }
  }

  #publish({ queue, batch, outcome }: Settlement<BatchBytes, SendCall>): void {
    const { producerBatch } = this.#core.diagnostics
    if (!producerBatch.hasSubscribers) return
    const error =
      outcome.kind === 'stored'
        ? undefined
        : outcome.kind === 'failed'
          ? outcome.failure.code
          : outcome.code
    producerBatch.publish({
      clientId: this.#core.clientId,
      topic: queue.topic,
      partition: queue.partition,
      records: batch.recordCount,
      bytes: batch.sink.sizeInBytes,
      attempts: batch.attempts,
      error,
    })
  }

  #startIdentifying(): void {
    if (this.#isIdentifying) return
    this.#isIdentifying = true
    this.#core.scope.spawn('producer id', async signal => {
      try {
        await this.#askForIdentity(signal)
      } finally {
        this.#isIdentifying = false
        this.wake()
      }
    })
  }

  /** Asks once for a producer id. Rejects with KafkaError. */
  async identify(signal: AbortSignal): Promise<void> {
    const { brokers } = this.#core
    const response = await brokers.request('any', InitProducerId, newProducer, { signal })
    const { errorCode, producerId, producerEpoch } = response
    if (errorCode === errorCodes.NONE) {
      this.#accumulator.identified({ producerId, producerEpoch })
      return
    }
    const name = errorNameOf(errorCode)
    throw new KafkaError(name, `no producer id was given: ${name}`)
  }

  /** Asks until there is an answer, or nobody needs one any more. */
  async #askForIdentity(signal: AbortSignal): Promise<void> {
    const { env, options } = this.#core
    const backoff = new Backoff(options.retry, env.random)
    while (!signal.aborted && !this.#accumulator.isEmpty) {
      try {
        await this.identify(signal)
        return
      } catch (error) {
        if (signal.aborted) return
        if (!KafkaError.is(error)) throw error
        if (!error.retriable) {
          const { code, message } = error
          this.#accumulator.notIdentified({ code, message: hintFor(code, message), cause: error })
          this.#tell()
          return
        }
      }
      await env.clock.sleep(backoff.failed(), signal)
    }
  }

  #setTimer(atMs: number, nowMs: number): void {
    // One that fires too early asks again: cheaper than setting it for each record.
    if (this.#timer !== undefined && this.#timerAtMs <= atMs) return
    this.#timer?.cancel()
    this.#timer = undefined
    this.#timerAtMs = atMs
    if (atMs === Number.POSITIVE_INFINITY) return
    this.#timer = this.#core.env.clock.setTimer(Math.max(0, atMs - nowMs), () => {
      this.#timer = undefined
      this.#timerAtMs = Number.POSITIVE_INFINITY
      this.#pump()
    })
  }

  /** A bug of this program. Nobody who waits is left waiting. */
  #broken(error: unknown): void {
    this.#core.env.log.error('the producer broke down', { error })
    this.abandon({ code: 'ERR_CLOSED', message: 'the producer broke down', cause: error })
    this[Symbol.dispose]()
  }
}

/** Kafka ignores the time-out of a producer without transactions. */
const newProducer = {
  transactionalId: null,
  transactionTimeoutMs: 0x7fff_ffff,
  producerId: -1,
  producerEpoch: -1,
} as const

const postedAnswer = {
  error: 'NONE',
  baseOffset: -1,
  logAppendTimeMs: -1,
  recordErrors: [],
  message: undefined,
} as const

function hintFor(code: KafkaErrorCode, message: string): string {
  if (code !== 'ERR_UNSUPPORTED_VERSION' && code !== 'CLUSTER_AUTHORIZATION_FAILED') return message
  return `${message}; \`idempotent: false\` does without a producer id`
}

function tellOwners({ queue, batch, outcome }: Settlement<BatchBytes, SendCall>): void {
  const { owners, places } = batch
  const { partition } = queue
  if (outcome.kind === 'rejected') {
    const { code, message, records } = outcome
    for (const [index, own] of records) {
      const why = own ?? message
      owners[index]?.failed({ code, message: why }, { partition, mayBeStored: false })
    }
    return
  }
  if (outcome.kind === 'failed') {
    const mayBeStored = batch.mayBeStored || batch.state === 'inFlight'
    for (const owner of owners) owner.failed(outcome.failure, { partition, mayBeStored })
    return
  }
  const { baseOffset, logAppendTimeMs } = outcome
  for (let index = 0; index < owners.length; index++) {
    const owner = present(owners[index], 'a record has an owner')
    const offset = baseOffset < 0 ? -1 : baseOffset + index
    owner.stored(places[index] as number, partition, offset, logAppendTimeMs)
  }
}
