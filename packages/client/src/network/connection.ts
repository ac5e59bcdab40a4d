// One connection to a broker: requests go out in the order of `send`, answers find them by their
// correlation id. It knows which versions the broker speaks. It is never mended: who loses one
// opens another.

import type { ByteStream } from '@klamm/base/env'
import {
  ApiVersions,
  DecodeError,
  decodeResponse,
  encodeRequest,
  errorCodes,
  FrameReader,
  type ResponseOf,
} from '@klamm/protocol'
import { KafkaError } from '../errors.ts'
import { maxResponseBytes } from '../limits.ts'
import type { Call } from './call.ts'
import { Versions } from './versions.ts'

export interface ConnectionOptions {
  readonly clientId: string
  /** Where it goes, for messages: `127.0.0.1:9092`. */
  readonly address: string
  /**
   * A request that went unanswered for so long makes the connection count as dead, in ms; one that
   * was given less time by its caller is only given up.
   */
  readonly requestTimeoutMs: number
  /** Called once, when it is over, whoever ended it. */
  readonly onClosed: (error: Error | undefined) => void
}

/** Understood by every broker since 2.4; what later versions add is not used here. */
const handshakeVersion = 3

export class Connection {
  readonly #options: ConnectionOptions
  readonly #stream: ByteStream
  readonly #frames = new FrameReader({ maxFrameBytes: maxResponseBytes })
  /** Written and not answered, given up ones included: their answers still come. */
  readonly #inFlight = new Map<number, Call>()
  #versions = new Versions(new Map())
  #lastCorrelationId = 0
  /** Requests whose callers stopped waiting for an answer that should have been there. */
  #overdue = 0
  #hasReceived = false
  #failure: Error | undefined
  #isClosed = false

  /** Takes the stream over; to be called in the turn it was obtained in. */
  constructor(stream: ByteStream, options: ConnectionOptions) {
    this.#options = options
    this.#stream = stream
    stream.handle({
      onData: chunk => this.#onData(chunk),
      onClose: error => this.#onClose(error),
    })
  }

  get inFlight(): number {
    return this.#inFlight.size
  }

  /** Whether an answer is late, and so everything behind it. */
  get isOverdue(): boolean {
    return this.#overdue > 0
  }

  get versions(): Versions {
    return this.#versions
  }

  /**
   * Learns what the broker speaks; nothing but `call`s made by `handshakeCall` may be sent before.
   * Rejects with KafkaError.
   */
  async handshake(makeCall: () => Call): Promise<void> {
    let response = await this.#askVersions(makeCall(), handshakeVersion)
    if (response.errorCode === errorCodes.UNSUPPORTED_VERSION) {
      // It answered in version 0, with what it speaks instead when it is 2.4 or newer (KIP-511).
      const range = rangesOf(response).get(ApiVersions.key)
      const version = Math.min(range?.maxVersion ?? 0, handshakeVersion)
      response = await this.#askVersions(makeCall(), version)
    }
    if (response.errorCode !== errorCodes.NONE) {
      throw new KafkaError('ERR_PROTOCOL', `the broker refuses ApiVersions: ${response.errorCode}`)
    }
    this.#versions = new Versions(rangesOf(response))
  }

  /** Writes the request now. A failure is the call's. */
  send(call: Call): void {
    try {
      const version = this.#versions.choose(call.schema, call.maxVersion)
      this.#write(call, version)
    } catch (error) {
      call.fail(error)
    }
  }

  /** Ends it now; what waits for an answer fails with ERR_CONNECTION and this cause. */
  close(error: Error): void {
    if (this.#isClosed) return
    this.#failure ??= error
    this.#stream.destroy()
    this.#ended(this.#failure)
  }

  async #askVersions(call: Call, version: number): Promise<ResponseOf<typeof ApiVersions>> {
    this.#write(call, version)
    return (await call.promise) as ResponseOf<typeof ApiVersions>
  }

