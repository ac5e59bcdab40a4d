// The frame around a coordinator's state machine: decide, append, replay, park the answers, commit,
// release them. The driver does the appending and the waiting; the order is kept here.

import { assert } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'
import { type Answer, type Instant, type Outcome, refusal, type Ticket } from './outcome.ts'
import { type DueTimer, Timers } from './timers.ts'

/** What a coordinator is to its shard. Only `replay` and `apply` change it. */
export interface Machine<Operation, Entry, Change> {
  /** Decides and changes nothing. */
  decide(operation: Operation, at: Instant): Outcome<Operation, Entry, Change>
  /** The record is in the log. The same when loading and when serving. */
  replay(record: Entry): void
  /** The record, replayed before, is committed. The outcome has no records. */
  committed(record: Entry, at: Instant): Outcome<Operation, Entry, Change>
  /** Changes what is only in memory. */
  apply(change: Change): void
  /** All records of the log have been replayed and are committed; serving begins. */
  loaded(at: Instant): Outcome<Operation, Entry, Change>
}

export interface ShardOptions {
  /** How long an answer may wait for its records to be committed; then REQUEST_TIMED_OUT. */
  readonly commitTimeoutMs: number
  /** When a timer whose records could not be appended is tried again. */
  readonly appendRetryMs: number
}

/** Something appended, and the answers that wait until it is committed. */
interface Pending<Entry> {
  /** Exclusive. */
  readonly endOffset: number
  readonly records: readonly Entry[]
  answers: readonly Answer[]
  readonly deadlineMs: number
}

/** Any operation: from somebody who waits, or from a timer. */
interface AnyOperation {
  readonly ticket?: Ticket<unknown> | undefined
}

/**
 * One shard while this broker leads its partition, from loading on.
 *
 * Serving is, without anything in between: `decide`; append the outcome's records; `appended`, or
 * `refused` when the log would not take them; `takeAnswers`. When the high watermark moves:
 * `committed`, `takeAnswers`.
 *
 * Always true: an answer leaves after everything it tells of is committed; what could not be
 * appended has changed nothing.
 */
export class Shard<Operation extends AnyOperation, Entry, Change> {
  readonly #machine: Machine<Operation, Entry, Change>
  readonly #options: ShardOptions
  readonly #timers = new Timers<Operation>()
  #pending: Pending<Entry>[] = []
  #answers: Answer[] = []
  #appendedOffset = 0
  #committedOffset = 0
  #isLoaded = false

  constructor(machine: Machine<Operation, Entry, Change>, options: ShardOptions) {
    this.#machine = machine
    this.#options = options
  }

  /** Everything before it has been appended here; exclusive. */
  get appendedOffset(): number {
    return this.#appendedOffset
  }

  /** Everything before it is committed; exclusive. */
  get committedOffset(): number {
    return this.#committedOffset
  }

  /** Where the oldest append that is not committed ends; undefined when all is. */
  get nextPendingOffset(): number | undefined {
    return this.#pending[0]?.endOffset
  }

