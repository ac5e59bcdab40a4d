// One connection: frames in, requests handed to dispatch, responses out. Back-pressure both ways:
// a client with too much in progress, or one that does not read its answers, is not read from.

import type { ByteStream, Clock, Logger } from '@klamm/base/env'
import { DecodeError, FrameReader } from '@klamm/protocol'
import type { ListenerKind } from '../apis/handler.ts'
import {
  maxFrameBytes,
  maxPeerFrameBytes,
  maxPeerRequestBytesInFlight,
  maxPeerRequestsInFlight,
  maxRequestBytesInFlightPerConnection,
  maxRequestsInFlightPerConnection,
  maxResponseBytesQueuedPerConnection,
} from '../limits.ts'
import { ResponseQueue } from './response-queue.ts'

/** Chunks ready for the socket, length prefix included; undefined when nothing is to be sent. */
export type ResponseChunks = readonly Uint8Array[] | undefined

export interface ConnectionOptions {
  readonly id: number
  readonly stream: ByteStream
  readonly listener: ListenerKind
  readonly clock: Clock
  readonly log: Logger
  /**
   * Answers one frame. Called in the order of arrival, and its synchronous part has run before the
   * next frame is looked at. A rejection closes the connection.
   */
  readonly answer: (connection: Connection, frame: Uint8Array) => Promise<ResponseChunks>
  readonly onClosed: (connection: Connection) => void
}

export class Connection {
  readonly id: number
  readonly listener: ListenerKind
  readonly remoteAddress: string
  readonly #stream: ByteStream
  readonly #options: ConnectionOptions
  readonly #frames: FrameReader
  readonly #responses: ResponseQueue
  readonly #abort = new AbortController()
  readonly #maxRequests: number
  readonly #maxRequestBytes: number
  #requestsInFlight = 0
  #requestBytesInFlight = 0
  #isPaused = false
  #isTaking = false
  /** Asked to close: nothing more is answered. */
  #isClosing = false
  #isClosed = false
  #lastActiveMs: number

  constructor(options: ConnectionOptions) {
    this.id = options.id
    this.listener = options.listener
    this.remoteAddress = options.stream.remoteAddress
    this.#options = options
    this.#stream = options.stream
    this.#lastActiveMs = options.clock.monotonicMs()
    const isPeer = options.listener === 'peer'
    this.#frames = new FrameReader({ maxFrameBytes: isPeer ? maxPeerFrameBytes : maxFrameBytes })
    this.#maxRequests = isPeer ? maxPeerRequestsInFlight : maxRequestsInFlightPerConnection
    this.#maxRequestBytes = isPeer
      ? maxPeerRequestBytesInFlight
      : maxRequestBytesInFlightPerConnection
    // Between brokers answers are matched by correlation id, so a parked fetch holds up nothing.
    this.#responses = new ResponseQueue({
      ordered: !isPeer,
      send: chunks => this.#send(chunks),
    })
    this.#stream.handle({
      onData: chunk => this.#onData(chunk),
      onDrain: () => this.#takeFrames(),
      onClose: error => this.#onClose(error),
    })
  }

  /** Aborted when the connection is gone: whatever is being done for it is pointless. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get lastActiveMs(): number {
    return this.#lastActiveMs
  }

  close(reason: string): void {
    if (this.#isClosing || this.#isClosed) return
    this.#isClosing = true
    this.#options.log.info('connection closed', {
      reason,
      remote: this.remoteAddress,
      connection: this.id,
    })
    this.#stream.destroy()
  }

  #onData(chunk: Uint8Array): void {
    this.#lastActiveMs = this.#options.clock.monotonicMs()
    this.#frames.push(chunk)
    this.#takeFrames()
  }

  /** Begins what may begin now; one chunk can hold more requests than may be in progress. */
  #takeFrames(): void {
    if (this.#isTaking) return
    this.#isTaking = true
    try {
      while (!this.#isClosing && !this.#isClosed && !this.#isBusy) {
        const frame = this.#frames.next()
        if (frame === undefined) break
        this.#onFrame(frame)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.close(error.message)
    } finally {
      this.#isTaking = false
    }
    this.#balance()
  }

  #onFrame(frame: Uint8Array): void {
    const ticket = this.#responses.enter()
    this.#requestsInFlight += 1
    this.#requestBytesInFlight += frame.byteLength
    this.#options.answer(this, frame).then(
      chunks => {
        this.#finished(frame.byteLength)
        this.#responses.settle(ticket, chunks)
        this.#takeFrames()
      },
      (error: unknown) => {
        this.#finished(frame.byteLength)
        this.close(error instanceof Error ? error.message : 'unknown failure')
      },
    )
  }

  #finished(frameBytes: number): void {
    this.#requestsInFlight -= 1
    this.#requestBytesInFlight -= frameBytes
  }

  #send(chunks: readonly Uint8Array[]): void {
    if (this.#isClosing || this.#isClosed) return
    this.#lastActiveMs = this.#options.clock.monotonicMs()
    this.#stream.write(chunks)
  }

  get #isBusy(): boolean {
    const responseBytes = this.#stream.queuedBytes + this.#responses.bytes
    return (
      this.#requestsInFlight >= this.#maxRequests ||
      this.#requestBytesInFlight >= this.#maxRequestBytes ||
      responseBytes >= maxResponseBytesQueuedPerConnection
    )
  }

  /** Stops or resumes reading, by what this connection has in progress. */
  #balance(): void {
    if (this.#isClosing || this.#isClosed) return
    const isBusy = this.#isBusy
    if (isBusy === this.#isPaused) return
    this.#isPaused = isBusy
    if (isBusy) this.#stream.pause()
    else this.#stream.resume()
  }

  #onClose(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#responses.discard()
    this.#abort.abort(error ?? new Error('the connection closed'))
    this.#options.onClosed(this)
  }
}
