// The safety rules of Raft one by one, each a small decision that the rest of the code asks. Here
// they can be read together; the tests replace one at a time by a known bug and must notice.

import type { Membership } from './membership.ts'
import type { Message } from './message.ts'
import {
  type HardState,
  type LogIndex,
  type LogPosition,
  sameVoter,
  type Term,
  type VoterId,
} from './types.ts'

export interface Rules {
  /**
   * Whether a leader of `currentTerm` may commit an entry by counting replicas. Only its own: an
   * entry of an older term on a majority can still be overwritten (Raft §5.4.2, figure 8).
   */
  mayCommit(entryTerm: Term, currentTerm: Term): boolean

  /** How far the leader counts as a replica itself: what a power cut could not take from it. */
  ownMatch(durableIndex: LogIndex, lastIndex: LogIndex): LogIndex

  /** Whose logs count: the voters in force, which an appended change is at once (thesis §4.1). */
  counted(membership: Membership, commitIndex: LogIndex): readonly VoterId[]

  /** Whether a log may not be behind the voter's, the condition of a vote (Raft §5.4.1). */
  isUpToDate(candidate: LogPosition, own: LogPosition): boolean

  /** One vote per term. */
  mayVoteFor(votedFor: VoterId | undefined, candidate: VoterId): boolean

  /** A vote request while a leader is alive is not looked at: the sender may just be cut off. */
  isDisruptive(heardLeader: boolean, transfer: boolean): boolean

  /** A candidate's vote for itself is a vote like any other: durable before it counts. */
  ownVoteCounts(durable: HardState, term: Term, self: VoterId): boolean

  /** Whether a message must wait until what it says is durable. */
  mustHold(message: Message, durableTerm: Term): boolean

  /**
   * Whether a held message may leave after the write `persistedId`. It waits for the write that was
   * the latest when it was made. Comparing log indexes instead is the ABA mistake: the disk may
   * hold an older entry at that index, which a later write is about to cut and replace.
   */
  mayRelease(held: HeldMessage, persistedId: number, diskEndIndex: LogIndex): boolean

  /** The log prefix that is on disk whatever happens to the writes under way. */
  durableIndex(handedIndex: LogIndex, diskEndIndex: LogIndex, firstChange: LogIndex): LogIndex

  /**
   * Whether an answer of `messageTerm` no longer counts: it is about what this node asked in an
   * earlier term, and its log may have been cut and grown again since.
   */
  isOutdated(messageTerm: Term, term: Term): boolean

  /** What an append message of a leader with `leaderCommit` lets the receiver commit. */
  followerCommit(leaderCommit: LogIndex, provenIndex: LogIndex, lastIndex: LogIndex): LogIndex

  /** What a heartbeat lets the receiver commit: it proves nothing about the rest of its log. */
  heartbeatCommit(commitIndex: LogIndex, matchIndex: LogIndex): LogIndex

  /**
   * First index to cut when an append with entries up to `provenIndex` came; undefined for none.
   * Only a conflict cuts: a late, shorter append must not cut what newer ones brought.
   */
  cutFrom(firstNew: LogIndex, provenIndex: LogIndex, lastIndex: LogIndex): LogIndex | undefined

  /** Whether a truncated configuration goes out of force. */
  revertsConfiguration(): boolean

  /** A configuration is proposed only on top of a committed entry of the own term (Ongaro 2015). */
  mayChangeConfiguration(hasCommittedInTerm: boolean, isPending: boolean): boolean

  /** Whether a read is linearizable: a quorum answered a round that began after it arrived. */
  isReadConfirmed(readRound: number, quorumRound: number): boolean

  /** A read index is the leader's commit index only when it has committed in its own term. */
  mayStartRead(hasCommittedInTerm: boolean): boolean

  /** The term of a voter after it was asked for a pre-vote: unchanged. */
  termAfterPreVote(term: Term, candidateTerm: Term): Term

  /** A removed leader hands over once its removal is committed. */
  mustRetire(isVoter: boolean, isCommitted: boolean): boolean

  /** A leader that hears no majority gives up. */
  mustResign(silenceMs: number, limitMs: number): boolean
}

export interface HeldMessage {
  readonly message: Message
  /** The latest write that was handed out when the message was made. */
  readonly writeId: number
}

export const soundRules: Rules = {
  mayCommit: (entryTerm, currentTerm) => entryTerm === currentTerm,
  ownMatch: durableIndex => durableIndex,
  counted: membership => membership.voters,
  isUpToDate: (candidate, own) =>
    candidate.term > own.term || (candidate.term === own.term && candidate.index >= own.index),
  mayVoteFor: (votedFor, candidate) => votedFor === undefined || sameVoter(votedFor, candidate),
  isDisruptive: (heardLeader, transfer) => heardLeader && !transfer,
  ownVoteCounts: (durable, term, self) =>
    durable.term === term && sameVoter(durable.votedFor, self),
  mustHold: (message, durableTerm) => message.term > durableTerm || promises.has(message.kind),
  mayRelease: (held, persistedId) => persistedId >= held.writeId,
  durableIndex: (handedIndex, diskEndIndex, firstChange) =>
    Math.min(handedIndex, diskEndIndex, firstChange - 1),
  isOutdated: (messageTerm, term) => messageTerm < term,
  followerCommit: (leaderCommit, provenIndex) => Math.min(leaderCommit, provenIndex),
  heartbeatCommit: (commitIndex, matchIndex) => Math.min(commitIndex, matchIndex),
  cutFrom: (firstNew, provenIndex, lastIndex) =>
    firstNew <= provenIndex && firstNew <= lastIndex ? firstNew : undefined,
  revertsConfiguration: () => true,
  mayChangeConfiguration: (hasCommittedInTerm, isPending) => hasCommittedInTerm && !isPending,
  isReadConfirmed: (readRound, quorumRound) => readRound <= quorumRound,
  mayStartRead: hasCommittedInTerm => hasCommittedInTerm,
  termAfterPreVote: term => term,
  mustRetire: (isVoter, isCommitted) => !isVoter && isCommitted,
  mustResign: (silenceMs, limitMs) => silenceMs >= limitMs,
}

/** Messages that promise something about the sender's disk. */
const promises: ReadonlySet<Message['kind']> = new Set(['vote', 'voteResponse', 'appendAccepted'])
