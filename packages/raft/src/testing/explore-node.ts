// Nodes as the exhaustive explorer sees them: a finite automaton that is discovered on the way. A
// state of a node is known by its fingerprint; a transition is computed once, by replaying the
// inputs that led to the state on a real node, and then remembered.

import { seededRandom } from '@klamm/base'
import { raftConfig } from '../config.ts'
import { campaign } from '../election.ts'
import { broadcastHeartbeat } from '../leader.ts'
import type { Packet } from '../message.ts'
import { coreOf, RaftNode } from '../raft-node.ts'
import type { Write } from '../ready.ts'
import { becomeFollower } from '../roles.ts'
import { type Rules, soundRules } from '../rules.ts'
import { applyWrite } from '../stored-state.ts'
import type { Entry, PersistedState, Role, Term, VoterId, VoterKey } from '../types.ts'

export type Input =
  | { readonly kind: 'deliver'; readonly packet: Packet }
  | { readonly kind: 'persist' }
  | { readonly kind: 'elect' }
  | { readonly kind: 'learn'; readonly term: Term }
  | { readonly kind: 'propose' }
  | { readonly kind: 'beat' }
  | { readonly kind: 'crash' }

/** What the invariants are about, in a form that can be compared quickly. */
export interface NodeView {
  readonly role: Role
  readonly term: Term
  readonly leader: number | undefined
  readonly commitIndex: number
  readonly log: readonly Entry[]
  readonly disk: PersistedState
  readonly pendingWrites: number
  readonly votes: readonly VoterKey[]
}

export interface NodeState {
  readonly id: number
  readonly view: NodeView
  /** From the last start on; a crash begins anew with what the disk holds. */
  readonly origin: { readonly parent: NodeState; readonly input: Input } | undefined
  readonly transitions: Map<string, Transition>
}

export interface Transition {
  readonly next: NodeState
  readonly sent: readonly Packet[]
}

interface Live {
  readonly node: RaftNode
  disk: PersistedState
  readonly queue: { readonly readyId: number; readonly write: Write }[]
}

/** All states of one node that were seen. */
export class NodeAutomaton {
  readonly #id: VoterId
  readonly #rules: Rules
  readonly #writesAtOnce: boolean
  readonly #states = new Map<string, NodeState>()
  /** The node that was last left in a state, to save its replay. */
  readonly #live = new Map<number, Live>()
  readonly start: NodeState

  constructor(
    id: VoterId,
    disk: PersistedState,
    options: { readonly rules: Partial<Rules>; readonly writesAtOnce: boolean },
  ) {
    this.#id = id
    this.#rules = { ...soundRules, ...options.rules }
    this.#writesAtOnce = options.writesAtOnce
    this.start = this.#intern(this.#boot(disk), undefined)
  }

  get stateCount(): number {
    return this.#states.size
  }

  /** The transition of `state` by `input`, which `key` names uniquely. */
  step(state: NodeState, key: string, input: Input): Transition {
    const known = state.transitions.get(key)
    if (known !== undefined) return known
    const transition = this.#compute(state, input)
    state.transitions.set(key, transition)
    return transition
  }

  #compute(state: NodeState, input: Input): Transition {
    if (input.kind === 'crash') {
      return { next: this.#intern(this.#boot(state.view.disk), undefined), sent: [] }
    }
    const live = this.#take(state)
    const sent = this.#run(live, input)
    return { next: this.#intern(live, { parent: state, input }), sent }
  }

  #take(state: NodeState): Live {
    const live = this.#live.get(state.id)
    this.#live.delete(state.id)
    if (live !== undefined) return live
    if (state.origin === undefined) return this.#boot(state.view.disk)
    const replayed = this.#take(state.origin.parent)
    this.#run(replayed, state.origin.input)
    return replayed
  }

  #boot(disk: PersistedState): Live {
    const node = new RaftNode(
      { id: this.#id, config, state: disk, random: seededRandom(1), nowMs: 0 },
      this.#rules,
    )
    const live = { node, disk, queue: [] }
    this.#drain(live)
    return live
  }

  #run(live: Live, input: Input): Packet[] {
    const core = coreOf(live.node)
    switch (input.kind) {
      case 'deliver':
        live.node.step(input.packet, 0)
        break
      case 'persist':
        this.#persist(live)
        break
      case 'elect':
        // As if the leader had asked for it: time plays no part here, so nobody is protected from
        // a campaign by having heard a leader.
        if (core.role === 'candidate') becomeFollower(core, core.term, undefined)
        campaign(core, { transfer: true })
        break
      case 'learn':
        becomeFollower(core, input.term, undefined)
        break
      case 'propose':
        live.node.propose(new Uint8Array([core.term]))
        break
      case 'beat':
        if (core.leadership !== undefined) broadcastHeartbeat(core, core.leadership)
        break
      case 'crash':
        break
    }
    return this.#drain(live)
  }

  #drain(live: Live): Packet[] {
    const sent: Packet[] = []
    while (live.node.hasReady()) {
      const ready = live.node.ready()
      sent.push(...ready.send)
      if (ready.write === undefined) continue
      live.queue.push({ readyId: ready.id, write: ready.write })
      if (this.#writesAtOnce) this.#persist(live)
    }
    return sent
  }

  #persist(live: Live): void {
    const oldest = live.queue.shift()
    if (oldest === undefined) return
    live.disk = applyWrite(live.disk, oldest.write)
    live.node.persisted(oldest.readyId)
  }

  #intern(live: Live, origin: NodeState['origin']): NodeState {
    const key = fingerprint(live)
    const known = this.#states.get(key)
    if (known !== undefined) return known
    const core = coreOf(live.node)
    const view: NodeView = {
      role: core.role,
      term: core.term,
      leader: core.leader?.nodeId,
      commitIndex: core.log.commitIndex,
      log: core.log.entriesFrom(1),
      disk: live.disk,
      pendingWrites: live.queue.length,
      votes: core.role === 'candidate' ? [...core.votes.keys()] : [],
    }
    const state = { id: this.#states.size, view, origin, transitions: new Map() }
    this.#states.set(key, state)
    this.#live.set(state.id, live)
    return state
  }
}

/** Everything that decides what the node will do, without times and without counting readies. */
function fingerprint(live: Live): string {
  const core = coreOf(live.node)
  const { leadership } = core
  const followers = [...(leadership?.followers ?? [])].map(progress => [
    progress.id.nodeId,
    progress.state,
    progress.matchIndex,
    progress.nextIndex,
    progress.isProbing,
    progress.sentCommit,
    progress.matchAtHeartbeat,
    progress.inflights.count,
  ])
  const base = live.queue[0]?.readyId ?? 0
  return JSON.stringify([
    core.role,
    core.term,
    core.votedFor?.nodeId,
    core.leader?.nodeId,
    [...core.votes],
    logKey(core.log.entriesFrom(1)),
    core.log.commitIndex,
    core.appliedIndex,
    core.log.handedIndex,
    followers,
    core.writes.fingerprint(base),
    diskKey(live.disk),
  ])
}

function diskKey({ entries, hardState }: PersistedState): unknown {
  return [hardState.term, hardState.votedFor?.nodeId, logKey(entries)]
}

function logKey(entries: readonly Entry[]): string {
  return entries.map(entry => `${entry.term}${entry.kind[0]}`).join()
}

const config = raftConfig()
