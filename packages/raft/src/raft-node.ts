// One member of the metadata quorum, without I/O: inputs are methods, outputs are taken by `ready`.
// The driver feeds messages and time, performs readies, and owns disk and network.

import type { Random } from '@klamm/base'
import { assert } from '@klamm/base'
import { maybeCommit } from './commit.ts'
import type { RaftConfig } from './config.ts'
import { RaftCore } from './core.ts'
import { countOwnVote, forgetLeader, startPreVote } from './election.ts'
import type { Packet } from './message.ts'
import { compactLog, propose, proposeConfigChange } from './proposals.ts'
import { requestRead } from './reads.ts'
import type { Ready } from './ready.ts'
import type {
  ConfigChange,
  ConfigChangeResult,
  ProposeResult,
  ReadIndexResult,
  TransferResult,
} from './results.ts'
import { passiveRole, resetElectionTimer } from './roles.ts'
import { type Rules, soundRules } from './rules.ts'
import { stateProblem } from './state-check.ts'
import { type Status, statusOf } from './status.ts'
import { step } from './step.ts'
import { hasReady, takeReady } from './take-ready.ts'
import { nextWakeMs, tick } from './tick.ts'
import { startTransfer } from './transfer.ts'
import {
  bootstrapState,
  type Entry,
  type LogIndex,
  type PersistedState,
  type VoterId,
} from './types.ts'

/** State that could not be read from disk, and why, for `status`. */
export interface Unreadable {
  readonly unreadable: string
}

export interface RaftNodeOptions {
  readonly id: VoterId
  readonly config: RaftConfig
  /**
   * What the disk holds. A directory whose state is damaged passes `Unreadable`: the node then
   * stays silent for ever and must be formatted anew, with another directoryId (RAFT-16).
   */
  readonly state: PersistedState | Unreadable
  /** Nodes to ask for the leader as long as the log names no voters: ids only. */
  readonly contacts?: readonly number[]
  readonly random: Random
  /** Monotonic. */
  readonly nowMs: number
}

/** The inside of a node, for the tests of this package. */
export let coreOf: (node: RaftNode) => RaftCore

/**
 * A raft node. The loop of its driver:
 *
 * ```
 * after any input:
 *   while (node.hasReady()) {
 *     const ready = node.ready()
 *     for (const packet of ready.send) transport.send(packet)
 *     if (ready.write) disk.write(ready.write), then node.persisted(ready.id) and this loop again
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
export class RaftNode {
  readonly #core: RaftCore
  readonly #unreadable: string | undefined
  #readyCount = 0

  static {
    coreOf = node => node.#core
  }

  /** `rules` are replaced only by the tests of this package. */
  constructor(options: RaftNodeOptions, rules: Rules = soundRules) {
    const { state } = options
    const readable = 'unreadable' in state ? undefined : state
    this.#unreadable = 'unreadable' in state ? state.unreadable : stateProblem(state)
    const usable = this.#unreadable === undefined && readable !== undefined
    this.#core = new RaftCore({
      ...options,
      state: usable ? readable : bootstrapState(),
      contacts: options.contacts ?? [],
      rules,
    })
    const core = this.#core
    core.startAs(usable ? passiveRole(core) : 'unreadable')
    // Nobody else could lead: no need to wait for one.
    if (core.role === 'follower' && core.membership.voters.length > 1) resetElectionTimer(core)
  }

  /** Time has passed. Cheap when nothing is due; due by `nextWakeMs`. */
  tick(nowMs: number): void {
    this.#core.advanceTime(nowMs)
    tick(this.#core)
  }

  /** When `tick` has something to do, if nothing else happens. Undefined: never. */
  nextWakeMs(): number | undefined {
    return nextWakeMs(this.#core)
  }

  /**
   * A packet arrived. Any decoded packet is safe to pass, also stale, repeated or nonsensical ones;
   * the transport vouches only that `packet.from.nodeId` is the peer it authenticated.
   */
  step(packet: Packet, nowMs: number): void {
    if (this.#core.role === 'unreadable') return
    this.#core.advanceTime(nowMs)
    step(this.#core, packet)
  }

  /**
   * Appends an entry, on the leader. See `Ready.apply` for how it ends. `data` is kept, not copied:
   * it must not change afterwards.
   */
  propose(data: Uint8Array): ProposeResult {
    return propose(this.#core, data)
  }

  /** Adds or removes one voter, on the leader. Ends like a proposal. */
  proposeConfigChange(change: ConfigChange): ConfigChangeResult {
    return proposeConfigChange(this.#core, change)
  }

  /**
   * Asks for a linearizable read, on the leader. Ends in `Ready.reads` or `Ready.failedReads` under
   * the given id, which the caller keeps unique.
   */
  readIndex(requestId: number): ReadIndexResult {
    return requestRead(this.#core, requestId)
  }

  /**
   * Hands leadership to a voter, by default the most up to date one. Proposals are refused
   * meanwhile. Ends with a role change, or after `transferTimeoutMs` without one.
   */
  transferLeadership(to?: VoterId): TransferResult {
    return startTransfer(this.#core, to)
  }

  /** Asks for votes now instead of after a time-out (a single voter leads at once). */
  campaign(): void {
    if (this.#core.role !== 'unreadable') startPreVote(this.#core)
  }

  /**
   * The driver knows that this leader's process has ended. Without it, a voter helps nobody to lead
   * who asks within `electionTimeoutMs` of the leader's last message. A mistake costs an election
   * at most: which leader there may be is decided by votes alone.
   */
  forgetLeader(nodeId: number): void {
    if (this.#core.leader?.nodeId === nodeId) forgetLeader(this.#core)
  }

  hasReady(): boolean {
    return hasReady(this.#core)
  }

  /** Takes the work that accumulated since the last call. */
  ready(): Ready {
    assert(this.#core.role !== 'unreadable', 'an unreadable node has no work')
    this.#readyCount += 1
    return takeReady(this.#core, this.#readyCount)
  }

  /** The write of this ready, and of all before it, is durable. */
  persisted(readyId: number): void {
    const core = this.#core
    const restored = core.writes.persisted(readyId)
    if (restored !== undefined && restored === core.restoring) {
      core.restoring = undefined
      core.restored = restored
    }
    countOwnVote(core)
    maybeCommit(core)
  }

  /**
   * The state machine after `index` is `data`: the log before it may go. `index` must be applied. A
   * snapshot not newer than the present one is ignored. The snapshot comes out in a `Write`.
   */
  compact(index: LogIndex, data: Uint8Array): void {
    compactLog(this.#core, index, data)
  }

  status(): Status {
    return statusOf(this.#core, this.#unreadable)
  }

  /** Entries kept in memory, from `fromIndex` on: for tools and checkers. */
  entries(fromIndex: LogIndex): readonly Entry[] {
    return this.#core.log.entriesFrom(fromIndex)
  }
}