  #write(call: Call, version: number): void {
    const correlationId = this.#lastCorrelationId
    const body = call.bodyFor(version)
    const { clientId } = this.#options
    const chunks = encodeRequest(call.schema, version, correlationId, clientId, body)
    this.#lastCorrelationId = (correlationId + 1) & 0x7fffffff
    if (call.hasAnswer) {
      this.#inFlight.set(correlationId, call)
      call.onGivenUp = this.#onGivenUp
    }
    this.#stream.write(chunks)
    if (!call.hasAnswer) call.succeed(undefined)
  }

  /** Answers come in order: behind one that does not come nothing else will. */
  readonly #onGivenUp = (call: Call, why: 'timeout' | 'abort'): void => {
    if (why === 'abort') return
    this.#overdue += 1
    if (call.timeoutMs < this.#options.requestTimeoutMs) return
    this.close(
      new KafkaError(
        'ERR_CONNECTION',
        `the connection to ${this.#options.address} was given up: ${call.schema.name} was not ` +
          `answered within ${call.timeoutMs} ms`,
      ),
    )
  }

  #onData(chunk: Uint8Array): void {
    if (this.#isClosed) return
    try {
      if (!this.#hasReceived) {
        this.#hasReceived = true
        checkFirstBytes(chunk)
      }
      this.#frames.push(chunk)
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        this.#onFrame(frame)
        if (this.#isClosed) return
      }
    } catch (error) {
      if (!(error instanceof DecodeError || KafkaError.is(error))) throw error
      this.close(protocolError(error, this.#options.address))
    }
  }

  #onFrame(frame: Uint8Array): void {
    if (frame.byteLength < 4) throw new DecodeError(`an answer of ${frame.byteLength} bytes`)
    const correlationId = new DataView(frame.buffer, frame.byteOffset).getInt32(0)
    const call = this.#inFlight.get(correlationId)
    if (call === undefined) throw new DecodeError(`nothing was asked by the id ${correlationId}`)
    this.#inFlight.delete(correlationId)
    // The late one has come, or one behind it.
    this.#overdue = 0
    if (call.isOver) return
    try {
      call.succeed(decodeResponse(call.schema, versionOf(call, frame), frame).body)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      call.fail(call.error('ERR_PROTOCOL', error.message, error))
      throw error
    }
  }

  #onClose(error: Error | undefined): void {
    this.#ended(this.#failure ?? error)
  }

  #ended(error: Error | undefined): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const calls = [...this.#inFlight.values()]
    this.#inFlight.clear()
    for (const call of calls) {
      call.onGivenUp = undefined
      call.fail(failureOf(call, error, this.#hasReceived))
    }
    this.#options.onClosed(error)
  }
}

/** What a call fails with that waits for an answer when the connection ends. */
function failureOf(call: Call, error: Error | undefined, hasReceived: boolean): unknown {
  if (KafkaError.is(error) && error.code !== 'ERR_CONNECTION') {
    if (error.code !== 'ERR_PROTOCOL') return error
    return call.error('ERR_PROTOCOL', error.message, error)
  }
  const what = hasReceived
    ? 'the connection was lost before the answer came'
    : 'the connection was closed before the first answer; a broker that expects TLS does so (`ssl`)'
  return call.error('ERR_CONNECTION', what, error)
}

/** ApiVersions refused for its version is answered in version 0, whatever was asked. */
function versionOf(call: Call, frame: Uint8Array): number {
  if (call.schema.key !== ApiVersions.key || frame.byteLength < 6) return call.version
  const errorCode = new DataView(frame.buffer, frame.byteOffset).getInt16(4)
  return errorCode === errorCodes.UNSUPPORTED_VERSION ? 0 : call.version
}

function rangesOf(response: ResponseOf<typeof ApiVersions>) {
  return new Map(response.apiKeys.map(range => [range.apiKey, range] as const))
}

function protocolError(error: Error, address: string): KafkaError {
  if (KafkaError.is(error)) return error
  return new KafkaError('ERR_PROTOCOL', `${address} sent what is no answer: ${error.message}`, {
    cause: error,
  })
}

/** Says plainly what the two most common wrong ports have to say. */
function checkFirstBytes(chunk: Uint8Array): void {
  const [first, second] = chunk
  if ((first === 0x15 || first === 0x16) && second === 0x03) {
    throw new KafkaError('ERR_PROTOCOL', 'the broker answers in TLS: set the option `ssl`')
  }
  if (first === 0x48 && second === 0x54) {
    throw new KafkaError('ERR_PROTOCOL', 'this is an HTTP server, not a broker')
  }
}
