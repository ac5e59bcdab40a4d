// What a node wants done. The driver takes a `Ready`, performs it, and reports the write.

import type { Packet } from './message.ts'
import type {
  Entry,
  HardState,
  LogIndex,
  LogPosition,
  Role,
  Snapshot,
  Term,
  VoterId,
} from './types.ts'

/**
 * One durable step. All of it is applied in one atomic transaction, in this order: `truncateFrom`,
 * `snapshot`, `logStart`, `entries`, `hardState`; then it is flushed, then reported by
 * `persisted(id)`. A driver that cannot write it must stop the node: it may never skip one.
 */
export interface Write {
  /** The term and vote, when they changed. */
  readonly hardState: HardState | undefined
  /** Stored entries with this index and above go away before `entries` are stored. */
  readonly truncateFrom: LogIndex | undefined
  /** Replaces the stored snapshot: one this node made (`compact`) or one its leader sent. */
  readonly snapshot: Snapshot | undefined
  /** Stored entries at this index and below go away; the position itself is stored. */
  readonly logStart: LogPosition | undefined
  /** Without gaps; the first follows the last stored entry or `logStart`. */
  readonly entries: readonly Entry[]
}

/** A linearizable read may be served from the state machine as it is now, at or after `index`. */
export interface ReadState {
  readonly requestId: number
  readonly index: LogIndex
}

export interface RoleChange {
  readonly role: Role
  readonly term: Term
  readonly leader: VoterId | undefined
}

/**
 * Work for the driver. The parts are independent of each other except as said:
 *
 * 1. `send` may leave at once, before or while `write` is written: whatever needs durability first
 *    is held back inside the node until `persisted` and comes out of a later `Ready`.
 * 2. `write`, if present, is written after all writes of earlier readies. Several may be under way;
 *    `persisted(id)` is called in order, once per ready that has a `write`.
 * 3. `restore`, then `apply`, then `reads`, in this order and in the order of readies. Everything
 *    in them is already durable here, so they need not wait for this ready's `write`.
 * 4. `role` and `failedReads` at any time, in the order of readies.
 */
export interface Ready {
  /** 1, 2, 3, … within one incarnation of the node. */
  readonly id: number
  readonly send: readonly Packet[]
  readonly write: Write | undefined
  /** The state machine becomes this snapshot. Its index is above everything applied before. */
  readonly restore: Snapshot | undefined
  /**
   * Committed entries, next in index order, of all kinds. A proposal succeeded when the entry with
   * its index *and term* comes out here; an entry of another term at its index means it was lost.
   */
  readonly apply: readonly Entry[]
  /** Reads that are linearizable once `apply` has been applied. */
  readonly reads: readonly ReadState[]
  /** Reads that found no quorum because leadership was lost; ask the new leader. */
  readonly failedReads: readonly number[]
  /** The last change of role, term or leader since the previous ready; the first ready has one. */
  readonly role: RoleChange | undefined
}
