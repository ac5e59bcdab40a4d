// What an all-knowing observer remembers of the whole cluster: every entry that ever stood in a
// log, what is committed, who led and who got which vote. The nodes know nothing of it.

import type { Configuration, Entry, LogIndex, Term, VoterId, VoterKey } from '../types.ts'
import { voterKey } from '../types.ts'
import { entryHash } from './machine.ts'
import { demand } from './violation.ts'

interface SeenEntry {
  readonly prevTerm: Term
  readonly hash: number
}

export interface CommittedConfiguration {
  readonly index: LogIndex
  readonly configuration: Configuration
}

export class Ghost {
  readonly #entries = new Map<number, SeenEntry>()
  readonly #leaders = new Map<Term, VoterKey>()
  /** Terms of the leader's log by index, growing while it leads. */
  readonly #leaderLogs = new Map<Term, Term[]>()
  readonly #votes = new Map<string, VoterKey>()
  readonly #committed: Term[] = [0]
  /** The term of the leader that committed the entry; at least the entry's own. */
  readonly #committedIn: Term[] = [0]
  readonly #proposed: CommittedConfiguration[] = []
  readonly #appliedHashes = new Map<LogIndex, number>()
  readonly #configurations: CommittedConfiguration[]

  constructor(bootstrap: Configuration) {
    this.#configurations = [{ index: 0, configuration: bootstrap }]
  }

  get maxCommitted(): LogIndex {
    return this.#committed.length - 1
  }

  committedTerm(index: LogIndex): Term | undefined {
    return this.#committed[index]
  }

  hasCommittedIn(term: Term): boolean {
    return this.#committed.includes(term)
  }

  /** The last entry that a leader of a term below `term` committed. */
  lastCommittedBefore(term: Term): LogIndex {
    let index = this.maxCommitted
    while ((this.#committedIn[index] ?? 0) >= term && index > 0) index -= 1
    return index
  }

  configurationAt(index: LogIndex): Configuration {
    return this.#configurations.findLast(placed => placed.index <= index)!.configuration
  }

  /** The committed configuration and all later ones that were ever in a log. */
  get openConfigurations(): readonly Configuration[] {
    const committed = this.#configurations[this.#configurations.length - 1]!
    const later = this.#proposed.filter(({ index }) => index > committed.index)
    return [committed, ...later].map(({ configuration }) => configuration)
  }

  /** The newest committed configuration. */
  get configuration(): Configuration {
    return this.#configurations[this.#configurations.length - 1]!.configuration
  }

  /**
   * RAFT-5. An entry is known by (index, term); it must always have the same content and the same
   * predecessor, so by induction equal (index, term) means equal logs up to there.
   */
  sawEntry(entry: Entry, prevTerm: Term, where: string): void {
    const key = entry.index * 2 ** 24 + entry.term
    const hash = entryHash(entry)
    const seen = this.#entries.get(key)
    if (seen === undefined) {
      this.#entries.set(key, { prevTerm, hash })
      if (entry.kind === 'config') this.#proposed.push(entry)
      return
    }
    demand(
      seen.hash === hash && seen.prevTerm === prevTerm,
      'RAFT-5 log matching',
      () => `${where}: entry ${entry.index}/${entry.term} differs from an earlier one`,
    )
  }

  /** RAFT-1. */
  elected(id: VoterId, term: Term, terms: readonly Term[]): void {
    const key = voterKey(id)
    const other = this.#leaders.get(term)
    demand(
      other === undefined || other === key,
      'RAFT-1 election safety',
      () => `${key} and ${other} lead term ${term}`,
    )
    this.#leaders.set(term, key)
    this.#leaderLogs.set(term, [...terms])
  }

  leaderAppended(term: Term, index: LogIndex, entryTerm: Term): void {
    const terms = this.#leaderLogs.get(term)
    if (terms !== undefined) terms[index] = entryTerm
  }

  /** The term of the entry at `index` in the log of the leader of `term`, as far as known. */
  leaderTermAt(term: Term, index: LogIndex): Term | undefined {
    return this.#leaderLogs.get(term)?.[index]
  }

  /** RAFT-2. */
  voted(voter: VoterId, term: Term, candidate: VoterId): void {
    const key = `${voterKey(voter)}/${term}`
    const before = this.#votes.get(key)
    const now = voterKey(candidate)
    demand(
      before === undefined || before === now,
      'RAFT-2 one vote per term',
      () => `${key} voted for ${before} and for ${now}`,
    )
    this.#votes.set(key, now)
  }

  /** RAFT-7: the next entry is committed, or was and is the same. True when it is new. */
  committed(entry: Entry, inTerm: Term, where: string): boolean {
    const { index, term } = entry
    const known = this.#committed[index]
    if (known !== undefined) {
      demand(
        known === term,
        'RAFT-7 state machine safety',
        () => `${where}: ${index} committed as term ${term} and as term ${known}`,
      )
      return false
    }
    demand(
      index === this.maxCommitted + 1,
      'RAFT-7 state machine safety',
      () => `${where}: ${index} committed after ${this.maxCommitted}`,
    )
    this.#committed[index] = term
    this.#committedIn[index] = inTerm
    if (entry.kind === 'config') this.#configurationCommitted(entry.configuration, index)
    return true
  }

  /** RAFT-7: the state after `index` is the same everywhere. */
  applied(index: LogIndex, hash: number, where: string): void {
    const known = this.#appliedHashes.get(index)
    demand(
      known === undefined || known === hash,
      'RAFT-7 state machine safety',
      () => `${where}: another state after ${index}`,
    )
    this.#appliedHashes.set(index, hash)
  }

  appliedHash(index: LogIndex): number | undefined {
    return this.#appliedHashes.get(index)
  }

  /**
   * RAFT-12d: neighbours differ by one voter, hence their majorities intersect. The first entry of
   * all repeats the bootstrap.
   */
  #configurationCommitted(configuration: Configuration, index: LogIndex): void {
    const before = new Set(this.configuration.voters.map(voterKey))
    const after = new Set(configuration.voters.map(voterKey))
    const changes = before.symmetricDifference(after).size
    const expected = index === 1 ? 0 : 1
    demand(
      changes === expected,
      'RAFT-12 membership',
      () => `${changes} voters changed at ${index}`,
    )
    this.#configurations.push({ index, configuration })
  }
}
