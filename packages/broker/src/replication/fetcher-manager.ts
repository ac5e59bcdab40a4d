// Which partition is followed by which fetcher: one fetcher per leading broker.

import type { PeerChannels } from '../network/peer-channels.ts'
import type { Partition } from '../partition/partition.ts'
import { Fetcher, type FetcherOptions } from './fetcher.ts'

export interface FetcherManagerOptions extends Omit<FetcherOptions, 'channel'> {
  readonly peers: PeerChannels
}

export class FetcherManager implements AsyncDisposable {
  readonly #options: FetcherManagerOptions
  readonly #fetchers = new Map<number, Fetcher>()
  readonly #leaderOf = new Map<Partition, number>()
  #isClosed = false

  constructor(options: FetcherManagerOptions) {
    this.#options = options
  }

  /** Follows the partition in this leader epoch from now on. */
  follow(partition: Partition, leaderId: number, leaderEpoch: number): void {
    this.unfollow(partition)
    if (this.#isClosed) return
    this.#leaderOf.set(partition, leaderId)
    this.#fetcher(leaderId).add(partition, leaderEpoch)
  }

  unfollow(partition: Partition): void {
    const leaderId = this.#leaderOf.get(partition)
    if (leaderId === undefined) return
    this.#leaderOf.delete(partition)
    this.#fetchers.get(leaderId)?.remove(partition)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#fetchers.values()].map(fetcher => fetcher[Symbol.asyncDispose]()))
  }

  /** An idle fetcher costs nothing but itself, so it is kept. */
  #fetcher(leaderId: number): Fetcher {
    let fetcher = this.#fetchers.get(leaderId)
    if (fetcher === undefined) {
      const { peers } = this.#options
      fetcher = new Fetcher({ ...this.#options, channel: peers.to(leaderId) })
      this.#fetchers.set(leaderId, fetcher)
    }
    return fetcher
  }
}
