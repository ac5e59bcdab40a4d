// Accepts connections on one address and owns them until it is disposed.

import type { Address, ByteStream, Clock, Listener, Logger, Network } from '@klamm/base/env'
import type { ListenerKind } from '../apis/handler.ts'
import { maxConnections } from '../limits.ts'
import { Connection, type ConnectionOptions } from './connection.ts'

export interface BrokerListenerOptions {
  readonly kind: ListenerKind
  readonly network: Network
  readonly address: Address
  readonly clock: Clock
  readonly log: Logger
  readonly answer: ConnectionOptions['answer']
  readonly nextConnectionId: () => number
}

export class BrokerListener implements AsyncDisposable {
  readonly #options: BrokerListenerOptions
  readonly #connections = new Set<Connection>()
  #listener: Listener | undefined
  #isClosed = false

  private constructor(options: BrokerListenerOptions) {
    this.#options = options
  }

  /** Fails with NetworkError `addressInUse` when somebody listens there already. */
  static async open(options: BrokerListenerOptions): Promise<BrokerListener> {
    const self = new BrokerListener(options)
    self.#listener = await options.network.listen(options.address, stream => self.#accept(stream))
    return self
  }

  /** The bound address, with the real port. */
  get address(): Address {
    return this.#listener?.address ?? this.#options.address
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  #accept(stream: ByteStream): void {
    const { kind, clock, log, answer, nextConnectionId } = this.#options
    const isFull = kind === 'client' && this.#connections.size >= maxConnections
    if (isFull || this.#isClosed) {
      const reason = isFull ? 'too many connections' : 'the broker stops'
      log.warn('connection refused', { reason, remote: stream.remoteAddress })
      stream.handle({ onData() {}, onClose() {} })
      stream.destroy()
      return
    }
    const connection = new Connection({
      id: nextConnectionId(),
      stream,
      listener: kind,
      clock,
      log,
      answer,
      onClosed: closed => this.#connections.delete(closed),
    })
    this.#connections.add(connection)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    await this.#listener?.close()
    for (const connection of [...this.#connections]) connection.close('the broker stops')
  }
}
