// Explores *every* run of a small cluster within given budgets, breadth first: all
// orders of delivery, loss, repetition, slow disks and crashes. The nodes are the real
// ones (`explore-node.ts`).

import { assert } from '@klamm/base'
import { describePacket } from '../describe.ts'
import type { Packet } from '../message.ts'
import type { Rules } from '../rules.ts'
import { bootstrapState, type Entry } from '../types.ts'
import { type Input, NodeAutomaton, type NodeState } from './explore-node.ts'
import { testVoter } from './ids.ts'
import { demand } from './violation.ts'

export interface Budgets {
  /** Nobody campaigns beyond this term. */
  readonly terms: number
  readonly proposals: number
  readonly crashes: number
  /** Heartbeat rounds: what makes a leader repeat what was lost. */
  readonly beats: number
}

export interface ExploreOptions {
  readonly nodeCount: number
  readonly budgets: Budgets
  /** Disks are instant; otherwise every flush is an event of its own. */
  readonly writesAtOnce: boolean
  readonly statesMax: number
  readonly rules?: Partial<Rules>
}

export interface Exploration {
  readonly stateCount: number
  readonly transitionCount: number
  /** Every reachable state was seen. */
  readonly isComplete: boolean
  /** Inputs of the longest of the shortest runs that were seen. */
  readonly depth: number
  readonly leadersSeen: number
  readonly commitsSeen: number
}

/** What happened before: who led which term, who voted for whom, what was committed. */
interface Past {
  readonly id: number
  /** Index: term. */
  readonly leaders: readonly (number | undefined)[]
  /** From index 1. */
  readonly committed: readonly Committed[]
}

interface Committed {
  readonly term: number
  /** Of the leader that committed it; a late leader of a lower term need not have the entry. */
  readonly inTerm: number
}

interface World {
  readonly nodes: readonly NodeState[]
  /**
   * Ids of the packets that were ever sent, ascending. Any of them may arrive, in any order, any
   * number of times, or never: so none is ever taken out, and loss and repetition cost nothing.
   */
  readonly packets: readonly number[]
  readonly past: Past
  readonly left: Budgets
  readonly depth: number
  readonly from: World | undefined
  readonly action: string
}

export class Explorer {
  readonly #options: ExploreOptions
  readonly #automata: NodeAutomaton[]
  readonly #packets: { readonly packet: Packet; readonly target: number; readonly key: string }[] =
    []
  readonly #packetIds = new Map<string, number>()
  readonly #pasts = new Map<string, Past>()
  readonly #seen = new Set<string>()
  #queue: World[] = []
  #transitionCount = 0
  #leadersSeen = 0
  #commitsSeen = 0

