// What nodes say to each other. Every message carries the term of its sender; a message is harmless
// when lost, repeated, delayed or overtaken.

import type { Configuration, Entry, LogIndex, Term, VoterId } from './types.ts'

/** "Would you vote for me in `candidateTerm`?" Changes nothing at the receiver (thesis §9.6). */
export interface PreVote {
  readonly kind: 'preVote'
  readonly term: Term
  /** The term the sender would campaign in: its own plus one. */
  readonly candidateTerm: Term
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
}

export interface PreVoteResponse {
  readonly kind: 'preVoteResponse'
  readonly term: Term
  readonly candidateTerm: Term
  readonly granted: boolean
  /** Whom the responder follows: tells a voter that was removed meanwhile whom to observe. */
  readonly leader: VoterId | undefined
}

export interface Vote {
  readonly kind: 'vote'
  readonly term: Term
  readonly lastIndex: LogIndex
  readonly lastTerm: Term
  /** The leader asked for this election: answer even though a leader is alive (thesis §3.10). */
  readonly transfer: boolean
}

export interface VoteResponse {
  readonly kind: 'voteResponse'
  readonly term: Term
  readonly granted: boolean
}

/** Entries after `prevIndex`. Without entries it probes, or only tells the commit index. */
export interface Append {
  readonly kind: 'append'
  readonly term: Term
  readonly prevIndex: LogIndex
  readonly prevTerm: Term
  /** The leader's commit index. The receiver clamps it to what this message proves it has. */
  readonly commit: LogIndex
  /** Without gaps from `prevIndex + 1`; terms never go back and are at most `term`. */
  readonly entries: readonly Entry[]
}

/** The sender's log is durable and equal to the leader's up to `matchIndex` (inclusive). */
export interface AppendAccepted {
  readonly kind: 'appendAccepted'
  readonly term: Term
  readonly matchIndex: LogIndex
}

/** The sender has no entry of `prevTerm` at `prevIndex`; or the message's term was too old. */
export interface AppendRejected {
  readonly kind: 'appendRejected'
  readonly term: Term
  /** From the refused message: tells a stale refusal from a fresh one. */
  readonly prevIndex: LogIndex
  /** The last place where the logs may still agree, and the sender's term there. */
  readonly hintIndex: LogIndex
  readonly hintTerm: Term
}

export interface Heartbeat {
  readonly kind: 'heartbeat'
  readonly term: Term
  /** At most what the receiver is known to have. */
  readonly commit: LogIndex
  /** Counts quorum rounds of this leader; echoed. Reads wait for a round begun after them. */
  readonly round: number
}

export interface HeartbeatResponse {
  readonly kind: 'heartbeatResponse'
  readonly term: Term
  readonly round: number
}

/** A piece of a snapshot. All pieces carry the head, so each can be judged alone. */
export interface SnapshotChunk {
  readonly kind: 'snapshotChunk'
  readonly term: Term
  readonly snapshotIndex: LogIndex
  readonly snapshotTerm: Term
  readonly configuration: Configuration
  readonly totalBytes: number
  /** Where in the snapshot this piece begins. */
  readonly offset: number
  readonly data: Uint8Array
}

/** The sender has the first `offset` bytes. The last piece is answered by `appendAccepted`. */
export interface SnapshotChunkResponse {
  readonly kind: 'snapshotChunkResponse'
  readonly term: Term
  readonly snapshotIndex: LogIndex
  readonly offset: number
}

/** "You are up to date: campaign at once" (thesis §3.10). */
export interface TimeoutNow {
  readonly kind: 'timeoutNow'
  readonly term: Term
}

/** "Replicate to me; I do not vote" or "who leads?". */
export interface Observe {
  readonly kind: 'observe'
  readonly term: Term
}

export interface ObserveResponse {
  readonly kind: 'observeResponse'
  readonly term: Term
  readonly leader: VoterId | undefined
}

export type Message =
  | PreVote
  | PreVoteResponse
  | Vote
  | VoteResponse
  | Append
  | AppendAccepted
  | AppendRejected
  | Heartbeat
  | HeartbeatResponse
  | SnapshotChunk
  | SnapshotChunkResponse
  | TimeoutNow
  | Observe
  | ObserveResponse

/** A message with its sender and receiver. `codec.ts` turns it into bytes and back. */
export interface Packet {
  readonly from: VoterId
  /** The transport routes by `nodeId`; the receiver drops what is meant for another directory. */
  readonly to: VoterId
  readonly message: Message
}
