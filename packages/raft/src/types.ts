// The nouns of consensus: voters, entries, the durable state of a node, snapshots, roles.

import { type Uuid, zeroUuid } from '@klamm/base'

/** Counts elections. 0 before the first; never goes back on a node. */
export type Term = number

/** Position in the replicated log. The first entry has index 1; 0 is the place before it. */
export type LogIndex = number

/**
 * A replica of the metadata log: a node *and* the directory its state lives in (KIP-853's replica
 * key). A node that comes back with an empty directory is another replica: what the old one
 * promised (its vote, its acknowledged entries) is gone, so it must not count as the old voter.
 */
export interface VoterId {
  readonly nodeId: number
  /** Made once when the directory is formatted. Zero means "whichever directory that node has". */
  readonly directoryId: Uuid
}

/** A `VoterId` as text, to key a Map: `nodeId:directoryId`. */
export type VoterKey = string

export function voterKey(id: VoterId): VoterKey {
  return `${id.nodeId}:${id.directoryId}`
}

export function sameVoter(a: VoterId | undefined, b: VoterId | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.nodeId === b.nodeId && a.directoryId === b.directoryId
}

/**
 * Addresses a node whose directory is not known yet: only an observer that looks for the leader.
 */
export function anyDirectory(nodeId: number): VoterId {
  return { nodeId, directoryId: zeroUuid }
}

/** Who votes. Changes by one voter at a time, so that old and new majorities always intersect. */
export interface Configuration {
  readonly voters: readonly VoterId[]
}

/** A place in the log with the term of the leader that made the entry there. */
export interface LogPosition {
  readonly term: Term
  readonly index: LogIndex
}

/** What a client of consensus proposed. Opaque here. */
export interface NormalEntry extends LogPosition {
  readonly kind: 'normal'
  readonly data: Uint8Array
}

/** A new configuration; in force on a node as soon as it stands in that node's log. */
export interface ConfigEntry extends LogPosition {
  readonly kind: 'config'
  readonly configuration: Configuration
}

/**
 * The first entry of a leader: committing it commits everything before it (thesis §3.6.2). Only the
 * very first leader begins with a configuration instead, the one of the bootstrap.
 */
export interface NoopEntry extends LogPosition {
  readonly kind: 'noop'
}

export type Entry = NormalEntry | ConfigEntry | NoopEntry

/** What must be durable before any message that depends on it leaves (thesis §3.8). */
export interface HardState {
  readonly term: Term
  /** Who got this node's vote in `term`. */
  readonly votedFor: VoterId | undefined
}

/** The state machine after `index`, and the configuration in force there. */
export interface Snapshot extends LogPosition {
  readonly configuration: Configuration
  readonly data: Uint8Array
}

/** Everything a node keeps on disk, as its storage read it back. */
export interface PersistedState {
  readonly hardState: HardState
  /** At index 0 and term 0 for a cluster that never made one: see `bootstrapState`. */
  readonly snapshot: Snapshot
  /**
   * The place right before the first entry of `entries`. At or before the snapshot: some entries
   * that the snapshot covers may be kept for followers that are a little behind.
   */
  readonly logStart: LogPosition
  /** Without gaps, from `logStart.index + 1`. */
  readonly entries: readonly Entry[]
}

/**
 * - `unreadable`: its state could not be read; takes no part in anything (RAFT-16).
 * - `observer`: replicates; no configuration that may count has it as a voter.
 * - `follower`: a voter that follows a leader, or waits for one.
 * - `preCandidate`: asks whether it would be elected, without touching any term.
 * - `candidate`: asks for votes in a new term.
 * - `leader`: appends, replicates, commits.
 */
export type Role = 'unreadable' | 'observer' | 'follower' | 'preCandidate' | 'candidate' | 'leader'

/**
 * The state a freshly formatted directory starts with. Every voter of a new cluster starts with the
 * same full configuration; a node that joins later starts with none and is an observer until the
 * leader adds it.
 */
export function bootstrapState(configuration: Configuration = { voters: [] }): PersistedState {
  return {
    hardState: { term: 0, votedFor: undefined },
    snapshot: { term: 0, index: 0, configuration, data: new Uint8Array(0) },
    logStart: { term: 0, index: 0 },
    entries: [],
  }
}

/** Bytes an entry counts for against limits: its payload and a flat overhead. */
export function entryBytes(entry: Entry): number {
  switch (entry.kind) {
    case 'normal':
      return entryOverheadBytes + entry.data.length
    case 'config':
      return entryOverheadBytes + entry.configuration.voters.length * voterBytes
    case 'noop':
      return entryOverheadBytes
  }
}

const entryOverheadBytes = 16
const voterBytes = 24