  constructor(options: ExploreOptions) {
    this.#options = options
    const ids = Array.from({ length: options.nodeCount }, (_, i) => testVoter(i + 1))
    const { writesAtOnce, rules = {} } = options
    this.#automata = ids.map(
      id => new NodeAutomaton(id, bootstrapState({ voters: ids }), { rules, writesAtOnce }),
    )
  }

  /** Throws a `Violation` with the shortest run that leads to it. */
  run(): Exploration {
    const start: World = {
      nodes: this.#automata.map(automaton => automaton.start),
      packets: [],
      past: this.#past([], []),
      left: this.#options.budgets,
      depth: 0,
      from: undefined,
      action: 'start',
    }
    this.#visit(start)
    let next = 0
    let depth = 0
    while (next < this.#queue.length && this.#seen.size < this.#options.statesMax) {
      const world = this.#queue[next]
      assert(world !== undefined, 'the queue has no holes')
      next += 1
      depth = world.depth
      this.#expand(world)
      // What was expanded is only needed for the way back, which its children keep.
      if (next === 100_000) {
        this.#queue = this.#queue.slice(next)
        next = 0
      }
    }
    return {
      stateCount: this.#seen.size,
      transitionCount: this.#transitionCount,
      isComplete: next === this.#queue.length,
      depth,
      leadersSeen: this.#leadersSeen,
      commitsSeen: this.#commitsSeen,
    }
  }

  #expand(world: World): void {
    const { left } = world
    for (const [i, state] of world.nodes.entries()) {
      const { view } = state
      if (view.pendingWrites > 0) this.#input(world, i, 'persist', { kind: 'persist' }, left)
      // All nodes are alike: the first to campaign is the first.
      const isFirst = world.depth > 0 || i === 0
      const isIdle = view.role === 'follower' || view.role === 'candidate'
      if (isFirst && isIdle && view.term < left.terms) {
        this.#input(world, i, 'elect', { kind: 'elect' }, left)
      }
      if (view.role === 'leader' && left.proposals > 0) {
        const budgets = { ...left, proposals: left.proposals - 1 }
        this.#input(world, i, 'propose', { kind: 'propose' }, budgets)
      }
      if (view.role === 'leader' && left.beats > 0) {
        this.#input(world, i, 'beat', { kind: 'beat' }, { ...left, beats: left.beats - 1 })
      }
      // Whoever hears of a newer term gives way. All the refusals that may tell it are alike, so
      // they are not carried as packets; the news may come at any time.
      for (const term of newerTerms(world, view.term)) {
        this.#input(world, i, `learn ${term}`, { kind: 'learn', term }, left)
      }
      if (left.crashes > 0 && world.depth > 0) {
        this.#input(world, i, 'crash', { kind: 'crash' }, { ...left, crashes: left.crashes - 1 })
      }
    }
    for (const id of world.packets) {
      const { key, packet, target } = this.#packets[id]!
      this.#input(world, target, key, { kind: 'deliver', packet }, left)
    }
  }

  #input(world: World, index: number, key: string, input: Input, left: Budgets): void {
    const before = world.nodes[index]!
    this.#transitionCount += 1
    try {
      const { next, sent } = this.#automata[index]!.step(before, key, input)
      if (next === before && sent.length === 0) return
      const nodes = world.nodes.with(index, next)
      const past = this.#remember(world.past, nodes, index, before)
      const packets = this.#addPackets(world.packets, sent, nodes)
      const action = `${index + 1}: ${key}`
      this.#visit({ nodes, packets, past, left, depth: world.depth + 1, from: world, action })
    } catch (error) {
      if (error instanceof Error) error.message += `\n${path(world)}\n${index + 1}: ${key}`
      throw error
    }
  }

  #visit(world: World): void {
    const { left } = world
    const ids = world.nodes.map(node => node.id).join()
    const budget = `${left.proposals},${left.crashes},${left.beats}`
    const key = `${ids}|${world.packets.join()}|${world.past.id}|${budget}`
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    this.#queue.push(world)
  }

  /** The packets that were ever sent, without those that can never have an effect again. */
  #addPackets(
    present: readonly number[],
    sent: readonly Packet[],
    nodes: readonly NodeState[],
  ): readonly number[] {
    const ids = new Set(present)
    for (const packet of sent) if (!isRefusal(packet, nodes)) ids.add(this.#packetId(packet))
    for (const id of ids) {
      const { packet, target } = this.#packets[id]!
      const isAnswer = answers.has(packet.message.kind)
      // The durable term never goes back, so an answer of an older term is dropped for ever.
      const durableTerm = nodes[target]?.view.disk.hardState.term ?? 0
      if (isAnswer && packet.message.term < durableTerm && this.#dropsOutdated) ids.delete(id)
    }
    return [...ids].sort((a, b) => a - b)
  }

  get #dropsOutdated(): boolean {
    return this.#options.rules?.isOutdated === undefined
  }

  #packetId(packet: Packet): number {
    const key = describePacket(packet)
    const known = this.#packetIds.get(key)
    if (known !== undefined) return known
    const id = this.#packets.length
    this.#packets.push({ packet, target: packet.to.nodeId - 1, key })
    this.#packetIds.set(key, id)
    return id
  }

  /** Checks what the step did against the past, and returns the new past. */
  #remember(past: Past, nodes: readonly NodeState[], index: number, before: NodeState): Past {
    const { view } = nodes[index]!
    let { committed, leaders } = past
    if (view.role === 'leader' && leaders[view.term] !== index) {
      demand(
        leaders[view.term] === undefined,
        'RAFT-1 election safety',
        () => `two leaders of term ${view.term}`,
      )
      leaders = Object.assign([...leaders], { [view.term]: index })
      this.#leadersSeen += 1
      for (const [i, { inTerm, term }] of committed.entries()) {
        demand(
          inTerm >= view.term || view.log[i]?.term === term,
          'RAFT-6 leader completeness',
          () => `entry ${i + 1}/${term} is missing in term ${view.term}`,
        )
      }
    }
    if (view.log !== before.view.log) checkMatching(nodes, index)
    for (let i = before.view.commitIndex; i < view.commitIndex; i++) {
      const term = view.log[i]?.term ?? 0
      const known = committed[i]
      if (known !== undefined) {
        demand(
          known.term === term,
          'RAFT-7 state machine safety',
          () => `entry ${i + 1} is committed as term ${known.term} and ${term}`,
        )
        continue
      }
      committed = [...committed, { term, inTerm: view.term }]
      this.#commitsSeen += 1
    }
    if (committed.length > 0) checkDurable(nodes, committed)
    if (committed === past.committed && leaders === past.leaders) return past
    return this.#past(leaders, committed)
  }

  #past(leaders: readonly (number | undefined)[], committed: readonly Committed[]): Past {
    const entries = committed.map(({ inTerm, term }) => `${term}/${inTerm}`)
    const key = `${leaders.join()}|${entries.join()}`
    const known = this.#pasts.get(key)
    if (known !== undefined) return known
    const past = { id: this.#pasts.size, leaders, committed }
    this.#pasts.set(key, past)
    return past
  }
}

