// One connection: frames in, requests handed to dispatch, responses out. Back-pressure both ways:
// a client with too much in progress, or one that does not read its answers, is not read from, nor
// is one with a large request while the memory of all connections is used up.

import type { ByteStream, Clock, Logger } from '@klamm/base/env'
import { DecodeError, FrameReader } from '@klamm/protocol'
import type { ListenerKind } from '../apis/handler.ts'
import {
  freeRequestBytesPerConnection,
  maxFrameBytes,
  maxPeerFrameBytes,
  maxPeerRequestBytesInFlight,
  maxPeerRequestsInFlight,
  maxRequestBytesInFlightPerConnection,
  maxRequestsInFlightPerConnection,
  maxResponseBytesQueuedPerConnection,
} from '../limits.ts'
import type { AnswerMemory } from './answer-memory.ts'
import type { RequestClaim, RequestMemory } from './request-memory.ts'
import { ResponseQueue } from './response-queue.ts'

/** Chunks ready for the socket, length prefix included; undefined when nothing is to be sent. */
export type ResponseChunks = readonly Uint8Array[] | undefined

export interface ConnectionOptions {
  readonly id: number
  readonly stream: ByteStream
  readonly listener: ListenerKind
  readonly clock: Clock
  readonly log: Logger
  /** Shared by the connections of clients. Brokers bound what they ask of each other themselves. */
  readonly requestMemory: RequestMemory | undefined
  readonly answerMemory: AnswerMemory | undefined
  /**
   * Answers one frame. Called in the order of arrival, and its synchronous part has run before the
   * next frame is looked at. A rejection closes the connection.
   */
  readonly answer: (connection: Connection, frame: Uint8Array) => Promise<ResponseChunks>
  readonly onClosed: (connection: Connection) => void
}

/** After how long a connection is closed, in ms; Infinity: never. */
export interface IdleLimits {
  /** Nothing was asked and nothing answered: Kafka's connections.max.idle.ms. */
  readonly maxIdleMs: number
  /** Not one whole request has come. Clients send the first one as soon as they are connected. */
  readonly firstRequestMs: number
  /** Answers wait and none was taken, while others want the memory. */
  readonly stalledMs: number
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
  readonly #requestMemory: RequestMemory | undefined
  readonly #claim: RequestClaim | undefined
  #requestsInFlight = 0
  #requestBytesInFlight = 0
  #isPaused = false
  #isTaking = false
  /** Asked to close: nothing more is answered. */
  #isClosing = false
  #isClosed = false
  /** The memory of all connections is used up: it is not for the client that nothing happens. */
  #isInLine = false
  #lastActiveMs: number
  #hasAsked = false
  /** Received since something happened last. */
  #quietBytes = 0
  /** `write` has said stop, and the stream has not drained yet. */
  #mustDrain = false
  /** As counted by the memory for answers. */
  #answerBytes = 0
  /** When they became fewer, or more than none. */
  #lastTakenMs = 0

