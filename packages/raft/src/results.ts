// Answers to proposals and requests. Expected refusals are values, never exceptions.

import type { LogPosition, VoterId } from './types.ts'

/**
 * - `notLeader`: ask `leader`, if known.
 * - `unreadable`: this node takes no part.
 * - `tooLarge`: above `entryBytesMax`.
 * - `busy`: too much is proposed and not yet committed, or too many reads wait; try again later.
 * - `transferring`: leadership is being handed over; the next leader will be known soon.
 */
export type ProposeRefusal = 'notLeader' | 'unreadable' | 'tooLarge' | 'busy' | 'transferring'

/**
 * - `notReady`: this leader has not committed an entry of its own term yet (RAFT-12b).
 * - `changePending`: another configuration is not committed yet.
 * - `alreadyVoter` / `notVoter`: the change would change nothing.
 * - `nodeHasVoter`: the node is a voter with another directory; remove that one first.
 * - `notCaughtUp`: the new voter does not observe, is silent, or lags more than
 *   `newVoterLagMaxEntries`.
 * - `lastVoter`: nobody would be left to vote.
 */
export type ConfigRefusal =
  | 'notReady'
  | 'changePending'
  | 'alreadyVoter'
  | 'notVoter'
  | 'nodeHasVoter'
  | 'notCaughtUp'
  | 'lastVoter'

/**
 * - `noTarget`: the wanted voter is not one, is this node itself, or nobody else votes.
 */
export type TransferRefusal = 'noTarget'

export interface Refused<Reason extends string> {
  readonly ok: false
  readonly reason: Reason
  readonly leader: VoterId | undefined
}

/** Accepted is not committed: see `Ready.apply`. */
export interface Proposed {
  readonly ok: true
  readonly position: LogPosition
}

export type ProposeResult = Proposed | Refused<ProposeRefusal>
export type ConfigChangeResult = Proposed | Refused<ProposeRefusal | ConfigRefusal>

export type ReadIndexResult = { readonly ok: true } | Refused<'notLeader' | 'unreadable' | 'busy'>

export type TransferResult =
  | { readonly ok: true; readonly to: VoterId }
  | Refused<'notLeader' | 'unreadable' | 'transferring' | TransferRefusal>

/** One voter more or one voter less. */
export type ConfigChange =
  | { readonly kind: 'addVoter'; readonly voter: VoterId }
  | { readonly kind: 'removeVoter'; readonly voter: VoterId }
