// Checks RAFT-1 to RAFT-16 from outside, after every event. It keeps its own books (`Ghost`, one
// `Watch` per running node) and shares no decision with the code it judges.

import type { RaftConfig } from '../config.ts'
import type { RaftCore } from '../core.ts'
import type { Packet } from '../message.ts'
import { coreOf, type RaftNode } from '../raft-node.ts'
import type { Ready } from '../ready.ts'
import {
  type Configuration,
  type Entry,
  type LogIndex,
  type Role,
  sameVoter,
  type Term,
  type VoterId,
  type VoterKey,
  voterKey,
} from '../types.ts'
import { Ghost } from './ghost.ts'
import { type Machine, snapshotHash } from './machine.ts'
import type { SimDisk } from './sim-disk.ts'
import { demand } from './violation.ts'

/** What the checker sees of a running node. */
export interface Observed {
  readonly id: VoterId
  readonly node: RaftNode
  readonly disk: SimDisk
  readonly machine: Machine
}

/** What was last seen of one incarnation of a node. */
interface Watch {
  role: Role
  term: Term
  roleSinceMs: number
  commitIndex: LogIndex
  appliedIndex: LogIndex
  /** Terms by index, as far as the log reaches. */
  terms: Term[]
  lastIndex: LogIndex
  leaderContactMs: number
  leaderContactTerm: Term
  /** Leader: when each follower was last heard in this term. */
  heardMs: Map<VoterKey, number>
}

export class Checker {
  readonly ghost: Ghost
  /** How often what may happen did happen. */
  readonly counts = { elections: 0, reads: 0, installs: 0, truncations: 0, configurations: 0 }
  readonly #config: RaftConfig
  readonly #disks: ReadonlyMap<VoterKey, SimDisk>
  readonly #watches = new Map<VoterKey, Watch>()
  readonly #diskTerms = new Map<VoterKey, Term>()
  readonly #reads = new Map<number, LogIndex>()
  /** In force on the leader that committed last. */
  #committedBy: Configuration

  constructor(config: RaftConfig, bootstrap: Configuration, disks: ReadonlyMap<VoterKey, SimDisk>) {
    this.ghost = new Ghost(bootstrap)
    this.#committedBy = bootstrap
    this.#config = config
    this.#disks = disks
  }