/** RAFT-5 between the changed log and the others. */
function checkMatching(nodes: readonly NodeState[], index: number): void {
  const { log } = nodes[index]!.view
  for (const [i, other] of nodes.entries()) {
    if (i === index) continue
    let agrees = false
    for (let at = Math.min(log.length, other.view.log.length) - 1; at >= 0; at--) {
      const isEqual = sameEntry(log[at]!, other.view.log[at]!)
      demand(isEqual || !agrees, 'RAFT-5 log matching', () => `logs part before ${at + 1}`)
      agrees ||= isEqual
    }
  }
}

function sameEntry(a: Entry, b: Entry): boolean {
  return a.term === b.term && a.kind === b.kind
}

/** RAFT-9: the newest committed entry is on a majority of disks. */
function checkDurable(nodes: readonly NodeState[], committed: readonly Committed[]): void {
  const index = committed.length
  let holders = 0
  for (const { view } of nodes) {
    if (view.disk.entries[index - 1]?.term === committed[index - 1]?.term) holders += 1
  }
  demand(
    holders * 2 > nodes.length,
    'RAFT-9 committed is durable',
    () => `entry ${index} is on ${holders} disks`,
  )
}

/** A refusal that only says that its receiver's term is over; see `learn`. */
function isRefusal({ from, message, to }: Packet, nodes: readonly NodeState[]): boolean {
  if (message.kind === 'voteResponse') return !message.granted
  if (message.kind !== 'appendRejected') return false
  const sender = nodes[from.nodeId - 1]?.view
  return sender?.leader !== to.nodeId
}

function newerTerms(world: World, than: number): readonly number[] {
  const terms = new Set(world.nodes.map(({ view }) => view.disk.hardState.term))
  return [...terms].filter(term => term > than)
}

function path(world: World): string {
  const actions: string[] = []
  for (let at: World | undefined = world; at !== undefined; at = at.from) actions.push(at.action)
  return actions.reverse().join('\n')
}

const answers: ReadonlySet<Packet['message']['kind']> = new Set([
  'voteResponse',
  'appendAccepted',
  'appendRejected',
  'heartbeatResponse',
])
