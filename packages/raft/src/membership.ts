// Which configuration is in force: the last one in the log, committed or not. It takes effect when
// its entry is appended and goes away when that entry is truncated (thesis §4.1).

import { present } from '@klamm/base'
import type { ConfigChange, ConfigRefusal } from './results.ts'
import {
  type Configuration,
  type Entry,
  type LogIndex,
  type PersistedState,
  sameVoter,
  type VoterId,
} from './types.ts'

interface Placed {
  readonly index: LogIndex
  readonly configuration: Configuration
}

export class Membership {
  /** The configuration at the snapshot, then the ones in the log after it, oldest first. */
  #placed: Placed[]

  constructor(state: PersistedState) {
    const { snapshot, entries } = state
    this.#placed = [{ index: snapshot.index, configuration: snapshot.configuration }]
    for (const entry of entries) if (entry.index > snapshot.index) this.appended(entry)
  }

  get inForce(): Configuration {
    return this.#last.configuration
  }

  get voters(): readonly VoterId[] {
    return this.#last.configuration.voters
  }

  /** Where the configuration in force stands in the log. */
  get index(): LogIndex {
    return this.#last.index
  }

  isVoter(id: VoterId): boolean {
    return this.voters.some(voter => sameVoter(voter, id))
  }

  /**
   * Whether the node may be needed as a leader: it votes in the configuration in force, or did in
   * one that may yet come back. A voter whose removal is not committed may be the only one whose
   * log is complete, so it goes on campaigning (thesis §4.2.2).
   */
  isElectable(id: VoterId, commitIndex: LogIndex): boolean {
    if (this.isVoter(id)) return true
    if (this.index <= commitIndex) return false
    const certain = this.#placed.findLastIndex(placed => placed.index <= commitIndex)
    return this.#placed
      .slice(Math.max(0, certain))
      .some(placed => placed.configuration.voters.some(voter => sameVoter(voter, id)))
  }

  /** The configuration in force at `index`, which is not before the snapshot. */
  at(index: LogIndex): Configuration {
    const placed = this.#placed.findLast(candidate => candidate.index <= index)
    return present(placed, 'a configuration is known from the snapshot on').configuration
  }

  appended(entry: Entry): void {
    if (entry.kind !== 'config') return
    this.#placed.push({ index: entry.index, configuration: entry.configuration })
  }

  truncatedFrom(index: LogIndex): void {
    this.#placed = this.#placed.filter((placed, i) => i === 0 || placed.index < index)
  }

  /** A snapshot at `index` replaced the log before it. */
  compactedTo(index: LogIndex): void {
    const configuration = this.at(index)
    const later = this.#placed.filter(placed => placed.index > index)
    this.#placed = [{ index, configuration }, ...later]
  }

  restored(configuration: Configuration, index: LogIndex): void {
    this.#placed = [{ index, configuration }]
  }

  get #last(): Placed {
    return present(this.#placed.at(-1), 'there is always a configuration')
  }
}

/** The configuration after `change`, or why there is none. */
export function changedConfiguration(
  configuration: Configuration,
  change: ConfigChange,
): Configuration | ConfigRefusal {
  const { voters } = configuration
  const { voter } = change
  const isVoter = voters.some(other => sameVoter(other, voter))
  if (change.kind === 'addVoter') {
    if (isVoter) return 'alreadyVoter'
    if (voters.some(other => other.nodeId === voter.nodeId)) return 'nodeHasVoter'
    return { voters: [...voters, voter] }
  }
  if (!isVoter) return 'notVoter'
  if (voters.length === 1) return 'lastVoter'
  return { voters: voters.filter(other => !sameVoter(other, voter)) }
}
