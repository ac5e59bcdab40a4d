// Clients in the process of the cluster reach its brokers without sockets: brokers listen on a
// network of the process as well, and a client's network takes the addresses of brokers for it.

import {
  type Address,
  addressText,
  type ByteStream,
  type Listener,
  type Network,
  NetworkError,
} from '@klamm/base/env'

type OnStream = (stream: ByteStream) => void

/** The network of a broker: what connects to it from outside, and from within the process. */
export class ListeningTwice implements Network {
  readonly #outside: Network
  readonly #within: Network
  readonly #brokerId: number

  /** `within` knows `peer` addresses; the broker is found there by its id. */
  constructor(outside: Network, within: Network, brokerId: number) {
    this.#outside = outside
    this.#within = within
    this.#brokerId = brokerId
  }

  async listen(address: Address, onStream: OnStream): Promise<Listener> {
    const outside = await this.#outside.listen(address, onStream)
    try {
      const within = await this.#within.listen({ kind: 'peer', brokerId: this.#brokerId }, onStream)
      return {
        address: outside.address,
        close: async () => {
          await Promise.all([outside.close(), within.close()])
        },
      }
    } catch (error) {
      await outside.close()
      throw error
    }
  }

  connect(address: Address, signal?: AbortSignal): Promise<ByteStream> {
    return this.#outside.connect(address, signal)
  }
}

/** The network of a client: whatever address a broker advertises, it is reached within. */
export class ReachingWithin implements Network {
  readonly #within: Network
  readonly #brokerIdAt: (address: Address) => number | undefined

  constructor(within: Network, brokerIdAt: (address: Address) => number | undefined) {
    this.#within = within
    this.#brokerIdAt = brokerIdAt
  }

  async listen(address: Address): Promise<Listener> {
    throw new NetworkError('unreachable', `a client does not listen on ${addressText(address)}`)
  }

  async connect(address: Address, signal?: AbortSignal): Promise<ByteStream> {
    const brokerId = this.#brokerIdAt(address)
    if (brokerId !== undefined) return this.#within.connect({ kind: 'peer', brokerId }, signal)
    throw new NetworkError('refused', `no broker of this cluster is at ${addressText(address)}`)
  }
}
