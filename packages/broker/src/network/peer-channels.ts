// The channels to the other brokers, one each, made when first needed.

import { PeerChannel, type PeerChannelOptions } from './peer-channel.ts'

export class PeerChannels implements AsyncDisposable {
  readonly #options: Omit<PeerChannelOptions, 'brokerId'>
  readonly #channels = new Map<number, PeerChannel>()
  #isClosed = false

  constructor(options: Omit<PeerChannelOptions, 'brokerId'>) {
    this.#options = options
  }

  to(brokerId: number): PeerChannel {
    let channel = this.#channels.get(brokerId)
    if (channel === undefined) {
      channel = new PeerChannel({ ...this.#options, brokerId })
      this.#channels.set(brokerId, channel)
      // Asked for while the broker stops: every request on it is refused.
      if (this.#isClosed) void channel[Symbol.asyncDispose]()
    }
    return channel
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#channels.values()].map(channel => channel[Symbol.asyncDispose]()))
  }
}
