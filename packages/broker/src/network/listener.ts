// Accepts connections on one address and owns them until it is disposed. Refuses those beyond the
// limits, and closes those that nobody uses.

import type { Address, ByteStream, Clock, Listener, Logger, Network, Timer } from '@klamm/base/env'
import type { ListenerKind } from '../apis/handler.ts'
import { Connection, type ConnectionOptions } from './connection.ts'
import { type ConnectionLimits, hostOf, refusalOf } from './connection-limits.ts'

export interface BrokerListenerOptions {
  readonly kind: ListenerKind
  readonly network: Network
  readonly address: Address
  readonly clock: Clock
  readonly log: Logger
  readonly answer: ConnectionOptions['answer']
  readonly nextConnectionId: () => number
  /** As the configs are now. Undefined: no limits, on the private network. */
  readonly limits: (() => ConnectionLimits) | undefined
  readonly requestMemory: ConnectionOptions['requestMemory']
  readonly answerMemory: ConnectionOptions['answerMemory']
}

/** How often connections are looked at that may be idle, in ms; so much later they are closed. */
export const idleCheckMs = 5_000

export class BrokerListener implements AsyncDisposable {
  readonly #options: BrokerListenerOptions
  readonly #connections = new Set<Connection>()
  readonly #countByHost = new Map<string, number>()
  #listener: Listener | undefined
  #idleTimer: Timer | undefined
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
    const host = hostOf(stream.remoteAddress)
    const refusal = this.#isClosed ? 'the broker stops' : this.#refusal(host)
    if (refusal !== undefined) {
      const { remoteAddress: remote } = stream
      this.#options.log.warn('connection refused', { reason: refusal, remote })
      stream.handle({ onData() {}, onClose() {} })
      stream.destroy()
      return
    }
    const { kind, clock, log, answer, requestMemory, answerMemory } = this.#options
    const connection = new Connection({
      id: this.#options.nextConnectionId(),
      stream,
      listener: kind,
      clock,
      log,
      requestMemory,
      answerMemory,
      answer,
      onClosed: closed => this.#forget(closed, host),
    })
    this.#connections.add(connection)
    this.#countByHost.set(host, this.#countOf(host) + 1)
    this.#watchIdle()
  }

  #refusal(host: string): string | undefined {
    const limits = this.#options.limits?.()
    if (limits === undefined) return undefined
    return refusalOf(limits, this.#connections.size, this.#countOf(host), host)
  }

  #forget(connection: Connection, host: string): void {
    this.#connections.delete(connection)
    const left = this.#countOf(host) - 1
    if (left > 0) this.#countByHost.set(host, left)
    else this.#countByHost.delete(host)
  }

  #countOf(host: string): number {
    return this.#countByHost.get(host) ?? 0
  }

  #watchIdle(): void {
    const { limits, clock } = this.#options
    if (limits === undefined || this.#idleTimer !== undefined) return
    this.#idleTimer = clock.setTimer(idleCheckMs, () => {
      this.#idleTimer = undefined
      const { idle } = limits()
      for (const connection of this.#connections) {
        const reason = connection.idleReason(idle)
        if (reason !== undefined) connection.close(reason)
      }
      if (this.#connections.size > 0 && !this.#isClosed) this.#watchIdle()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#idleTimer?.cancel()
    await this.#listener?.close()
    for (const connection of [...this.#connections]) connection.close('the broker stops')
  }
}
