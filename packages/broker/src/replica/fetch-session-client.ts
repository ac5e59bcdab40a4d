// The asking side of a fetch session (KIP-227): shortens a follower's requests to what has changed
// since the last one that the leader has answered.

import type { ErrorName } from '@klamm/protocol/errors'
import { initialEpoch, nextSessionEpoch, noSession } from './fetch-session.ts'
import type { FollowerFetch } from './partition-follower.ts'

export interface TopicIdPartition {
  readonly topicId: string
  readonly partitionIndex: number
}

export interface SessionFetch {
  readonly partition: TopicIdPartition
  readonly fetch: FollowerFetch
}

/** What to send: with a full request all partitions, with an incremental one the changed ones. */
export interface SessionFetchRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly partitions: readonly SessionFetch[]
  readonly forgotten: readonly TopicIdPartition[]
}

/**
 * One per connection to a leader. Requests alternate with their outcomes: `request`, then
 * `answered` or `failed`.
 *
 * Always true: with a session, what the leader has noted is what was sent since it was opened.
 */
export class FetchSessionClient {
  #sessionId = noSession
  #sessionEpoch = initialEpoch
  /** What the leader's session has, if it has one. */
  #known = new Map<string, SessionFetch>()

  get sessionId(): number {
    return this.#sessionId
  }

  /** The request that asks for these partitions and no others. */
  request(wanted: readonly SessionFetch[]): SessionFetchRequest {
    const isFull = this.#sessionEpoch === initialEpoch
    const next = new Map<string, SessionFetch>()
    const changed: SessionFetch[] = []
    for (const item of wanted) {
      const key = `${item.partition.partitionIndex} ${item.partition.topicId}`
      next.set(key, item)
      const known = this.#known.get(key)
      if (known === undefined || !sameFetch(known.fetch, item.fetch)) changed.push(item)
    }
    const forgotten: TopicIdPartition[] = []
    if (!isFull) {
      for (const [key, { partition }] of this.#known) {
        if (!next.has(key)) forgotten.push(partition)
      }
    }
    this.#known = next
    return {
      sessionId: this.#sessionId,
      sessionEpoch: this.#sessionEpoch,
      partitions: isFull ? wanted : changed,
      forgotten,
    }
  }

  /** The response as a whole. Partitions that an incremental one leaves out have not changed. */
  answered(error: ErrorName, sessionId: number): void {
    if (error === 'NONE' && sessionId !== noSession) {
      this.#sessionId = sessionId
      this.#sessionEpoch = nextSessionEpoch(this.#sessionEpoch)
      return
    }
    // The leader gave us no session or has lost it: the next request tells everything.
    if (error === 'NONE' || error === 'FETCH_SESSION_ID_NOT_FOUND') this.#sessionId = noSession
    this.#sessionEpoch = initialEpoch
  }

  /** No response: the leader may or may not have noted the request. */
  failed(): void {
    this.#sessionEpoch = initialEpoch
  }
}

function sameFetch(a: FollowerFetch, b: FollowerFetch): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.logStartOffset === b.logStartOffset
  )
}