  constructor(options: ConnectionOptions) {
    this.id = options.id
    this.listener = options.listener
    this.remoteAddress = options.stream.remoteAddress
    this.#options = options
    this.#stream = options.stream
    this.#lastActiveMs = options.clock.monotonicMs()
    this.#requestMemory = options.requestMemory
    this.#claim = options.requestMemory?.claim({
      readOn: () => this.#balance(),
      evict: reason => this.close(reason),
    })
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
      onDrain: () => this.#onDrain(),
      onClose: error => this.#onClose(error),
    })
  }

  /** Aborted when the connection is gone: whatever is being done for it is pointless. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Why the connection is to be closed now; undefined while it is used. */
  idleReason(limits: IdleLimits): string | undefined {
    this.#countAnswers()
    const nowMs = this.#options.clock.monotonicMs()
    if (this.#answerBytes > 0 && this.#options.answerMemory?.isShort === true) {
      if (nowMs - this.#lastTakenMs >= limits.stalledMs) return 'it does not take its answers'
    }
    if (this.#requestsInFlight > 0 || this.#isInLine) {
      this.#lastActiveMs = nowMs
      return undefined
    }
    const idleMs = nowMs - this.#lastActiveMs
    if (idleMs >= limits.maxIdleMs) return 'idle'
    if (!this.#hasAsked && idleMs >= limits.firstRequestMs) return 'no request came'
    return undefined
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
    this.#giveBack()
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isClosing) return
    this.#frames.push(chunk)
    this.#quietBytes += chunk.byteLength
    // A large request on a slow line is activity; a byte now and then is none.
    if (this.#quietBytes >= freeRequestBytesPerConnection) this.#isActive()
    this.#takeFrames()
  }

  #onDrain(): void {
    this.#mustDrain = false
    this.#isActive()
    this.#countAnswers()
    this.#takeFrames()
  }

  #isActive(): void {
    this.#quietBytes = 0
    this.#lastActiveMs = this.#options.clock.monotonicMs()
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
    this.#hasAsked = true
    this.#isActive()
    this.#requestsInFlight += 1
    this.#requestBytesInFlight += frame.byteLength
    this.#options.answer(this, frame).then(
      chunks => {
        this.#finished(frame.byteLength)
        this.#responses.settle(ticket, chunks)
        this.#countAnswers()
        this.#takeFrames()
      },
      (error: unknown) => {
        this.#finished(frame.byteLength)
        this.close(error instanceof Error ? error.message : 'unknown failure')
        this.#balance()
      },
    )
  }

  #finished(frameBytes: number): void {
    this.#requestsInFlight -= 1
    this.#requestBytesInFlight -= frameBytes
  }

  #send(chunks: readonly Uint8Array[]): void {
    if (this.#isGone) return
    this.#isActive()
    if (!this.#stream.write(chunks)) this.#mustDrain = true
  }

  get #isGone(): boolean {
    return this.#isClosing || this.#isClosed
  }

  get #isBusy(): boolean {
    const responseBytes = this.#stream.queuedBytes + this.#responses.bytes
    return (
      this.#requestsInFlight >= this.#maxRequests ||
      this.#requestBytesInFlight >= this.#maxRequestBytes ||
      responseBytes >= maxResponseBytesQueuedPerConnection
    )
  }

  /** Stops or resumes reading, by what this connection has in progress and by what all hold. */
  #balance(): void {
    this.#countRequests()
    if (this.#isGone) return
    const mustWait = !this.#mayRead()
    if (mustWait === this.#isPaused) return
    this.#isPaused = mustWait
    if (mustWait) this.#stream.pause()
    else this.#stream.resume()
  }

  #mayRead(): boolean {
    const [memory, claim] = [this.#requestMemory, this.#claim]
    this.#isInLine = false
    if (this.#isBusy) {
      if (claim !== undefined) memory?.leave(claim)
      return false
    }
    if (memory === undefined || claim === undefined) return true
    this.#isInLine = !memory.mayRead(claim)
    return !this.#isInLine
  }

  #countRequests(): void {
    if (this.#claim === undefined) return
    const receivingBytes = this.#isGone ? 0 : this.#frames.bufferedBytes
    this.#requestMemory?.holds(this.#claim, receivingBytes, this.#requestBytesInFlight)
  }

  #countAnswers(): void {
    const memory = this.#options.answerMemory
    if (memory === undefined) return
    const queuedBytes = this.#mustDrain ? this.#stream.queuedBytes : 0
    const bytes = this.#isGone ? 0 : queuedBytes + this.#responses.bytes
    const before = this.#answerBytes
    if (bytes === before) return
    if (bytes < before || before === 0) this.#lastTakenMs = this.#options.clock.monotonicMs()
    this.#answerBytes = bytes
    memory.changed(bytes - before)
  }

  /** Nothing that waits here will be needed any more. */
  #giveBack(): void {
    if (this.#claim !== undefined) this.#requestMemory?.end(this.#claim)
    this.#countAnswers()
  }

  #onClose(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#giveBack()
    this.#responses.discard()
    this.#abort.abort(error ?? new Error('the connection closed'))
    this.#options.onClosed(this)
  }
}
