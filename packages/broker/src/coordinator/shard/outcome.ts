// What an operation on a coordinator shard decides: records for the log, answers for whoever waits,
// what changes in memory, which timers are set. All of it is data; the shard carries it out.

import type { ErrorName } from '@klamm/protocol/errors'

/** The instant of an operation. */
export interface Instant {
  /** Monotonic; every time-out is measured by it. */
  readonly nowMs: number
  /** Since the Unix epoch; only for timestamps that go into records and for retention. */
  readonly wallMs: number
}

/**
 * Somebody who waits for an answer. Opaque here: the driver makes it and knows whom it stands for,
 * the shard only keeps it and hands it back with the answer. Every ticket is answered once.
 */
export interface Ticket<Reply> {
  /** Unique within the life of the shard. */
  readonly id: number
  /** Never there; ties the ticket to the type of its answer. */
  readonly reply?: Reply
}

/** An answer to one ticket: a reply, or an error for the request as a whole. */
export type Answer =
  | { readonly ticket: Ticket<unknown>; readonly error: undefined; readonly reply: unknown }
  | { readonly ticket: Ticket<unknown>; readonly error: ErrorName; readonly reply: undefined }

export function answer<Reply>(ticket: Ticket<Reply>, reply: Reply): Answer {
  return { ticket, error: undefined, reply }
}

/** The request as a whole is refused. */
export function refusal(ticket: Ticket<unknown>, error: ErrorName): Answer {
  return { ticket, error, reply: undefined }
}

/** Sets (again) or, without a deadline, forgets the timer called `key`. */
export interface TimerChange<Operation> {
  readonly key: string
  /** Monotonic. */
  readonly deadlineMs: number | undefined
  /** What runs when the deadline has passed. */
  readonly operation: Operation | undefined
}

/**
 * What one operation decided. Nothing has happened yet: if `records` cannot be appended, nothing
 * of it ever does, and whoever asked is told the error.
 */
export interface Outcome<Operation, Entry, Change> {
  /** Appended together, in this order. Mostly none or one. */
  readonly records: readonly Entry[]
  /** What else changes in memory, once the records have been appended. */
  readonly changes: readonly Change[]
  /** Sent when the records are committed; at once when there are none. */
  readonly answers: readonly Answer[]
  readonly timers: readonly TimerChange<Operation>[]
  /** The answers tell of state that may not be committed yet: they wait until all of it is. */
  readonly waitsForAppended: boolean
}
