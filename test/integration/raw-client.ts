// A client that sends just what a test says, in the version it says: for what no library sends.

import { connect, type Socket } from 'node:net'
import {
  type ApiSchema,
  decodeResponse,
  encodeRequest,
  FrameReader,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'

type Waiting = PromiseWithResolvers<Uint8Array | undefined>

export class RawClient implements Disposable {
  readonly #socket: Socket
  readonly #frames = new FrameReader()
  readonly #waiting: Waiting[] = []
  #isClosed = false

  constructor(server: string) {
    const [host, port] = server.split(':')
    this.#socket = connect(Number(port), host)
    this.#socket.on('data', chunk => {
      this.#frames.push(chunk)
      for (let frame = this.#frames.next(); frame; frame = this.#frames.next()) {
        this.#waiting.shift()?.resolve(frame)
      }
    })
    this.#socket.on('error', () => undefined)
    this.#socket.on('close', () => {
      this.#isClosed = true
      for (const { resolve } of this.#waiting.splice(0)) resolve(undefined)
    })
  }

  /** The answer to any bytes, without its length; undefined when the broker closes. */
  async send(...chunks: readonly Uint8Array[]): Promise<Uint8Array | undefined> {
    if (this.#isClosed) return undefined
    for (const chunk of chunks) this.#socket.write(chunk)
    const answer = Promise.withResolvers<Uint8Array | undefined>()
    this.#waiting.push(answer)
    return answer.promise
  }

  /** Fields left out of `request` have their defaults. */
  async ask<S extends ApiSchema>(
    schema: S,
    version: number,
    request: Partial<RequestOf<S>>,
  ): Promise<ResponseOf<S>> {
    const body = { ...defaultsOf(schema), ...request } as RequestOf<S>
    const frame = await this.send(...encodeRequest(schema, version, 1, 'raw', body))
    if (frame === undefined) throw new Error(`${schema.name} v${version}: closed without an answer`)
    return decodeResponse(schema, version, frame).body
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }
}

function defaultsOf({ request }: ApiSchema): Record<string, unknown> {
  return Object.fromEntries(Object.entries(request).map(([name, field]) => [name, field.default]))
}
