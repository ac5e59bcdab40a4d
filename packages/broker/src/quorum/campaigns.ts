// When this node asks for votes sooner than raft's own time-out: from its start until somebody
// leads, and when the leader's process has ended. Each attempt is a pre-vote, which disturbs no
// leader that there is and costs one message per voter.

import type { Random } from '@klamm/base'
import type { Clock, Timer } from '@klamm/base/env'
import type { Status } from '@klamm/raft'

export interface CampaignsOptions {
  readonly clock: Clock
  readonly random: Random
  readonly status: () => Pick<Status, 'leader' | 'role' | 'term'>
  readonly campaign: () => void
}

/**
 * Between two attempts, in ms. Long enough for a pre-vote and a vote, whose two flushes a disk that
 * is not busy does in a few ms; much shorter than the time-out after which raft itself tries again.
 */
const retry = { minMs: 100, spreadMs: 100 }

export class Campaigns implements Disposable {
  readonly #options: CampaignsOptions
  #timer: Timer | undefined
  /** Seen by the last look. */
  #term = 0

  constructor(options: CampaignsOptions) {
    this.#options = options
  }

  /** Asks for votes after `delayMs`, and again and again until somebody leads. */
  begin(delayMs: number): void {
    this.#timer?.cancel()
    this.#term = this.#options.status().term
    this.#set(delayMs)
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #set(delayMs: number): void {
    this.#timer = this.#options.clock.setTimer(delayMs, () => this.#look())
  }

  #look(): void {
    const { status, campaign, random } = this.#options
    const { leader, role, term } = status()
    if (leader !== undefined || role === 'unreadable') {
      this.#timer = undefined
      return
    }
    // In a new term somebody has asked for votes, perhaps this node: that is waited for once. Who
    // is a candidate still waits for a disk: asking anew would only give up what it has got.
    if (term === this.#term && role !== 'candidate') campaign()
    this.#term = term
    this.#set(retry.minMs + random.float() * retry.spreadMs)
  }
}
