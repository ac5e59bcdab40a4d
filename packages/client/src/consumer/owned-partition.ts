// One partition for as long as it is this consumer's: how far it has been consumed and committed,
// whether somebody is at work on it, whether it is being taken away.

import type { FetchPartition } from '../fetching/fetch-partition.ts'
import type { MessageOwner } from './message.ts'
import { type Deserializers, PartitionReader } from './partition-reader.ts'

/** `revoking`: nothing more is handed out, what was done is still committed. */
export type OwnedState = 'active' | 'revoking' | 'gone'

/** Whose it is. */
export interface Owner<K, V> {
  commitMessage(partition: OwnedPartition<K, V>, offset: number, leaderEpoch: number): Promise<void>
  /** Something of it was dealt with; there may be room to fetch more. */
  released(partition: OwnedPartition<K, V>): void
}

export class OwnedPartition<K, V> implements MessageOwner {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly fetch: FetchPartition
  readonly reader: PartitionReader<K, V>
  state: OwnedState = 'active'
  /** The next offset to read as the coordinator has it; -1 when it has none. */
  committed = -1
  /** In the queue of partitions that have something to hand out. */
  isQueued = false
  /** Not before this time, after its handler threw; monotonic ms. */
  blockedUntilMs = 0
  /** Aborts when the partition goes away. */
  readonly abort = new AbortController()
  /** Who waits for something to be handed out of this partition alone. */
  onReady: (() => void) | undefined
  readonly #owner: Owner<K, V>
  #isBusy = false
  #whenIdle: PromiseWithResolvers<void> | undefined

  constructor(fetch: FetchPartition, deserializers: Deserializers<K, V>, owner: Owner<K, V>) {
    this.topic = fetch.topic
    this.partition = fetch.partition
    this.key = fetch.key
    this.fetch = fetch
    this.reader = new PartitionReader<K, V>(this, fetch, deserializers)
    this.#owner = owner
  }

  /** Somebody deals with what it handed out. */
  get isBusy(): boolean {
    return this.#isBusy
  }

  /** Whether something can be handed out now. */
  get isReady(): boolean {
    return this.state === 'active' && !this.#isBusy && !this.fetch.isPaused && this.reader.hasMore
  }

  /** Whether what was done is more, or by a seek less, than what is committed. */
  get isCommitDue(): boolean {
    return this.fetch.position >= 0 && this.fetch.position !== this.committed
  }

  begin(): void {
    this.#isBusy = true
  }

  end(): void {
    this.#isBusy = false
    this.#whenIdle?.resolve()
    this.#whenIdle = undefined
  }

  /** Resolves when nobody is at work on it. */
  whenIdle(): Promise<void> {
    if (!this.#isBusy) return Promise.resolve()
    this.#whenIdle ??= Promise.withResolvers()
    return this.#whenIdle.promise
  }

  /** Hands out again what was handed out and is not done. */
  rewind(): void {
    const { position, positionEpoch, phase } = this.fetch
    if (phase === 'fetching' || phase === 'validating') this.fetch.seek(position, positionEpoch)
  }

  released(): void {
    this.#owner.released(this)
  }

  commitMessage(offset: number, leaderEpoch: number, version: number): Promise<void> {
    if (this.state !== 'gone') {
      // After a seek, what was read before says nothing of where to go on.
      if (version !== this.fetch.version) return Promise.resolve()
      this.fetch.done(offset, leaderEpoch)
    }
    return this.#owner.commitMessage(this, offset, leaderEpoch)
  }
}
