// Every time-out and limit of consensus, with unit, default and reason.

import { assert } from '@klamm/base'

export interface RaftConfig {
  /**
   * A voter that hears no leader for this long, plus a random share of the same again, asks for
   * votes. For the plain duration it also refuses to help depose a leader it has heard.
   */
  readonly electionTimeoutMs: number
  /** The leader reaches out to everybody this often. A few of them must fit an election timeout. */
  readonly heartbeatMs: number
  /** A leader that hears no majority for this long resigns: somebody else may lead by now. */
  readonly checkQuorumMs: number
  /** A leadership transfer that did not succeed within this time is given up. */
  readonly transferTimeoutMs: number
  /** An observer that is silent for this long is forgotten; it announces itself again. */
  readonly observerTimeoutMs: number
  /** Observers the leader replicates to. More are turned away. */
  readonly observersMax: number
  /** Entries of one append message (at least one entry always goes). */
  readonly appendBytesMax: number
  /** Append messages on their way to one follower that are not yet answered. */
  readonly inflightAppendsMax: number
  /** Bytes on their way to one follower (one message may exceed it). */
  readonly inflightBytesMax: number
  /** Largest proposal. */
  readonly entryBytesMax: number
  /** Proposed but not committed on the leader; beyond it `propose` refuses. */
  readonly uncommittedBytesMax: number
  /** Entries handed out for applying in one `ready` (at least one entry always goes). */
  readonly applyBytesMax: number
  /** Snapshots travel in pieces of this size, one piece on its way per follower. */
  readonly snapshotChunkBytes: number
  /** Largest snapshot accepted from a leader. */
  readonly snapshotBytesMax: number
  /** Entries kept before a snapshot so that a follower a little behind needs no snapshot. */
  readonly compactionMarginEntries: number
  /** Linearizable reads that wait for their quorum round. */
  readonly pendingReadsMax: number
  /** A node may become a voter only when it lags by at most this much: it counts at once. */
  readonly newVoterLagMaxEntries: number
}

const mebibyte = 1024 * 1024

export const defaultRaftConfig: RaftConfig = {
  electionTimeoutMs: 1000,
  heartbeatMs: 100,
  checkQuorumMs: 1500,
  transferTimeoutMs: 1000,
  observerTimeoutMs: 10_000,
  observersMax: 1000,
  appendBytesMax: mebibyte,
  inflightAppendsMax: 64,
  inflightBytesMax: 8 * mebibyte,
  entryBytesMax: 8 * mebibyte,
  uncommittedBytesMax: 64 * mebibyte,
  applyBytesMax: 8 * mebibyte,
  snapshotChunkBytes: mebibyte,
  snapshotBytesMax: 512 * mebibyte,
  compactionMarginEntries: 1000,
  pendingReadsMax: 10_000,
  newVoterLagMaxEntries: 1000,
}

/** Fills in defaults and asserts how the numbers must relate. */
export function raftConfig(overrides: Partial<RaftConfig> = {}): RaftConfig {
  const config = { ...defaultRaftConfig, ...overrides }
  for (const [name, value] of Object.entries(config)) {
    const least = name === 'compactionMarginEntries' || name === 'newVoterLagMaxEntries' ? 0 : 1
    assert(Number.isSafeInteger(value) && value >= least, 'raft limits are positive', () => name)
  }
  assert(
    config.heartbeatMs * 2 <= config.electionTimeoutMs,
    'two heartbeats fit an election timeout',
  )
  assert(
    config.checkQuorumMs >= config.electionTimeoutMs,
    'a leader outlasts the time-out after which its followers may replace it',
  )
  return config
}
