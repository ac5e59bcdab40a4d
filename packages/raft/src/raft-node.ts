// One member of the metadata quorum, without I/O: inputs are methods, outputs are taken by `ready`.
// The driver feeds messages and time, performs readies, and owns disk and network.

import type { Random } from '@klamm/base'
import type { RaftConfig } from './config.ts'
import type { Packet } from './message.ts'
import type { Ready } from './ready.ts'
import type {
  ConfigChange,
  ConfigChangeResult,
  ProposeResult,
  ReadIndexResult,
  TransferResult,
} from './results.ts'
import type { Status } from './status.ts'
import type { LogIndex, PersistedState, VoterId } from './types.ts'

/** State that could not be read from disk, and why, for `status`. */
export interface Unreadable {
  readonly unreadable: string
}

export interface RaftNodeOptions {
  readonly id: VoterId
  readonly config: RaftConfig
  /**
   * What the disk holds. A directory whose state is damaged passes `Unreadable`: the node then stays
   * silent for ever and must be formatted anew, with another directoryId (RAFT-16).
   */
  readonly state: PersistedState | Unreadable
  /** Nodes to ask for the leader as long as the log names no voters: ids only. */
  readonly contacts?: readonly number[]
  readonly random: Random
  /** Monotonic. */
  readonly nowMs: number
}

/**
 * A raft node. The loop of its driver:
 *
 * ```
 * after any input:
 *   while (node.hasReady()) {
 *     const ready = node.ready()
 *     for (const packet of ready.send) transport.send(packet)
 *     if (ready.write) disk.write(ready.write) then node.persisted(ready.id) and run this loop again
 *     if (ready.restore) machine.load(ready.restore)
 *     for (const entry of ready.apply) machine.apply(entry)
 *     answer ready.reads, fail ready.failedReads, follow ready.role
 *   }
 *   set one timer to node.nextWakeMs(), which calls node.tick(now)
 * ```
 *
 * Always true: snapshotIndex <= appliedIndex <= commitIndex <= lastIndex; appliedIndex <=
 * durableIndex; what is committed is never truncated; terms never go back.
 */
export declare class RaftNode {
  constructor(options: RaftNodeOptions)

  /** Time has passed. Cheap when nothing is due; due by `nextWakeMs`. */
  tick(nowMs: number): void

  /** When `tick` has something to do, if nothing else happens. Undefined: never. */
  nextWakeMs(): number | undefined

  /**
   * A packet arrived. Any decoded packet is safe to pass, also stale, repeated or nonsensical ones;
   * the transport vouches only that `packet.from.nodeId` is the peer it authenticated.
   */
  step(packet: Packet, nowMs: number): void

  /** Appends an entry, on the leader. See `Ready.apply` for how it ends. */
  propose(data: Uint8Array): ProposeResult

  /** Adds or removes one voter, on the leader. Ends like a proposal. */
  proposeConfigChange(change: ConfigChange): ConfigChangeResult

  /**
   * Asks for a linearizable read, on the leader. Ends in `Ready.reads` or `Ready.failedReads` under
   * the given id, which the caller keeps unique.
   */
  readIndex(requestId: number): ReadIndexResult

  /**
   * Hands leadership to a voter, by default the most up to date one. Proposals are refused
   * meanwhile. Ends with a role change, or after `transferTimeoutMs` without one.
   */
  transferLeadership(to?: VoterId): TransferResult

  /** Asks for votes now instead of after a time-out (a single voter leads at once). */
  campaign(): void

  hasReady(): boolean

  /** Takes the work that accumulated since the last call. */
  ready(): Ready

  /** The write of this ready, and of all before it, is durable. */
  persisted(readyId: number): void

  /**
   * The state machine after `index` is `data`: the log before it may go. `index` must be applied. A
   * snapshot not newer than the present one is ignored. The snapshot comes out in a `Write`.
   */
  compact(index: LogIndex, data: Uint8Array): void

  status(): Status
}
