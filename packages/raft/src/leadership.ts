// What a node knows only while it leads: its followers, the reads that wait, a transfer under way.
// Thrown away whole when it stops leading.

import type { RaftConfig } from './config.ts'
import { Inflights } from './inflights.ts'
import { Progress } from './progress.ts'
import { ReadQueue } from './read-queue.ts'
import { type LogIndex, type VoterId, type VoterKey, voterKey } from './types.ts'

export interface Transfer {
  readonly to: VoterId
  readonly deadlineMs: number
  /** It was told to campaign. */
  isTold: boolean
}

export class Leadership {
  readonly sinceMs: number
  /**
   * The first entry of this term. Committed: the leader knows all that earlier leaders committed.
   */
  readonly firstIndex: LogIndex
  readonly reads = new ReadQueue()
  readonly #followers = new Map<VoterKey, Progress>()
  readonly #config: RaftConfig
  transfer: Transfer | undefined
  heartbeatDueMs: number
  /** Proposed and not committed. */
  uncommittedBytes = 0
  /** Something changed that followers should hear of: the next ready sends appends. */
  hasNews = true

  constructor(config: RaftConfig, firstIndex: LogIndex, nowMs: number) {
    this.#config = config
    this.firstIndex = firstIndex
    this.sinceMs = nowMs
    this.heartbeatDueMs = nowMs + config.heartbeatMs
  }

  /** Voters and observers, without the leader itself. */
  get followers(): Iterable<Progress> {
    return this.#followers.values()
  }

  get followerCount(): number {
    return this.#followers.size
  }

  follower(id: VoterId): Progress | undefined {
    return this.#followers.get(voterKey(id))
  }

  /** Begins to replicate to a node; it may have nothing or everything up to `lastIndex`. */
  follow(id: VoterId, lastIndex: LogIndex, nowMs: number): Progress {
    const present = this.follower(id)
    if (present !== undefined) return present
    const { inflightAppendsMax, inflightBytesMax } = this.#config
    const inflights = new Inflights(inflightAppendsMax, inflightBytesMax)
    const progress = new Progress(id, lastIndex + 1, inflights, nowMs)
    this.#followers.set(voterKey(id), progress)
    return progress
  }

  forget(id: VoterId): void {
    this.#followers.delete(voterKey(id))
  }
}
