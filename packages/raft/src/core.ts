// The state that the roles share, and how messages leave. Internal: `RaftNode` is the door, the
// role files hold the behaviour (`follower`, `election`, `leader`, `replication`, …).

import type { Random } from '@klamm/base'
import { assert } from '@klamm/base'
import type { RaftConfig } from './config.ts'
import type { Leadership } from './leadership.ts'
import { RaftLog } from './log.ts'
import { Membership } from './membership.ts'
import type { Message, Packet } from './message.ts'
import type { ReadState } from './ready.ts'
import type { Rules } from './rules.ts'
import type { PartialSnapshot } from './snapshot-assembly.ts'
import type { LogIndex, PersistedState, Role, Snapshot, Term, VoterId, VoterKey } from './types.ts'
import { WriteQueue } from './writes.ts'

export interface CoreOptions {
  readonly id: VoterId
  readonly config: RaftConfig
  readonly state: PersistedState
  readonly contacts: readonly number[]
  readonly random: Random
  readonly nowMs: number
  readonly rules: Rules
}

/** Which role may follow which. Leaving a role always goes through `roles.ts`. */
const roleTransitions = {
  unreadable: [],
  observer: ['observer', 'follower'],
  follower: ['follower', 'observer', 'preCandidate', 'candidate'],
  preCandidate: ['preCandidate', 'follower', 'observer', 'candidate'],
  candidate: ['follower', 'observer', 'preCandidate', 'leader'],
  leader: ['follower', 'observer'],
} as const satisfies Record<Role, readonly Role[]>

export class RaftCore {
  readonly id: VoterId
  readonly config: RaftConfig
  readonly contacts: readonly number[]
  readonly random: Random
  readonly rules: Rules
  readonly log: RaftLog
  readonly membership: Membership
  readonly writes: WriteQueue

  #role: Role = 'observer'
  nowMs: number
  term: Term
  votedFor: VoterId | undefined
  leader: VoterId | undefined
  /** When the leader of this term was last heard. */
  leaderContactMs: number | undefined
  /** A voter campaigns, an observer announces itself, when nothing is heard until then. */
  electionDeadlineMs: number
  /** Candidates: who answered what. */
  votes = new Map<VoterKey, boolean>()
  /** Leader only. */
  leadership: Leadership | undefined
  /** A snapshot that arrives in pieces. */
  partialSnapshot: PartialSnapshot | undefined
  /** Whom an observer asks next. */
  nextContact = 0
  /** Another node's word on who leads may be followed once per time-out. */
  mayFollowHint = false

  /** Handed out for applying. */
  appliedIndex: LogIndex
  /** Adopted from the leader, not yet durable: nothing can be applied until it is. */
  restoring: Snapshot | undefined
  /** Durable, to be handed to the state machine. */
  restored: Snapshot | undefined
  /** Made by this node or its leader, to be written. */
  unwrittenSnapshot: Snapshot | undefined
  startMoved = false

  packets: Packet[] = []
  confirmedReads: ReadState[] = []
  failedReads: number[] = []
  roleChanged = true

  constructor(options: CoreOptions) {
    const { state } = options
    this.id = options.id
    this.config = options.config
    this.contacts = options.contacts
    this.random = options.random
    this.rules = options.rules
    this.nowMs = options.nowMs
    this.log = new RaftLog(state)
    this.membership = new Membership(state)
    this.term = state.hardState.term
    this.votedFor = state.hardState.votedFor
    this.writes = new WriteQueue(options.rules, state.hardState, this.log.lastIndex)
    this.appliedIndex = state.snapshot.index
    this.electionDeadlineMs = options.nowMs
  }

  get role(): Role {
    return this.#role
  }

  /** First role of a node, without a transition. */
  startAs(role: Role): void {
    this.#role = role
  }

  transition(to: Role): void {
    const allowed: readonly Role[] = roleTransitions[this.#role]
    assert(allowed.includes(to), 'roles change as their table says', () => `${this.#role} ${to}`)
    this.#role = to
    this.roleChanged = true
  }

  get durableIndex(): LogIndex {
    return this.writes.durableIndex(this.log.handedIndex)
  }

  /** Why this node cannot do what only leaders do. */
  get notLeading(): 'notLeader' | 'unreadable' {
    return this.#role === 'unreadable' ? 'unreadable' : 'notLeader'
  }

  /** A leader of this term was heard within an election timeout; or this is one. */
  get heardLeader(): boolean {
    if (this.#role === 'leader') return true
    if (this.leaderContactMs === undefined) return false
    return this.nowMs - this.leaderContactMs < this.config.electionTimeoutMs
  }

  get hasCommittedInTerm(): boolean {
    const { leadership } = this
    return leadership !== undefined && this.log.commitIndex >= leadership.firstIndex
  }

  advanceTime(nowMs: number): void {
    this.nowMs = Math.max(this.nowMs, nowMs)
  }

  send(to: VoterId, message: Message): void {
    this.packets.push({ from: this.id, to, message })
  }
}
