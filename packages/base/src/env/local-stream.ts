// The two ends of a connection within one event loop: see local-network.ts.

import { present } from '../assert.ts'
import { concatBytes, totalBytes } from '../bytes.ts'
import type { Clock } from './clock.ts'
import { NetworkError } from './errors.ts'
import type { ByteStream, StreamHandlers } from './network.ts'

/** Unread bytes above which `write` returns false, and below which it drains. */
const highMarkBytes = 1 << 20
const lowMarkBytes = 1 << 18

interface Closing {
  readonly error: Error | undefined
}

export class LocalStream implements ByteStream {
  readonly remoteAddress: string
  readonly #clock: Clock
  #other: LocalStream | undefined
  #handlers: StreamHandlers | undefined
  #isPaused = false
  #isTurnAsked = false
  /** `ending`: `end` was called, nothing is read any more. `closed`: nothing happens any more. */
  #state: 'open' | 'ending' | 'closed' = 'open'
  #inbox: Uint8Array[] = []
  /** Bytes written here that the other end has not been handed. */
  #queuedBytes = 0
  #mustDrain = false
  #drains = false
  /** The other end has closed; this one follows when it has read everything. */
  #closing: Closing | undefined
  /** This end has closed and its owner has yet to be told. */
  #untold: Closing | undefined

  private constructor(clock: Clock, remoteAddress: string) {
    this.#clock = clock
    this.remoteAddress = remoteAddress
  }

  /** `near` sees the address it connected to, `far` sees who connected. */
  static pair(
    clock: Clock,
    address: string,
    connector: string,
  ): { readonly near: LocalStream; readonly far: LocalStream } {
    const near = new LocalStream(clock, address)
    const far = new LocalStream(clock, connector)
    near.#other = far
    far.#other = near
    return { near, far }
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  handle(handlers: StreamHandlers): void {
    this.#handlers = handlers
    this.#askTurn()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#state !== 'open') return false
    const bytes = totalBytes(chunks)
    if (bytes > 0) {
      this.#queuedBytes += bytes
      // In memory of its own: the receiver may change what it receives.
      this.#far.#receive(concatBytes(chunks))
    }
    if (this.#queuedBytes < highMarkBytes) return true
    this.#mustDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#askTurn()
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    this.#discardInbox()
    this.#far.#closedByOther(undefined)
    this.#askTurn()
  }

  destroy(error?: Error): void {
    if (this.#state === 'closed') return
    this.#discardInbox()
    this.#far.#closedByOther(new NetworkError('closed', 'the other side is gone'))
    this.#close(error)
  }

  get #far(): LocalStream {
    return present(this.#other, 'the two ends of a connection are joined')
  }

  #receive(chunk: Uint8Array): void {
    if (this.#state !== 'open') {
      this.#far.#handedOver(chunk.length)
      return
    }
    this.#inbox.push(chunk)
    this.#askTurn()
  }

  #closedByOther(error: Error | undefined): void {
    if (this.#state === 'closed') return
    if (error !== undefined) this.#discardInbox()
    this.#closing ??= { error }
    this.#askTurn()
  }

  #askTurn(): void {
    if (this.#isTurnAsked) return
    this.#isTurnAsked = true
    this.#clock.setTimer(0, () => {
      this.#isTurnAsked = false
      this.#turn()
    })
  }

  /** Hands over what is here now. What comes meanwhile waits for the next turn: nobody starves. */
  #turn(): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    this.#deliver(handlers)
    if (this.#drains && this.#state === 'open') {
      this.#drains = false
      handlers.onDrain?.()
    }
    const closing = this.#closing
    if (this.#state !== 'closed' && closing !== undefined && this.#inbox.length === 0) {
      if (closing.error === undefined) this.#far.#closedByOther(undefined)
      this.#close(closing.error)
    }
    const untold = this.#untold
    if (untold === undefined) return
    this.#untold = undefined
    handlers.onClose(untold.error)
  }

  #deliver(handlers: StreamHandlers): void {
    for (let count = this.#inbox.length; count > 0; count--) {
      if (this.#state !== 'open' || this.#isPaused) return
      const chunk = this.#inbox.shift()
      if (chunk === undefined) return
      this.#far.#handedOver(chunk.length)
      handlers.onData(chunk)
    }
    if (this.#inbox.length > 0) this.#askTurn()
  }

  #discardInbox(): void {
    for (const chunk of this.#inbox.splice(0)) this.#far.#handedOver(chunk.length)
  }

  #handedOver(bytes: number): void {
    this.#queuedBytes -= bytes
    if (!this.#mustDrain || this.#queuedBytes >= lowMarkBytes) return
    this.#mustDrain = false
    this.#drains = true
    this.#askTurn()
  }

  #close(error: Error | undefined): void {
    this.#state = 'closed'
    this.#untold = { error }
    this.#askTurn()
  }
}
