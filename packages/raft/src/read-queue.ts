// Linearizable reads of a leader (thesis §6.4): a read waits until a majority has answered a round
// of heartbeats that began after the read arrived, which proves that no newer leader had committed
// anything by then. Never a lease: a paused process would trust a clock that ran on without it.

import type { ReadState } from './ready.ts'
import type { LogIndex } from './types.ts'

interface WaitingRead {
  readonly requestId: number
  readonly index: LogIndex
  readonly round: number
}

export class ReadQueue {
  /** Arrived before the leader committed an entry of its term: their index is not known yet. */
  #postponed: number[] = []
  /** Oldest first; rounds never go back. */
  #waiting: WaitingRead[] = []
  #round = 0
  #needsRound = false

  get count(): number {
    return this.#postponed.length + this.#waiting.length
  }

  /** The round that heartbeats carry. */
  get round(): number {
    return this.#round
  }

  /** A read waits for a round that has not begun: several reads share one. */
  get needsRound(): boolean {
    return this.#needsRound
  }

  postpone(requestId: number): void {
    this.#postponed.push(requestId)
  }

  /** Everything acknowledged before the read arrived is at or below `commitIndex`. */
  add(requestId: number, commitIndex: LogIndex): void {
    this.#waiting.push({ requestId, index: commitIndex, round: this.#round + 1 })
    this.#needsRound = true
  }

  /** The leader's commit index became trustworthy. */
  startPostponed(commitIndex: LogIndex): void {
    for (const requestId of this.#postponed) this.add(requestId, commitIndex)
    this.#postponed = []
  }

  beginRound(): void {
    this.#round += 1
    this.#needsRound = false
  }

  /** Takes the reads that `isConfirmed` accepts, from the oldest on. */
  takeConfirmed(isConfirmed: (round: number) => boolean): ReadState[] {
    let count = 0
    while (count < this.#waiting.length && isConfirmed(this.#waiting[count]?.round ?? 0)) count += 1
    const confirmed = this.#waiting.splice(0, count)
    return confirmed.map(({ requestId, index }) => ({ requestId, index }))
  }

  /** Leadership is lost: nobody can vouch for these any more. */
  takeAll(): number[] {
    const ids = [...this.#postponed, ...this.#waiting.map(read => read.requestId)]
    this.#postponed = []
    this.#waiting = []
    this.#needsRound = false
    return ids
  }
}
