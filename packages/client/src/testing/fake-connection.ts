// One connection to a broker of the fake cluster: reads requests, has them answered, and keeps the
// order of answers, as real brokers do.

import { totalBytes } from '@klamm/base'
import type { ByteStream } from '@klamm/base/env'
import {
  type ApiSchema,
  ApiVersions,
  apiSchemas,
  decodeRequest,
  encodeResponse,
  FrameReader,
  Produce,
  peekRequestHeader,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'

const schemas = new Map(apiSchemas.map(schema => [schema.key, schema]))

export type AnyAnswer = ResponseOf<ApiSchema> | 'drop' | 'close' | 'cut' | 'garbage'

export interface Asked {
  readonly schema: ApiSchema
  readonly version: number
  readonly clientId: string | null
  readonly request: RequestOf<ApiSchema>
}

export interface FakeConnectionOptions {
  /** The range that the broker says it speaks; undefined when it does not speak the API. */
  readonly rangeOf: (schema: ApiSchema) => readonly [number, number] | undefined
  readonly answer: (asked: Asked) => Promise<AnyAnswer>
  readonly unsupported: () => ResponseOf<ApiSchema>
  readonly onFailure: (error: unknown) => void
  readonly onClose: () => void
}

export class FakeConnection {
  readonly #stream: ByteStream
  readonly #options: FakeConnectionOptions
  readonly #frames = new FrameReader()
  /** Resolves when everything before has been answered; never behind a dropped one. */
  #before: Promise<void> = Promise.resolve()

  constructor(stream: ByteStream, options: FakeConnectionOptions) {
    this.#stream = stream
    this.#options = options
    stream.handle({
      onData: chunk => this.#onData(chunk),
      onClose: () => options.onClose(),
    })
  }

  close(): void {
    this.#stream.destroy()
  }

  #onData(chunk: Uint8Array): void {
    try {
      this.#frames.push(chunk)
      for (let frame = this.#frames.next(); frame !== undefined; frame = this.#frames.next()) {
        this.#onFrame(frame)
      }
    } catch (error) {
      this.#options.onFailure(error)
      this.#stream.destroy()
    }
  }

  #onFrame(frame: Uint8Array): void {
    const { apiKey, apiVersion, correlationId, clientId, bodyOffset } = peekRequestHeader(frame)
    const schema = schemas.get(apiKey)
    const range = schema && this.#options.rangeOf(schema)
    const isServed = range !== undefined && apiVersion >= range[0] && apiVersion <= range[1]
    if (schema === undefined || !isServed) {
      if (apiKey !== ApiVersions.key) throw new Error(`${schema?.name ?? apiKey} v${apiVersion}`)
      // Answered in version 0 whatever was asked (KIP-511).
      const refusal = encodeResponse(
        ApiVersions,
        0,
        correlationId,
        this.#options.unsupported() as never,
      )
      this.#inOrder(Promise.resolve(refusal))
      return
    }
    const request = decodeRequest(schema, apiVersion, frame, bodyOffset)
    const answer = this.#options.answer({ schema, version: apiVersion, clientId, request })
    const isSilent = schema.key === Produce.key && 'acks' in request && request.acks === 0
    this.#inOrder(
      answer.then(value => {
        if (isSilent && value !== 'close') return []
        if (typeof value === 'string') return value
        return encodeResponse(schema, apiVersion, correlationId, value)
      }),
    )
  }

  #inOrder(answer: Promise<Uint8Array[] | 'drop' | 'close' | 'cut' | 'garbage'>): void {
    const before = this.#before
    this.#before = Promise.all([answer, before]).then(([value]) => this.#send(value))
    this.#before.catch((error: unknown) => {
      this.#options.onFailure(error)
      this.#stream.destroy()
    })
  }

  async #send(answer: Uint8Array[] | 'drop' | 'close' | 'cut' | 'garbage'): Promise<void> {
    switch (answer) {
      case 'drop':
        return new Promise(() => {})
      case 'close':
        this.#stream.destroy()
        return new Promise(() => {})
      case 'cut':
        // The length says more than there is.
        this.#stream.write([Uint8Array.of(0, 0, 1, 0, 0, 0)])
        this.#stream.end()
        return new Promise(() => {})
      case 'garbage':
        this.#stream.write([Uint8Array.of(0, 0, 0, 6, 0x7f, 0xff, 0xff, 0xff, 1, 2)])
        return
      default:
        if (totalBytes(answer) > 0) this.#stream.write(answer)
    }
  }
}