  /** A node began to run on what its disk holds. */
  started(host: Observed, nowMs: number): void {
    const core = coreOf(host.node)
    this.#watches.set(voterKey(host.id), {
      role: core.role,
      term: core.term,
      roleSinceMs: nowMs,
      commitIndex: core.log.commitIndex,
      appliedIndex: core.appliedIndex,
      terms: termsOf(core),
      lastIndex: core.log.lastIndex,
      leaderContactMs: Number.NEGATIVE_INFINITY,
      leaderContactTerm: 0,
      heardMs: new Map(),
    })
  }

  /** The driver has told the node of the end of its leader: it owes that one nothing any more. */
  forgotLeader(id: VoterId): void {
    this.#watch(id).leaderContactTerm = -1
  }

  /** A packet is about to be given to a node. Returns what to call afterwards. */
  stepping(host: Observed, packet: Packet, nowMs: number): () => void {
    const core = coreOf(host.node)
    const watch = this.#watch(host.id)
    const { message } = packet
    const before = {
      term: core.term,
      votedFor: core.votedFor,
      role: core.role,
      commitIndex: core.log.commitIndex,
    }
    // A leader that asks for a new term has stopped leading, and says so itself.
    const endsLeadership =
      message.kind === 'preVote' &&
      message.term === core.term &&
      sameVoter(core.leader, packet.from) &&
      sameVoter(packet.to, host.id)
    if (endsLeadership) this.forgotLeader(host.id)
    const heardLeader = this.#heardLeader(core, watch, nowMs)
    const isStranger =
      core.role === 'leader' &&
      core.leadership?.follower(packet.from) === undefined &&
      !core.membership.isVoter(packet.from)
    return () => {
      const kept =
        core.term === before.term &&
        sameVoter(core.votedFor, before.votedFor) &&
        core.role === before.role
      const isVote = message.kind === 'vote' && !message.transfer
      if (message.kind === 'preVote' || (isVote && heardLeader)) {
        demand(kept, 'RAFT-13 pre-vote', () => `${describe(host)} moved on ${message.kind}`)
      }
      if (message.kind === 'preVote' && heardLeader) {
        demand(
          !core.packets.some(isGrantedPreVote),
          'RAFT-13 pre-vote',
          () => `${describe(host)} helps against a leader it has just heard`,
        )
      }
      if (isStranger && message.kind !== 'vote' && !isFromLeader(packet)) {
        demand(
          kept && core.log.commitIndex === before.commitIndex,
          'RAFT-12 membership',
          () => `${message.kind} of ${voterKey(packet.from)} changed ${describe(host)}`,
        )
      }
      const isForHost = sameVoter(packet.to, host.id)
      const isCurrent =
        isForHost && message.term === core.term && sameVoter(core.leader, packet.from)
      if (isFromLeader(packet) && isCurrent) {
        watch.leaderContactMs = nowMs
        watch.leaderContactTerm = core.term
      }
      if (isForHost && core.role === 'leader' && message.term === core.term) {
        watch.heardMs.set(voterKey(packet.from), nowMs)
      }
    }
  }

  /** RAFT-14: looked at after every tick of a leader. */
  ticked(host: Observed, nowMs: number): void {
    const core = coreOf(host.node)
    if (core.role !== 'leader') return
    const watch = this.#watch(host.id)
    const silences = core.membership.voters.map(voter => {
      if (sameVoter(voter, host.id)) return 0
      return nowMs - (watch.heardMs.get(voterKey(voter)) ?? watch.roleSinceMs)
    })
    silences.sort((a, b) => a - b)
    const silence = silences[Math.floor(silences.length / 2)] ?? 0
    demand(
      silence <= this.#config.checkQuorumMs + this.#config.heartbeatMs,
      'RAFT-14 check-quorum',
      () => `${describe(host)} leads after ${silence} ms without a majority`,
    )
  }

  /** After any input to a node. */
  observe(host: Observed, nowMs: number): void {
    const core = coreOf(host.node)
    const watch = this.#watch(host.id)
    demand(core.term >= watch.term, 'RAFT-3 terms', () => describe(host))
    this.#observeLog(host, core, watch)
    const isNewLeader =
      core.role === 'leader' && (watch.role !== 'leader' || watch.term !== core.term)
    if (isNewLeader) this.#elected(host, core, watch)
    this.#observeCommit(host, core, watch)
    this.#observeMembership(host, core)
    if (core.role !== watch.role || core.term !== watch.term) {
      watch.roleSinceMs = nowMs
      watch.heardMs.clear()
    }
    watch.role = core.role
    watch.term = core.term
  }

  #observeLog(host: Observed, core: RaftCore, watch: Watch): void {
    const { log } = core
    let common = Math.min(watch.lastIndex, log.lastIndex)
    while (common > log.start.index && log.termAt(common) !== watch.terms[common]) common -= 1
    const isLeading = watch.role === 'leader' && core.role === 'leader' && watch.term === core.term
    if (isLeading) {
      demand(common === watch.lastIndex, 'RAFT-4 leader append-only', () => describe(host))
    }
    if (common < watch.lastIndex && common >= log.start.index) this.counts.truncations += 1
    watch.terms.length = Math.max(common, log.start.index) + 1
    watch.terms[log.start.index] = log.start.term
    for (const entry of log.entriesFrom(common + 1)) {
      this.ghost.sawEntry(entry, watch.terms[entry.index - 1] ?? 0, describe(host))
      watch.terms[entry.index] = entry.term
      if (core.role !== 'leader' || entry.term !== core.term) continue
      this.ghost.leaderAppended(core.term, entry.index, entry.term)
      if (entry.kind === 'config' && entry.index > 1)
        this.#leaderChangesMembership(host, core, entry)
    }
    watch.lastIndex = log.lastIndex
  }

  /** RAFT-12a and b. */
  #leaderChangesMembership(host: Observed, core: RaftCore, entry: Entry): void {
    this.counts.configurations += 1
    demand(
      this.ghost.hasCommittedIn(core.term),
      'RAFT-12 membership',
      () => `${describe(host)} proposed voters before it committed in its term`,
    )
    const pending = core.log
      .entriesFrom(core.log.commitIndex + 1)
      .filter(other => other.kind === 'config' && other.index !== entry.index)
    demand(pending.length === 0, 'RAFT-12 membership', () => `${describe(host)}: two changes`)
  }

  /**
   * RAFT-2 for the leader's own vote, RAFT-6: the newest committed entry is in the log of a new
   * leader; by matching, so are all.
   */
  #elected(host: Observed, core: RaftCore, watch: Watch): void {
    this.counts.elections += 1
    this.ghost.elected(host.id, core.term, watch.terms)
    const { hardState } = host.disk.state
    demand(
      hardState.term === core.term && sameVoter(hardState.votedFor, host.id),
      'RAFT-2 one vote per term',
      () => `${describe(host)} was elected by a vote of its own that is not durable`,
    )
    const index = this.ghost.lastCommittedBefore(core.term)
    const term = core.log.termAt(index)
    demand(
      (core.log.start.index > index || term === this.ghost.committedTerm(index)) &&
        core.log.lastIndex > index,
      'RAFT-6 leader completeness',
      () => `${describe(host)} lacks ${index}/${this.ghost.committedTerm(index)}`,
    )
  }

  #observeCommit(host: Observed, core: RaftCore, watch: Watch): void {
    const { log } = core
    demand(
      log.commitIndex >= watch.commitIndex && log.commitIndex <= log.lastIndex,
      'RAFT-10 monotone',
      () => `${describe(host)} commit was ${watch.commitIndex}`,
    )
    let isNew = false
    for (let index = watch.commitIndex + 1; index <= log.commitIndex; index++) {
      if (index <= log.start.index) continue
      isNew = this.ghost.committed(log.entryAt(index), core.term, describe(host)) || isNew
    }
    if (log.start.index > watch.commitIndex) {
      demand(
        this.ghost.committedTerm(log.start.index) === log.start.term,
        'RAFT-15 snapshot',
        () => `${describe(host)} starts after what was never committed`,
      )
    }
    watch.commitIndex = log.commitIndex
    if (isNew) this.#commitRule(host, core, watch)
  }

  /**
   * RAFT-8: own term, and durable on a majority of the voters in force, whatever the node counted.
   */
  #commitRule(host: Observed, core: RaftCore, watch: Watch): void {
    const index = core.log.commitIndex
    demand(
      (core.role === 'leader' || watch.role === 'leader') && core.log.termAt(index) === core.term,
      'RAFT-8 commit rule',
      () => `${describe(host)} committed ${index}`,
    )
    this.#committedBy = core.membership.inForce
    const holders = this.#holders(index)
    const { length } = this.#committedBy.voters
    demand(
      holders * 2 > length,
      'RAFT-8 commit rule',
      () => `${describe(host)} committed ${index} with ${holders} of ${length}`,
    )
  }

  /** How many voters' disks have the committed entry at `index`; a lost disk may have had it. */
  #holders(index: LogIndex): number {
    return this.#committedBy.voters.filter(voter => this.#holds(voter, index)).length
  }

  #holds(voter: VoterId, index: LogIndex): boolean {
    const disk = this.#disks.get(voterKey(voter))
    if (disk === undefined || disk.isDamaged) return true
    if (disk.state.logStart.index > index) return true
    return disk.termAt(index) === this.ghost.committedTerm(index)
  }

  /**
   * RAFT-12c: in force is the last configuration in the log, else that of the snapshot. A leader
   * that is not in it leaves once it is committed.
   */
  #observeMembership(host: Observed, core: RaftCore): void {
    if (core.role === 'unreadable') return
    const { log } = core
    demand(
      core.role !== 'leader' ||
        core.membership.isVoter(core.id) ||
        core.membership.index > log.commitIndex,
      'RAFT-12 membership',
      () => `${describe(host)} leads after its removal is committed`,
    )
    let expected: Configuration = log.snapshot.configuration
    for (let index = log.lastIndex; index > log.snapshot.index; index--) {
      const entry = log.entryAt(index)
      if (entry.kind !== 'config') continue
      expected = entry.configuration
      break
    }
    demand(
      sameVoters(core.membership.inForce, expected),
      'RAFT-12 membership',
      () => `${describe(host)} has another configuration in force than its log`,
    )
  }

  /** The node handed out work; nothing of it was done yet. */
  took(host: Observed, ready: Ready): void {
    const core = coreOf(host.node)
    for (const packet of ready.send) this.#sent(host, packet)
    const { write } = ready
    if (write?.snapshot === undefined) return
    const isInstall =
      write.logStart?.index === write.snapshot.index && write.snapshot.index > host.machine.index
    demand(
      !isInstall || core.role !== 'leader',
      'RAFT-15 snapshot',
      () => `${describe(host)} leads and loads a snapshot`,
    )
    const { index, configuration } = write.snapshot
    demand(
      sameVoters(configuration, this.ghost.configurationAt(index)),
      'RAFT-15 snapshot',
      () => `${describe(host)} snapshot ${index} has other voters than were in force there`,
    )
    demand(
      snapshotHash(write.snapshot) === this.ghost.appliedHash(write.snapshot.index) &&
        write.snapshot.term === this.ghost.committedTerm(write.snapshot.index),
      'RAFT-15 snapshot',
      () => `${describe(host)} snapshot ${write.snapshot?.index} is not the state there`,
    )
  }

  #sent(host: Observed, packet: Packet): void {
    const { disk } = host
    const { message } = packet
    const { hardState } = disk.state
    demand(!disk.isDamaged, 'RAFT-16 no amnesia', () => `${describe(host)} sent ${message.kind}`)
    demand(
      message.term <= hardState.term,
      'RAFT-3 terms',
      () => `${describe(host)} sent ${message.kind} of ${message.term}, durable ${hardState.term}`,
    )
    if (message.kind === 'voteResponse' && message.granted) {
      this.ghost.voted(host.id, message.term, packet.to)
      demand(
        hardState.term > message.term || sameVoter(hardState.votedFor, packet.to),
        'RAFT-2 one vote per term',
        () => `${describe(host)} sent a vote that is not durable`,
      )
    }
    if (message.kind === 'appendAccepted' && hardState.term === message.term) {
      const { matchIndex } = message
      const expected = this.ghost.leaderTermAt(message.term, matchIndex)
      const isTrue = disk.state.logStart.index > matchIndex || disk.termAt(matchIndex) === expected
      demand(
        isTrue,
        'RAFT-8 commit rule',
        () => `${describe(host)} accepted ${matchIndex} that its disk does not have`,
      )
    }
  }

  /** A write of the node reached its disk. */
  flushed(id: VoterId, disk: SimDisk): void {
    const key = voterKey(id)
    const { hardState, logStart, snapshot } = disk.state
    demand(
      hardState.term >= (this.#diskTerms.get(key) ?? 0),
      'RAFT-3 terms',
      () => `the disk of ${key} went back to term ${hardState.term}`,
    )
    this.#diskTerms.set(key, hardState.term)
    if (hardState.votedFor !== undefined) this.ghost.voted(id, hardState.term, hardState.votedFor)
    demand(logStart.index <= snapshot.index, 'RAFT-15 snapshot', () => `${key} has a gap`)
    this.checkDurable()
  }

  /** RAFT-9, for the voters that the newest committed entry was counted on. */
  checkDurable(): void {
    const index = this.ghost.maxCommitted
    const holders = this.#holders(index)
    const { length } = this.#committedBy.voters
    demand(
      holders * 2 > length,
      'RAFT-9 committed is durable',
      () => `${index} is on ${holders} of ${length} disks`,
    )
  }

  /** The state machine of the node applied an entry. */
  applied(host: Observed, entry: Entry): void {
    const { disk, machine } = host
    demand(
      this.ghost.committedTerm(entry.index) === entry.term,
      'RAFT-7 state machine safety',
      () => `${describe(host)} applied ${entry.index}/${entry.term}, which is not committed`,
    )
    demand(
      disk.state.logStart.index >= entry.index || disk.termAt(entry.index) === entry.term,
      'RAFT-7 state machine safety',
      () => `${describe(host)} applied ${entry.index} that its disk does not have`,
    )
    this.ghost.applied(entry.index, machine.hash, describe(host))
  }

  /** The state machine of the node became a snapshot. */
  restored(host: Observed): void {
    this.counts.installs += 1
    const { disk, machine } = host
    demand(
      disk.state.snapshot.index >= machine.index,
      'RAFT-15 snapshot',
      () => `${describe(host)} loaded a snapshot before it was durable`,
    )
    this.ghost.applied(machine.index, machine.hash, describe(host))
  }

  readRequested(requestId: number): void {
    this.#reads.set(requestId, this.ghost.maxCommitted)
  }

  /** RAFT-11: everything committed anywhere before the read was asked for is in what it sees. */
  readServed(host: Observed, requestId: number): void {
    this.counts.reads += 1
    const least = this.#reads.get(requestId) ?? Number.POSITIVE_INFINITY
    demand(
      host.machine.index >= least,
      'RAFT-11 linearizable reads',
      () => `${describe(host)} read at ${host.machine.index}, committed was ${least}`,
    )
  }

  #heardLeader(core: RaftCore, watch: Watch, nowMs: number): boolean {
    return (
      watch.leaderContactTerm === core.term &&
      nowMs - watch.leaderContactMs < this.#config.electionTimeoutMs
    )
  }

  #watch(id: VoterId): Watch {
    return this.#watches.get(voterKey(id))!
  }
}

function termsOf(core: RaftCore): Term[] {
  const terms: Term[] = []
  terms[core.log.start.index] = core.log.start.term
  for (const entry of core.log.entriesFrom(0)) terms[entry.index] = entry.term
  return terms
}

function sameVoters(a: Configuration, b: Configuration): boolean {
  return a.voters.map(voterKey).join() === b.voters.map(voterKey).join()
}

function isGrantedPreVote({ message }: Packet): boolean {
  return message.kind === 'preVoteResponse' && message.granted
}

function isFromLeader(packet: Packet): boolean {
  const { kind } = packet.message
  return kind === 'append' || kind === 'heartbeat' || kind === 'snapshotChunk'
}

function describe(host: Observed): string {
  const core = coreOf(host.node)
  return `${voterKey(host.id).slice(0, 6)} (${core.role}, term ${core.term})`
}
