// Known ways to get Raft wrong. Each replaces one rule of the real code (or one habit of
// its driver) and must be noticed by the checker. The numbers are those of well-known
// bugs in other systems.

import type { Rules } from '../rules.ts'
import { soundRules } from '../rules.ts'
import { bootstrapState } from '../types.ts'
import type { DriverHabits } from './cluster.ts'

export interface Mutant {
  /** What goes wrong, and where it did. */
  readonly about: string
  readonly rules?: Partial<Rules>
  readonly habits?: DriverHabits
  /** Rare: the search begins at this seed. */
  readonly fromSeed?: number
}

export const mutants = {
  commitsOldTerm: {
    about: 'commits an entry of an older term by counting replicas (Raft figure 8)',
    rules: { mayCommit: () => true },
  },
  voteNotDurable: {
    about: 'answers a vote request before the vote is durable (etcd, NATS)',
    rules: {
      mustHold: (message, durableTerm) =>
        message.kind !== 'voteResponse' && soundRules.mustHold(message, durableTerm),
    },
  },
  termForgotten: {
    about: 'a restart takes the term from the log and forgets the vote (NATS WAL reset)',
    habits: {
      load: disk => {
        const { entries, snapshot } = disk.state
        const term = entries.at(-1)?.term ?? snapshot.term
        if (disk.isDamaged) return { unreadable: 'damaged' }
        return { ...disk.state, hardState: { term, votedFor: undefined } }
      },
    },
  },
  votesTwice: {
    about: 'gives more than one vote per term',
    rules: { mayVoteFor: () => true },
  },
  votesForBehind: {
    about: 'votes for a candidate whose log is behind',
    rules: { isUpToDate: (candidate, own) => candidate.term >= own.term },
  },
  votesByLength: {
    about: 'compares logs by length only, not by term',
    rules: { isUpToDate: (candidate, own) => candidate.index >= own.index },
  },
  ownVoteNotDurable: {
    about: 'a candidate counts its own vote before it is durable',
    rules: { ownVoteCounts: () => true },
  },
  countsUndurableSelf: {
    about: 'a leader counts its own entry before the flush (etcd)',
    rules: { ownMatch: (_durable, lastIndex) => lastIndex },
  },
  acksUndurable: {
    about: 'a follower acknowledges entries before the flush',
    rules: {
      mustHold: (message, durableTerm) =>
        message.kind !== 'appendAccepted' && soundRules.mustHold(message, durableTerm),
    },
  },
  ackAba: {
    about: 'the slow flush of an overwritten entry acknowledges the new one at its index (etcd)',
    rules: {
      mayRelease: (held, persistedId, diskEndIndex) =>
        held.message.kind === 'appendAccepted'
          ? diskEndIndex >= held.message.matchIndex
          : soundRules.mayRelease(held, persistedId, diskEndIndex),
    },
    fromSeed: 20,
  },
  staleAppendTruncates: {
    about: 'a late, shorter append cuts what newer ones brought (NATS parallel catch-ups)',
    rules: {
      cutFrom: (firstNew, provenIndex, lastIndex) =>
        provenIndex < lastIndex
          ? Math.min(firstNew, provenIndex + 1)
          : soundCut(firstNew, provenIndex, lastIndex),
    },
  },
  heartbeatCommitsAll: {
    about: 'a heartbeat carries the commit index to followers whose logs differ',
    rules: { heartbeatCommit: commitIndex => commitIndex },
  },
  lateAnswersCount: {
    about: 'answers to an earlier term of the node count in its present one',
    rules: { isOutdated: () => false },
    fromSeed: 180,
  },
  configNotReverted: {
    about: 'a truncated configuration stays in force (NATS)',
    rules: { revertsConfiguration: () => false },
  },
  configAtCommit: {
    about: 'counts the voters of the committed configuration instead of the one in force',
    rules: { counted: (membership, commitIndex) => membership.at(commitIndex).voters },
  },
  configBeforeOwnTerm: {
    about: 'a leader changes the voters before it has committed in its term (Ongaro 2015)',
    rules: { mayChangeConfiguration: (_hasCommitted, isPending) => !isPending },
  },
  configsOverlap: {
    about: 'a second change of the voters begins before the first is committed',
    rules: { mayChangeConfiguration: hasCommitted => hasCommitted },
  },
  leaderNeverRetires: {
    about: 'a removed leader goes on leading',
    rules: { mustRetire: () => false },
  },
  emptyUnderOldIdentity: {
    about: 'a damaged voter starts empty under its old identity (NATS)',
    habits: {
      load: (disk, bootstrap) => (disk.isDamaged ? bootstrapState(bootstrap) : disk.state),
    },
  },
  readsWithoutRound: {
    about: 'a leader answers reads without asking a quorum first (etcd)',
    rules: { isReadConfirmed: () => true },
    fromSeed: 70,
  },
  readsWithEarlierRound: {
    about: 'a read is confirmed by a round that began before it arrived',
    rules: { isReadConfirmed: (readRound, quorumRound) => readRound - 1 <= quorumRound },
    fromSeed: 75,
  },
  readsBeforeOwnTerm: {
    about: 'a new leader answers reads before it knows what its predecessors committed',
    rules: { mayStartRead: () => true },
  },
  preVoteChangesTerm: {
    about: 'a pre-vote moves the term of the voter that is asked',
    rules: { termAfterPreVote: (term, candidateTerm) => Math.max(term, candidateTerm) },
  },
  disruptiveVotes: {
    about: 'a node that was cut off deposes a healthy leader (no leader stickiness)',
    rules: { isDisruptive: () => false },
  },
  neverResigns: {
    about: 'a leader that hears no majority goes on (no check-quorum)',
    rules: { mustResign: () => false },
  },
  appliesUndurable: {
    about: 'what was handed to storage counts as durable',
    rules: { durableIndex: handedIndex => handedIndex },
  },
} as const satisfies Record<string, Mutant>

function soundCut(firstNew: number, provenIndex: number, lastIndex: number): number | undefined {
  return soundRules.cutFrom(firstNew, provenIndex, lastIndex)
}
