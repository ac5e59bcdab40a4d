// From a frame to its answer: decodes the header, finds the handler, decodes the request, forwards
// what belongs to the controller, and is the one place where kinds of failure are told apart.

import { assert, concatBytes, InvariantError } from '@klamm/base'
import {
  type ApiSchema,
  ApiVersions,
  DecodeError,
  decodeRequest,
  type ErrorName,
  encodeResponse,
  errorCodes,
  KafkaError,
  peekRequestHeader,
  type RequestHeader,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'
import { advertised, apiVersionsAnswer } from '../apis/api-versions.ts'
import { CloseConnection, type Handler, noResponse, type RequestContext } from '../apis/handler.ts'
import type { Connection, ResponseChunks } from './connection.ts'

export interface DispatchOptions<Services> {
  readonly handlers: readonly Handler<Services>[]
  readonly services: Services
  /** True when this broker is the active controller. */
  readonly isController: () => boolean
  /** Has the active controller answer a request frame; resolves with its response frame's body. */
  readonly forward: (
    frame: Uint8Array,
    context: RequestContext,
    handler: Pick<Handler<Services>, 'isRepeatable'>,
  ) => Promise<Uint8Array>
  /** A private one-way message between brokers. */
  readonly onPeerMessage: (frame: Uint8Array) => void
  /** A bug: the broker cannot be trusted any more. */
  readonly onBug: (error: unknown) => void
}

/** The private API key of raft messages: one-way, peer network only, the body is the message. */
export const raftMessageKey = 32_000

export class Dispatch<Services> {
  readonly #options: DispatchOptions<Services>
  readonly #byKey = new Map<number, Handler<Services>>()

  constructor(options: DispatchOptions<Services>) {
    this.#options = options
    for (const handler of options.handlers) this.#byKey.set(handler.schema.key, handler)
  }

  /** Answers one frame; a rejection means that the connection must be closed. */
  answer(connection: Connection, frame: Uint8Array): Promise<ResponseChunks> {
    if (connection.listener === 'peer' && apiKeyOf(frame) === raftMessageKey) {
      this.#options.onPeerMessage(frame)
      return Promise.resolve(undefined)
    }
    // The synchronous part runs now; a throw becomes a rejection.
    try {
      return this.#answer(connection, frame)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * A request of this broker to itself, answered as one of another broker: also when it is refused
   * as a whole. Rejects with KafkaError NOT_CONTROLLER alone.
   */
  async call<S extends ApiSchema>(
    schema: S,
    version: number,
    request: RequestOf<S>,
    signal: AbortSignal,
  ): Promise<ResponseOf<S>> {
    const handler = this.#byKey.get(schema.key)
    assert(handler !== undefined, 'a broker asks itself only what it serves')
    const context: RequestContext = {
      apiVersion: version,
      correlationId: 0,
      clientId: null,
      listener: 'peer',
      connectionId: 0,
      remoteAddress: 'self',
      requestBytes: 0,
      signal,
    }
    this.#mustBeController(handler)
    const response = await this.#ownAnswer(handler, context, request)
    // The handler was found by the key of this schema.
    return response as ResponseOf<S>
  }

  /** A request that another broker forwarded here (KIP-590). Resolves with the response frame. */
  async answerForwarded(frame: Uint8Array, context: RequestContext): Promise<Uint8Array> {
    const header = peekRequestHeader(frame)
    const handler = this.#byKey.get(header.apiKey)
    if (handler === undefined || !isVersionServed(handler, header.apiVersion)) {
      throw new KafkaError('UNSUPPORTED_VERSION', `API key ${header.apiKey} is not served`)
    }
    if (handler.runsOn !== 'controller') {
      throw new KafkaError('INVALID_REQUEST', `API key ${header.apiKey} is not forwarded`)
    }
    this.#mustBeController(handler)
    const { schema } = handler
    const request = decodeRequest(schema, header.apiVersion, frame, header.bodyOffset)
    const inner = { ...context, apiVersion: header.apiVersion, clientId: header.clientId }
    const response = await this.#ownAnswer(handler, inner, request)
    const chunks = encodeResponse(schema, header.apiVersion, header.correlationId, response)
    return concatBytes(chunks).subarray(4)
  }

  /** For brokers: refused as for anybody, but NOT_CONTROLLER is thrown: the next one is asked. */
  async #ownAnswer(
    handler: Handler<Services>,
    context: RequestContext,
    request: RequestOf<ApiSchema>,
  ): Promise<ResponseOf<ApiSchema>> {
    try {
      const response = await handler.handle(this.#options.services, context, request)
      assert(response !== noResponse, 'what brokers ask each other has an answer')
      return response
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      const errorName = toldName(handler, error.errorName)
      if (errorName === 'NOT_CONTROLLER') throw new KafkaError(errorName, error.message)
      return handler.refuse(request, errorCodes[errorName], context)
    }
  }

  #mustBeController({ runsOn }: Handler<Services>): void {
    if (runsOn !== 'controller' || this.#options.isController()) return
    throw new KafkaError('NOT_CONTROLLER', 'this broker is not the active controller')
  }

  #answer(connection: Connection, frame: Uint8Array): Promise<ResponseChunks> {
    const header = peekRequestHeader(frame)
    const handler = this.#byKey.get(header.apiKey)
    const isServed = handler !== undefined && isVersionServed(handler, header.apiVersion)
    if (!isServed || (handler.askedBy === 'peer' && connection.listener !== 'peer')) {
      return Promise.resolve(this.#unsupported(header))
    }
    const context: RequestContext = {
      apiVersion: header.apiVersion,
      correlationId: header.correlationId,
      clientId: header.clientId,
      listener: connection.listener,
      connectionId: connection.id,
      remoteAddress: connection.remoteAddress,
      requestBytes: frame.byteLength,
      signal: connection.signal,
    }
    if (handler.runsOn === 'controller' && !this.#options.isController()) {
      return this.#forward(handler, header, frame, context)
    }
    return this.#handle(handler, header, frame, context)
  }

  async #handle(
    handler: Handler<Services>,
    header: RequestHeader,
    frame: Uint8Array,
    context: RequestContext,
  ): Promise<ResponseChunks> {
    const { schema } = handler
    const request = decodeRequest(schema, header.apiVersion, frame, header.bodyOffset)
    let response: Awaited<ReturnType<typeof handler.handle>>
    try {
      response = await handler.handle(this.#options.services, context, request)
    } catch (error) {
      const failure = classify(error, context.signal)
      if (failure.kind === 'crash') this.#options.onBug(failure.bug)
      if (failure.kind !== 'answer') throw error
      const errorName = toldName(handler, failure.errorName)
      response = handler.refuse(request, errorCodes[errorName], context)
    }
    if (response === noResponse) return undefined
    return encodeResponse(schema, header.apiVersion, header.correlationId, response)
  }

  async #forward(
    handler: Handler<Services>,
    header: RequestHeader,
    frame: Uint8Array,
    context: RequestContext,
  ): Promise<ResponseChunks> {
    // Read here already: what is no request must cost its sender the connection, and nobody else.
    const request = decodeRequest(handler.schema, header.apiVersion, frame, header.bodyOffset)
    try {
      const response = await this.#options.forward(frame, context, handler)
      const prefix = new Uint8Array(4)
      new DataView(prefix.buffer).setInt32(0, response.byteLength)
      return [prefix, response]
    } catch (error) {
      const failure = classify(error, context.signal)
      if (failure.kind === 'crash') this.#options.onBug(failure.bug)
      if (failure.kind !== 'answer') throw error
      const refusal = handler.refuse(request, errorCodes[failure.errorName], context)
      return encodeResponse(handler.schema, header.apiVersion, header.correlationId, refusal)
    }
  }

  /**
   * ApiVersions in a version we do not know is answered in version 0 with the list, so that the
   * client can ask again (KIP-511). Anything else unknown has no answer: the connection closes.
   */
  #unsupported(header: RequestHeader): ResponseChunks {
    if (header.apiKey !== ApiVersions.key) {
      throw new DecodeError(`API key ${header.apiKey} version ${header.apiVersion} is not served`)
    }
    const apiKeys = advertised(this.#options.handlers)
    const response = apiVersionsAnswer(errorCodes.UNSUPPORTED_VERSION, apiKeys)
    return encodeResponse(ApiVersions, 0, header.correlationId, response)
  }
}

export type Failure =
  | { readonly kind: 'answer'; readonly errorName: KafkaError['errorName'] }
  | { readonly kind: 'closeConnection' }
  | { readonly kind: 'crash'; readonly bug: unknown }

/** What to do about a request that failed. */
export function classify(error: unknown, signal: AbortSignal): Failure {
  if (error instanceof KafkaError) return { kind: 'answer', errorName: error.errorName }
  if (error instanceof InvariantError) return { kind: 'crash', bug: error }
  const isHarmless = error instanceof DecodeError || error instanceof CloseConnection
  // Whatever else fails once nobody waits any more is a consequence of that.
  if (isHarmless || signal.aborted) return { kind: 'closeConnection' }
  return { kind: 'crash', bug: error }
}

/** What may be repeated is to be asked of the next controller, whatever became of it here. */
function toldName({ runsOn, isRepeatable }: Handler<never>, errorName: ErrorName): ErrorName {
  const isUnknown = runsOn === 'controller' && errorName === 'REQUEST_TIMED_OUT'
  return isUnknown && isRepeatable ? 'NOT_CONTROLLER' : errorName
}

function isVersionServed(handler: Handler<never>, version: number): boolean {
  return version >= handler.versions[0] && version <= handler.versions[1]
}

function apiKeyOf(frame: Uint8Array): number {
  return frame.byteLength < 2 ? -1 : ((frame[0] ?? 0) << 8) | (frame[1] ?? 0)
}
