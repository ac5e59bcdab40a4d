// Drives one coordinator shard on the partition it lives in: loads it from the log, runs
// operations, appends what they decide, waits for commits and timers, answers whoever waits.
// Decides nothing.

import type { Clock, Logger, Timer } from '@klamm/base/env'
import { TaskScope } from '@klamm/base/env'
import { KafkaError } from '@klamm/protocol'
import type { Instant, Ticket } from '../coordinator/shard/outcome.ts'
import { type Machine, Shard } from '../coordinator/shard/shard.ts'
import type { DueTimer } from '../coordinator/shard/timers.ts'
import { coordinatorError, loadInProgress, notCoordinator } from './coordinator-errors.ts'
import { ParkedRequest } from './parked-request.ts'
import type { ShardLog, ShardLogRecord } from './shard-log.ts'

/** Between the records of a shard and the bytes in its log. */
export interface ShardCodec<Entry> {
  encode(entry: Entry): ShardLogRecord
  /** The records of a stored batch, in order; those that mean nothing to the shard are left out. */
  decodeBatch(batch: Uint8Array): Iterable<Entry>
}

export interface ShardDriverOptions<Operation, Entry, Change> {
  readonly machine: Machine<Operation, Entry, Change>
  readonly codec: ShardCodec<Entry>
  readonly log: ShardLog
  readonly clock: Clock
  /** With the fields that tell which shard it is. */
  readonly logger: Logger
  /** How long an answer may wait for its records to be committed. */
  readonly commitTimeoutMs: number
  /** The shard or its log is broken in a way nobody foresaw. The broker must end. */
  readonly onBug: (error: unknown) => void
}

/** About how much of the log is read at once while loading. */
const loadChunkBytes = 1024 * 1024

/** When a timer whose records could not be appended is tried again. */
const appendRetryMs = 1_000

/** Timers that may run before everybody else has a turn again. */
const maxTimersPerTurn = 200

export type ShardState = 'loading' | 'active' | 'resigned'

interface AnyOperation {
  readonly ticket?: Ticket<unknown> | undefined
}

/**
 * One shard during one leadership of its partition. Whatever happens to the leadership, whoever
 * waits gets an answer, and a shard that has resigned appends nothing.
 */
export class ShardDriver<Operation extends AnyOperation, Entry, Change> implements AsyncDisposable {
  readonly #options: ShardDriverOptions<Operation, Entry, Change>
  readonly #shard: Shard<Operation, Entry, Change>
  readonly #scope: TaskScope
  readonly #parked = new Set<ParkedRequest<unknown>>()
  #state: ShardState = 'loading'
  #requestCount = 0
  /** Scheduled while loading. */
  #scheduled: { readonly key: string; readonly operation: Operation }[] = []
  #isAwaitingCommits = false
  #timer: Timer | undefined
  #timerDeadlineMs = Number.POSITIVE_INFINITY

  private constructor(options: ShardDriverOptions<Operation, Entry, Change>) {
    this.#options = options
    const { machine, commitTimeoutMs } = options
    this.#shard = new Shard(machine, { commitTimeoutMs, appendRetryMs })
    this.#scope = new TaskScope((_task, error) => this.#failed(error))
  }

  /** Begins to load. */
  static start<Operation extends AnyOperation, Entry, Change>(
    options: ShardDriverOptions<Operation, Entry, Change>,
  ): ShardDriver<Operation, Entry, Change> {
    const driver = new ShardDriver(options)
    driver.#scope.spawn('load coordinator shard', signal => driver.#load(signal))
    return driver
  }

  get state(): ShardState {
    return this.#state
  }

