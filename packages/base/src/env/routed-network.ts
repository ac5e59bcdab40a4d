// One Network made of several, by kind of address: a broker in a worker thread listens on TCP for
// the world and on a MessagePort for its own process.

import { addressText } from './address.ts'
import { NetworkError } from './errors.ts'
import type { Address, ByteStream, Listener, Network } from './network.ts'

export type Routes = { readonly [K in Address['kind']]?: Network }

export class RoutedNetwork implements Network {
  readonly #routes: Routes

  constructor(routes: Routes) {
    this.#routes = routes
  }

  async listen(address: Address, onStream: (stream: ByteStream) => void): Promise<Listener> {
    return this.#route(address).listen(address, onStream)
  }

  async connect(address: Address, signal?: AbortSignal): Promise<ByteStream> {
    return this.#route(address).connect(address, signal)
  }

  #route(address: Address): Network {
    const network = this.#routes[address.kind]
    if (network !== undefined) return network
    throw new NetworkError('unreachable', `no network reaches ${addressText(address)}`)
  }
}
