// Requests to one other broker over the private network: pipelined over one connection, matched by
// correlation id, connected when first needed and again after a loss. A broker that owes an answer
// and says nothing is asked whether it is there; if it does not answer, its connection is lost.

import { assert } from '@klamm/base'
import type { ByteStream, Clock, Logger, Network, Timer } from '@klamm/base/env'
import { Deadline, NetworkError, TimeoutError } from '@klamm/base/env'
import {
  type ApiSchema,
  ApiVersions,
  DecodeError,
  decodeResponse,
  encodeRequest,
  FrameReader,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'
import {
  maxPeerBytesQueued,
  maxPeerFrameBytes,
  maxPeerRequestsInFlight,
  peerConnectTimeoutMs,
  peerDeadMs,
  peerSilenceMs,
} from '../limits.ts'
import { untilAborted } from './until-aborted.ts'

export interface PeerChannelOptions {
  readonly brokerId: number
  readonly network: Network
  readonly clock: Clock
  readonly log: Logger
  /** Who asks, as the other side will log it. */
  readonly clientId: string
  /** A connection that was there is lost; not when this broker closes it. */
  readonly onLost?: (brokerId: number) => void
}

interface Waiting {
  resolve(frame: Uint8Array): void
  reject(error: unknown): void
}

export class PeerChannel implements AsyncDisposable {
  readonly brokerId: number
  readonly #options: PeerChannelOptions
  readonly #waiting = new Map<number, Waiting>()
  #stream: ByteStream | undefined
  #connecting: Promise<ByteStream> | undefined
  #lastCorrelationId = 0
  /** Since when something is owed and nothing came; undefined: nothing is owed. */
  #silentSinceMs: number | undefined
  #isPinged = false
  #silence: Timer | undefined
  readonly #closed = new AbortController()

  constructor(options: PeerChannelOptions) {
    this.brokerId = options.brokerId
    this.#options = options
  }

  /**
   * Sends a request and resolves with its response. Rejects with NetworkError when the connection
   * cannot be made, is lost or carries nonsense, in which case the request may or may not have had
   * its effect, and with `signal.reason` when nobody wants the answer any more.
   */
  async request<S extends ApiSchema>(
    schema: S,
    version: number,
    body: RequestOf<S>,
    signal: AbortSignal,
  ): Promise<ResponseOf<S>> {
    signal.throwIfAborted()
    const stream = this.#stream ?? (await untilAborted(this.#connect(), signal))
    const correlationId = this.#nextCorrelationId()
    const chunks = encodeRequest(schema, version, correlationId, this.#options.clientId, body)
    const frame = await this.#exchange(stream, correlationId, chunks, signal)
    try {
      return decodeResponse(schema, version, frame).body
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#sentNonsense(stream, error)
      throw new NetworkError('closed', `broker ${this.brokerId} sent nonsense`, { cause: error })
    }
  }

  /** Sends a frame that has no answer, if the connection is there or can be made. Never waits. */
  post(chunks: readonly Uint8Array[]): void {
    if (this.#stream !== undefined) {
      this.#write(this.#stream, chunks)
      return
    }
    this.#connect().then(
      stream => this.#write(stream, chunks),
      () => {
        // Lost, as on any network: whoever posts must be able to live with it.
      },
    )
  }

  /**
   * Whether the other broker can be reached now. Rejects with NetworkError when it cannot; its code
   * `refused` says that the place where it listened is there, and nobody listens.
   */
  async connected(): Promise<void> {
    if (this.#stream === undefined) await this.#connect()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort(new NetworkError('closed', 'the broker stops'))
    this.#silence?.cancel()
    this.#stream?.destroy()
    await this.#connecting?.catch(() => undefined)
  }

  #exchange(
    stream: ByteStream,
    correlationId: number,
    chunks: readonly Uint8Array[],
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const isBehind = stream.queuedBytes >= maxPeerBytesQueued
    if (isBehind || this.#waiting.size >= maxPeerRequestsInFlight) {
      return Promise.reject(
        new NetworkError('unreachable', `too many requests wait for broker ${this.brokerId}`),
      )
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(correlationId)
        reject(signal.reason)
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiting.set(correlationId, {
        resolve: frame => {
          signal.removeEventListener('abort', onAbort)
          resolve(frame)
        },
        reject: error => {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        },
      })
      stream.write(chunks)
      this.#owesAnswer()
    })
  }

  #nextCorrelationId(): number {
    this.#lastCorrelationId = (this.#lastCorrelationId + 1) & 0x7fffffff
    return this.#lastCorrelationId
  }

  #connect(): Promise<ByteStream> {
    if (this.#closed.signal.aborted) return Promise.reject(this.#closed.signal.reason)
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  async #open(): Promise<ByteStream> {
    const { network, clock, brokerId } = this.#options
    using deadline = new Deadline(
      clock,
      peerConnectTimeoutMs,
      `connecting to broker ${brokerId}`,
      this.#closed.signal,
    )
    const stream = await network
      .connect({ kind: 'peer', brokerId }, deadline.signal)
      .catch((error: unknown) => {
        // Not to be taken for the deadline of a request: it may well be tried again.
        if (!(error instanceof TimeoutError)) throw error
        throw new NetworkError('timeout', error.message, { cause: error })
      })
    const frames = new FrameReader({ maxFrameBytes: maxPeerFrameBytes })
    stream.handle({
      onData: chunk => this.#onData(stream, frames, chunk),
      onClose: error => this.#onClose(stream, error),
    })
    if (this.#closed.signal.aborted) {
      stream.destroy()
      throw this.#closed.signal.reason
    }
    assert(this.#stream === undefined, 'one connection to a broker at a time')
    this.#stream = stream
    return stream
  }

  #onData(stream: ByteStream, frames: FrameReader, chunk: Uint8Array): void {
    try {
      frames.push(chunk)
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        const correlationId = correlationIdOf(frame)
        const waiting = this.#waiting.get(correlationId)
        // Absent when its sender has stopped waiting.
        this.#waiting.delete(correlationId)
        waiting?.resolve(frame)
      }
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#sentNonsense(stream, error)
    }
    // Whoever waits still does, from now on.
    this.#silentSinceMs = this.#waiting.size > 0 ? this.#options.clock.monotonicMs() : undefined
    this.#isPinged = false
  }

  #sentNonsense(stream: ByteStream, error: DecodeError): void {
    this.#options.log.warn('a peer sent nonsense', { peer: this.brokerId, error })
    stream.destroy()
  }

  /** To a peer that does not read, no more than the bound: a post may be lost. */
  #write(stream: ByteStream, chunks: readonly Uint8Array[]): void {
    if (stream.queuedBytes >= maxPeerBytesQueued) return
    stream.write(chunks)
    this.#owesAnswer()
  }

  /** Whatever is sent has an answer, that of a ping if no other. */
  #owesAnswer(): void {
    this.#silentSinceMs ??= this.#options.clock.monotonicMs()
    if (this.#silence === undefined) this.#listen(peerSilenceMs)
  }

  #listen(delayMs: number): void {
    this.#silence = this.#options.clock.setTimer(delayMs, () => {
      this.#silence = undefined
      this.#checkSilence()
    })
  }

  #checkSilence(): void {
    const [stream, sinceMs] = [this.#stream, this.#silentSinceMs]
    if (stream === undefined || sinceMs === undefined) return
    const silentMs = this.#options.clock.monotonicMs() - sinceMs
    if (silentMs >= peerDeadMs) {
      this.#options.log.warn('a peer does not answer', { peer: this.brokerId, silentMs })
      stream.destroy(new NetworkError('timeout', `nothing came for ${Math.round(silentMs)} ms`))
      return
    }
    if (silentMs >= peerSilenceMs && !this.#isPinged) this.#ping(stream)
    this.#listen((this.#isPinged ? peerDeadMs : peerSilenceMs) - silentMs)
  }

  /** A request that every broker answers at once, however long it takes for others. */
  #ping(stream: ByteStream): void {
    this.#isPinged = true
    const correlationId = this.#nextCorrelationId()
    const { clientId } = this.#options
    this.#waiting.set(correlationId, { resolve() {}, reject() {} })
    stream.write(encodeRequest(ApiVersions, 0, correlationId, clientId, ping))
  }

  #onClose(stream: ByteStream, cause: Error | undefined): void {
    if (this.#stream !== stream) return
    this.#stream = undefined
    this.#silentSinceMs = undefined
    this.#isPinged = false
    this.#silence?.cancel()
    this.#silence = undefined
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    const error = new NetworkError('closed', `the connection to broker ${this.brokerId} is lost`, {
      cause,
    })
    for (const { reject } of waiting) reject(error)
    if (!this.#closed.signal.aborted) this.#options.onLost?.(this.brokerId)
  }
}

const ping = { clientSoftwareName: '', clientSoftwareVersion: '', clusterId: null, nodeId: -1 }

function correlationIdOf(frame: Uint8Array): number {
  if (frame.byteLength < 4) throw new DecodeError('a response without a header')
  return new DataView(frame.buffer, frame.byteOffset, 4).getInt32(0)
}
