// A Network within one event loop, for brokers and clients that run inline. Bytes are copied
// and handed over in a later turn, never from within a call, so the code above sees what it
// would see on a socket.

import { addressText } from './address.ts'
import type { Clock } from './clock.ts'
import { NetworkError } from './errors.ts'
import { LocalStream } from './local-stream.ts'
import type { Address, ByteStream, Listener, Network } from './network.ts'

type OnStream = (stream: ByteStream) => void

/** Reaches its own listeners only. Addresses of every kind will do; TCP ports are made up. */
export class LocalNetwork implements Network {
  readonly #clock: Clock
  readonly #listening = new Map<string, OnStream>()
  #nextPort = 1
  #nextConnection = 1

  /** The clock gives the turns: a timer without delay is the next one. */
  constructor(clock: Clock) {
    this.#clock = clock
  }

  async listen(asked: Address, onStream: OnStream): Promise<Listener> {
    const isAnyPort = asked.kind === 'tcp' && asked.port === 0
    const address = isAnyPort ? { ...asked, port: this.#freePort(asked.host) } : asked
    const key = addressText(address)
    if (this.#listening.has(key)) {
      throw new NetworkError('addressInUse', `somebody listens on ${key} already`)
    }
    this.#listening.set(key, onStream)
    return {
      address,
      close: async () => {
        if (this.#listening.get(key) === onStream) this.#listening.delete(key)
      },
    }
  }

  async connect(address: Address, signal?: AbortSignal): Promise<ByteStream> {
    await this.#clock.sleep(0, signal)
    const key = addressText(address)
    const onStream = this.#listening.get(key)
    if (onStream === undefined) throw new NetworkError('refused', `nobody listens on ${key}`)
    const { near, far } = LocalStream.pair(this.#clock, key, `local:${this.#nextConnection++}`)
    onStream(far)
    return near
  }

  #freePort(host: string): number {
    for (let tries = 0; tries < 65_535; tries++) {
      const port = this.#nextPort
      this.#nextPort = (port % 65_535) + 1
      if (!this.#listening.has(addressText({ kind: 'tcp', host, port }))) return port
    }
    throw new NetworkError('addressInUse', `every port of ${host} is taken`)
  }
}
