// One incremental fetch session with one broker, the consumer's side (KIP-227): what the broker
// remembers of it, hence what the next request has to say and what it may leave out.

import type { Uuid } from '@klamm/base'
import type { ErrorName } from '@klamm/protocol/errors'

/** What is asked of one partition. */
export interface PartitionAsk {
  /** `topic-partition`. */
  readonly key: string
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
  readonly fetchOffset: number
  readonly leaderEpoch: number
  readonly maxBytes: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  /** New to the session, or changed. */
  readonly asks: readonly PartitionAsk[]
  readonly forgotten: readonly PartitionAsk[]
  /** Topics by id, which takes Fetch v13; otherwise by name, which takes v12 at most. */
  readonly usesTopicIds: boolean
}

/** The epoch that begins a session. */
const firstEpoch = 0
const lastEpoch = 0x7fff_ffff

/**
 * Always true: `#asked` is what the broker remembers, if it has answered the last request; while
 * the epoch is 0 it remembers nothing.
 */
export class FetchSession {
  #id = 0
  #epoch = firstEpoch
  #usesTopicIds = false
  #asked = new Map<string, PartitionAsk>()

  get partitionCount(): number {
    return this.#asked.size
  }

  /** The request by which the broker knows exactly of `asks`. */
  request(asks: readonly PartitionAsk[], usesTopicIds: boolean): SessionRequest {
    // A session is of one kind; the broker would answer FETCH_SESSION_TOPIC_ID_ERROR.
    if (usesTopicIds !== this.#usesTopicIds) this.restart()
    this.#usesTopicIds = usesTopicIds
    const before = this.#asked
    const asked = new Map(asks.map(ask => [ask.key, ask]))
    this.#asked = asked
    const [sessionId, sessionEpoch] = [this.#id, this.#epoch]
    if (sessionEpoch === firstEpoch) {
      return { sessionId, sessionEpoch, asks, forgotten: [], usesTopicIds }
    }
    const forgotten: PartitionAsk[] = []
    for (const [key, ask] of before) {
      const now = asked.get(key)
      // A topic made anew has another id: to the broker another partition.
      if (now === undefined || now.topicId !== ask.topicId) forgotten.push(ask)
    }
    const changed = asks.filter(ask => !isSame(before.get(ask.key), ask))
    return { sessionId, sessionEpoch, asks: changed, forgotten, usesTopicIds }
  }

  /** The broker answered the request as a whole by `error`, in session `sessionId`. */
  answered(error: ErrorName, sessionId: number): void {
    if (error === 'FETCH_SESSION_ID_NOT_FOUND') {
      this.#id = 0
      this.restart()
    } else if (error !== 'NONE') {
      this.restart()
    } else if (sessionId === 0) {
      // No room for sessions at the broker: each request says everything.
      this.#id = 0
      this.restart()
    } else {
      this.#id = sessionId
      this.#epoch = this.#epoch === lastEpoch ? 1 : this.#epoch + 1
    }
  }

  /** What the broker remembers is unsure: the next request replaces the session by a new one. */
  restart(): void {
    this.#epoch = firstEpoch
    this.#asked = new Map()
  }
}

function isSame(a: PartitionAsk | undefined, b: PartitionAsk): boolean {
  return (
    a !== undefined &&
    a.fetchOffset === b.fetchOffset &&
    a.leaderEpoch === b.leaderEpoch &&
    a.maxBytes === b.maxBytes &&
    a.topicId === b.topicId
  )
}
