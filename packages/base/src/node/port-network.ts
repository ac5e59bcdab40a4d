// The private network between brokers that are threads of one process. Each stream is a MessagePort
// of its own (port-stream.ts), obtained through a hub in the parent (port-hub.ts).

import type { MessagePort } from 'node:worker_threads'
import {
  type Address,
  addressText,
  type ByteStream,
  type Listener,
  type Network,
  NetworkError,
} from '../env/index.ts'
import type { HubMessage, HubRequest } from './port-hub.ts'
import { PortStream } from './port-stream.ts'

interface Pending {
  readonly done: (port: MessagePort | undefined) => void
  readonly fail: (error: NetworkError) => void
  readonly refusal: NetworkError
}

type OnStream = (stream: ByteStream) => void

/** Knows only `peer` addresses. When its thread dies, the other ends of its streams close. */
export class PortNetwork implements Network, AsyncDisposable {
  readonly #control: MessagePort
  readonly #pending = new Map<number, Pending>()
  readonly #listening = new Map<number, OnStream>()
  #nextRequest = 1
  #isClosed = false

  /** `control` comes from `PortHub.attach`, and belongs to the network from now on. */
  constructor(control: MessagePort) {
    this.#control = control
    control.on('message', (message: HubMessage) => this.#onMessage(message))
    control.on('close', () => this.#onHubGone())
    this.#keepAlive()
  }

  async listen(address: Address, onStream: OnStream): Promise<Listener> {
    const brokerId = brokerOf(address)
    const text = addressText(address)
    const refusal = new NetworkError('addressInUse', `somebody listens on ${text} already`)
    if (this.#listening.has(brokerId)) throw refusal
    // Before the hub is asked: its answer may come together with the first connection.
    this.#listening.set(brokerId, onStream)
    try {
      await this.#ask('listen', brokerId, refusal)
    } catch (error) {
      this.#listening.delete(brokerId)
      this.#keepAlive()
      throw error
    }
    return { address, close: () => this.#unlisten(brokerId, onStream) }
  }

  async connect(address: Address, signal?: AbortSignal): Promise<ByteStream> {
    const brokerId = brokerOf(address)
    signal?.throwIfAborted()
    const text = addressText(address)
    const refusal = new NetworkError('refused', `nobody listens on ${text}`)
    const asking = this.#ask('connect', brokerId, refusal)
    const port = await (signal === undefined ? asking : unlessAborted(asking, signal))
    if (port === undefined) throw refusal
    return new PortStream(port, text)
  }

  /** No more connections, in or out. Streams that are open stay open. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return
    this.#onHubGone()
    this.#control.close()
  }

  async #unlisten(brokerId: number, onStream: OnStream): Promise<void> {
    if (this.#listening.get(brokerId) !== onStream) return
    this.#listening.delete(brokerId)
    this.#keepAlive()
    if (this.#isClosed) return
    // Answered, so that whoever connects after this is refused.
    await this.#ask('unlisten', brokerId, new NetworkError('closed', 'the hub is gone'))
  }

  #ask(
    kind: HubRequest['kind'],
    brokerId: number,
    refusal: NetworkError,
  ): Promise<MessagePort | undefined> {
    if (this.#isClosed) throw new NetworkError('unreachable', 'this network is closed')
    const { promise, resolve, reject } = Promise.withResolvers<MessagePort | undefined>()
    const request = this.#nextRequest++
    this.#pending.set(request, { done: resolve, fail: reject, refusal })
    this.#keepAlive()
    this.#control.postMessage({ kind, request, brokerId } satisfies HubRequest)
    return promise
  }

  #onMessage(message: HubMessage): void {
    if (message.kind === 'accept') {
      const onStream = this.#listening.get(message.brokerId)
      if (onStream === undefined) message.port.close()
      else onStream(new PortStream(message.port, message.from))
      return
    }
    const pending = this.#pending.get(message.request)
    this.#pending.delete(message.request)
    this.#keepAlive()
    if (message.kind === 'refused') pending?.fail(pending.refusal)
    else pending?.done(message.kind === 'connected' ? message.port : undefined)
  }

  #onHubGone(): void {
    this.#isClosed = true
    this.#listening.clear()
    const gone = new NetworkError('unreachable', 'the hub of this network is gone')
    for (const pending of this.#pending.values()) pending.fail(gone)
    this.#pending.clear()
  }

  /** As with sockets, listening and asking keep the thread alive; being able to does not. */
  #keepAlive(): void {
    if (this.#pending.size > 0 || this.#listening.size > 0) this.#control.ref()
    else this.#control.unref()
  }
}

function brokerOf(address: Address): number {
  if (address.kind === 'peer') return address.brokerId
  throw new NetworkError('unreachable', `no thread is at ${addressText(address)}`)
}

/** The port, unless the signal aborts first; then a port that comes later is closed. */
function unlessAborted(
  asking: Promise<MessagePort | undefined>,
  signal: AbortSignal,
): Promise<MessagePort | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<MessagePort | undefined>()
  const onAbort = (): void => {
    reject(signal.reason)
    asking.then(
      port => port?.close(),
      () => {},
    )
  }
  signal.addEventListener('abort', onAbort, { once: true })
  asking.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  return promise
}