  /** A record of the log, in order, before serving begins. */
  load(record: Entry, at: Instant): void {
    assert(!this.#isLoaded, 'records are loaded before the shard serves')
    this.#machine.replay(record)
    this.#committedOne(record, at)
  }

  /**
   * Serving begins. Everything up to `endOffset` (exclusive) has been loaded *and is committed*: a
   * new leader may hold records that it does not know to be committed, and a shard that served the
   * state before them could take back a commit its predecessor had acknowledged.
   */
  loaded(endOffset: number, at: Instant): void {
    assert(!this.#isLoaded, 'a shard is loaded once')
    this.#isLoaded = true
    this.#appendedOffset = endOffset
    this.#committedOffset = endOffset
    const outcome = this.#machine.loaded(at)
    this.#carryOut(outcome)
    this.#release(outcome.answers)
  }

  decide(operation: Operation, at: Instant): Outcome<Operation, Entry, Change> {
    assert(this.#isLoaded, 'a shard serves when it has been loaded')
    return this.#machine.decide(operation, at)
  }

  /** The records of `outcome`, if it has any, are in the log, which ends at `endOffset` now. */
  appended(outcome: Outcome<Operation, Entry, Change>, endOffset: number, at: Instant): void {
    const { records, answers, waitsForAppended } = outcome
    assert(endOffset >= this.#appendedOffset, 'the log of a leader only grows')
    const isAppend = records.length > 0
    assert(isAppend === endOffset > this.#appendedOffset, 'the log grows by what is appended')
    this.#appendedOffset = endOffset
    for (const record of records) this.#machine.replay(record)
    const isParked = isAppend || (waitsForAppended && this.#committedOffset < endOffset)
    if (isParked) {
      const deadlineMs = at.nowMs + this.#options.commitTimeoutMs
      this.#pending.push({ endOffset, records, answers, deadlineMs })
    } else {
      this.#release(answers)
    }
    this.#carryOut(outcome)
  }

  /**
   * The log did not take the records: nothing has happened. Whoever asked is told; a timer is tried
   * again later.
   */
  refused(
    operation: Operation,
    error: ErrorName,
    timer: DueTimer<Operation> | undefined,
    at: Instant,
  ): void {
    if (operation.ticket !== undefined) this.#answers.push(refusal(operation.ticket, error))
    if (timer !== undefined) {
      this.#timers.set(timer.key, at.nowMs + this.#options.appendRetryMs, operation)
    }
  }

  /** The high watermark is at `offset`. */
  committed(offset: number, at: Instant): void {
    if (offset <= this.#committedOffset) return
    this.#committedOffset = Math.min(offset, this.#appendedOffset)
    let count = 0
    for (const pending of this.#pending) {
      if (pending.endOffset > offset) break
      for (const record of pending.records) this.#committedOne(record, at)
      this.#release(pending.answers)
      count += 1
    }
    if (count > 0) this.#pending = this.#pending.slice(count)
  }

  /** Runs `operation` like a timer that is due at once, and again until the log takes it. */
  schedule(key: string, operation: Operation, nowMs: number): void {
    this.#timers.set(key, nowMs, operation)
  }

  /** When `takeDue` has something to do next; undefined: not before the next operation. */
  nextDeadlineMs(): number | undefined {
    const timer = this.#timers.nextDeadlineMs()
    const parked = this.#pending.find(({ answers }) => answers.length > 0)?.deadlineMs
    if (timer === undefined || parked === undefined) return timer ?? parked
    return Math.min(timer, parked)
  }

  /** A timer that is due; its operation is to be run. Gives up on answers that waited too long. */
  takeDue(nowMs: number): DueTimer<Operation> | undefined {
    for (const pending of this.#pending) {
      if (pending.deadlineMs > nowMs) break
      for (const { ticket } of pending.answers) {
        this.#answers.push(refusal(ticket, 'REQUEST_TIMED_OUT'))
      }
      pending.answers = []
    }
    return this.#timers.takeDue(nowMs)
  }

  /** Hands over the answers that may leave, in order. */
  takeAnswers(): readonly Answer[] {
    if (this.#answers.length === 0) return noAnswers
    const answers = this.#answers
    this.#answers = []
    return answers
  }

  #committedOne(record: Entry, at: Instant): void {
    const outcome = this.#machine.committed(record, at)
    this.#carryOut(outcome)
    this.#release(outcome.answers)
  }

  #release(answers: readonly Answer[]): void {
    for (const answer of answers) this.#answers.push(answer)
  }

  /** All of an outcome but its records and answers. */
  #carryOut({ changes, timers }: Outcome<Operation, Entry, Change>): void {
    for (const change of changes) this.#machine.apply(change)
    for (const { key, deadlineMs, operation } of timers) {
      if (deadlineMs === undefined || operation === undefined) this.#timers.cancel(key)
      else this.#timers.set(key, deadlineMs, operation)
    }
  }
}

const noAnswers: readonly Answer[] = []