  /**
   * Runs an operation now; resolves with its answer. Rejects with KafkaError: NOT_COORDINATOR,
   * COORDINATOR_LOAD_IN_PROGRESS, COORDINATOR_NOT_AVAILABLE, or what the operation is refused with;
   * or with `signal.reason`.
   */
  run<Reply>(make: (ticket: Ticket<Reply>) => Operation, signal: AbortSignal): Promise<Reply> {
    if (signal.aborted) return Promise.reject(signal.reason)
    if (this.#state === 'loading') return Promise.reject(loadInProgress())
    if (this.#state === 'resigned') return Promise.reject(notCoordinator())
    this.#requestCount += 1
    const request = new ParkedRequest<Reply>(this.#requestCount, signal, aborted => {
      this.#parked.delete(aborted)
    })
    this.#parked.add(request)
    this.#run(make(request), undefined)
    this.#settle()
    return request.promise
  }

  /** Runs an operation nobody waits for, again and again until the log takes it. */
  schedule(key: string, operation: Operation): void {
    if (this.#state === 'loading') this.#scheduled.push({ key, operation })
    if (this.#state !== 'active') return
    this.#shard.schedule(key, operation, this.#at.nowMs)
    this.#arm()
  }

  /** The partition is not led here any more. */
  resign(): void {
    if (this.#state === 'resigned') return
    this.#state = 'resigned'
    this.#timer?.cancel()
    const parked = [...this.#parked]
    this.#parked.clear()
    for (const request of parked) request.reject(notCoordinator())
    this.#options.logger.info('coordinator shard resigned', { parked: parked.length })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.resign()
    await this.#scope[Symbol.asyncDispose]()
  }

  get #at(): Instant {
    const { clock } = this.#options
    return { nowMs: clock.monotonicMs(), wallMs: clock.wallMs() }
  }

  async #load(signal: AbortSignal): Promise<void> {
    const { log, logger, clock } = this.#options
    const startedMs = clock.monotonicMs()
    let offset = log.logStartOffset
    do {
      offset = await this.#loadFrom(offset, signal)
      // What the log holds beyond the high watermark may have been acknowledged by the last leader,
      // which knew a higher one. To serve less than that would be to go back (GRP-3).
      await untilAborted(log.whenCommitted(offset), signal)
      if (this.#state !== 'loading') return
    } while (offset < log.logEndOffset)
    this.#state = 'active'
    this.#shard.loaded(offset, this.#at)
    for (const { key, operation } of this.#scheduled) this.schedule(key, operation)
    this.#scheduled = []
    this.#settle()
    logger.info('coordinator shard loaded', {
      endOffset: offset,
      durationMs: Math.round(clock.monotonicMs() - startedMs),
    })
  }

  /** Loads what there is from `offset` on; resolves with where that ends. */
  async #loadFrom(offset: number, signal: AbortSignal): Promise<number> {
    const { log, codec } = this.#options
    let nextOffset = offset
    for (;;) {
      const chunk = await log.read(nextOffset, loadChunkBytes)
      signal.throwIfAborted()
      if (this.#state !== 'loading' || chunk.batches.length === 0) return nextOffset
      for (const batch of chunk.batches) {
        for (const entry of codec.decodeBatch(batch)) this.#shard.load(entry, this.#at)
      }
      nextOffset = chunk.nextOffset
    }
  }

  #run(operation: Operation, timer: DueTimer<Operation> | undefined): void {
    const at = this.#at
    const outcome = this.#shard.decide(operation, at)
    let endOffset = this.#shard.appendedOffset
    if (outcome.records.length > 0) {
      try {
        const { log, codec } = this.#options
        endOffset = log.append(outcome.records.map(record => codec.encode(record)))
      } catch (error) {
        this.#refused(operation, timer, error)
        return
      }
    }
    this.#shard.appended(outcome, endOffset, at)
  }

  #refused(operation: Operation, timer: DueTimer<Operation> | undefined, error: unknown): void {
    if (!(error instanceof KafkaError)) throw error
    const name = coordinatorError(error.errorName)
    this.#options.logger.debug('coordinator records refused by the log', { error: error.errorName })
    this.#shard.refused(operation, name, timer, this.#at)
    if (name === 'NOT_COORDINATOR') this.resign()
  }

  /** After anything that may have changed the shard: answers leave, timers and waits are set. */
  #settle(): void {
    for (const { ticket, reply, error } of this.#shard.takeAnswers()) {
      if (!(ticket instanceof ParkedRequest) || !this.#parked.delete(ticket)) continue
      if (error === undefined) ticket.resolve(reply)
      else ticket.reject(new KafkaError(coordinatorError(error), 'refused by the coordinator'))
    }
    if (this.#state !== 'active') return
    this.#awaitCommits()
    this.#arm()
  }

  #awaitCommits(): void {
    if (this.#isAwaitingCommits || this.#shard.nextPendingOffset === undefined) return
    this.#isAwaitingCommits = true
    this.#scope.spawn('await coordinator commits', async signal => {
      const { log } = this.#options
      for (;;) {
        const offset = this.#shard.nextPendingOffset
        if (offset === undefined) break
        await untilAborted(log.whenCommitted(offset), signal)
        // After the wait the leadership may be another's; what the log says now is not ours.
        if (this.#state !== 'active') return
        this.#shard.committed(Math.max(offset, log.highWatermark), this.#at)
        this.#settle()
      }
      this.#isAwaitingCommits = false
    })
  }

  /** Has the clock call when the shard has something to do, or earlier: that does no harm. */
  #arm(): void {
    const deadlineMs = this.#shard.nextDeadlineMs()
    if (deadlineMs === undefined || deadlineMs >= this.#timerDeadlineMs) return
    const { clock } = this.#options
    this.#timer?.cancel()
    this.#timerDeadlineMs = deadlineMs
    this.#timer = clock.setTimer(Math.max(deadlineMs - clock.monotonicMs(), 0), () => {
      this.#timerDeadlineMs = Number.POSITIVE_INFINITY
      if (this.#state !== 'active') return
      try {
        this.#runDue()
      } catch (error) {
        this.#failed(error)
      }
    })
  }

  #runDue(): void {
    for (let i = 0; i < maxTimersPerTurn && this.#state === 'active'; i++) {
      const due = this.#shard.takeDue(this.#at.nowMs)
      if (due === undefined) break
      this.#run(due.operation, due)
    }
    this.#settle()
  }

  #failed(error: unknown): void {
    const { logger, onBug } = this.#options
    if (error instanceof KafkaError) {
      logger.info('coordinator shard lost its partition', { error: error.errorName })
      this.resign()
      return
    }
    this.resign()
    onBug(error)
  }
}

/** The promise's outcome, or the signal's reason if that comes first: nothing holds up the end. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  return Promise.race([promise, aborted]).finally(() => {
    signal.removeEventListener('abort', onAbort)
  })
}
