// Topics that somebody wants to be kept informed of.

import type { TopicInfo } from './topic-info.ts'

/** What a refresh found to be different. */
export interface MetadataChange {
  /** New topics, and those whose partitions, leaders or replicas are others now. */
  readonly changed: readonly TopicInfo[]
  /** Topics that were known and are no more. */
  readonly gone: readonly string[]
}

/** Topics that are kept fresh for as long as it is not disposed of. */
export interface Watch extends Disposable {
  /** Replaces the topics; all are asked for at once. */
  update(topics: Iterable<string> | 'all'): void
  /** Called after each answer or leader hint that changed something watched. */
  onChange(listener: (change: MetadataChange) => void): void
}

interface WatchEvents {
  readonly onUpdate: () => void
  readonly onDispose: () => void
}

export class WatchedTopics implements Watch {
  readonly #events: WatchEvents
  readonly #listeners: ((change: MetadataChange) => void)[] = []
  #topics: ReadonlySet<string> | 'all' = new Set()
  #isDisposed = false

  constructor(events: WatchEvents) {
    this.#events = events
  }

  get topics(): ReadonlySet<string> | 'all' {
    return this.#topics
  }

  update(topics: Iterable<string> | 'all'): void {
    if (this.#isDisposed) return
    this.#topics = topics === 'all' ? 'all' : new Set(topics)
    if (this.#topics === 'all' || this.#topics.size > 0) this.#events.onUpdate()
  }

  onChange(listener: (change: MetadataChange) => void): void {
    this.#listeners.push(listener)
  }

  tell(change: MetadataChange): void {
    const mine = this.#mine(change)
    if (mine.changed.length === 0 && mine.gone.length === 0) return
    for (const listener of this.#listeners) listener(mine)
  }

  [Symbol.dispose](): void {
    if (this.#isDisposed) return
    this.#isDisposed = true
    this.#listeners.length = 0
    this.#events.onDispose()
  }

  #mine(change: MetadataChange): MetadataChange {
    const topics = this.#topics
    if (topics === 'all') return change
    return {
      changed: change.changed.filter(({ name }) => topics.has(name)),
      gone: change.gone.filter(name => topics.has(name)),
    }
  }
}
