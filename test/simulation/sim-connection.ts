// A connection of a simulated client: requests matched by correlation id.

import type { Address, ByteStream, Network } from '@klamm/base/env'
import { NetworkError } from '@klamm/base/env'
import {
  type ApiSchema,
  decodeResponse,
  encodeRequest,
  FrameReader,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'

interface Waiting {
  readonly resolve: (frame: Uint8Array) => void
  readonly reject: (error: Error) => void
}

export class SimConnection {
  readonly #stream: ByteStream
  readonly #waiting = new Map<number, Waiting>()
  #lastCorrelationId = 0
  #isClosed = false

  private constructor(stream: ByteStream) {
    this.#stream = stream
    const frames = new FrameReader({})
    stream.handle({
      onData: chunk => {
        frames.push(chunk)
        for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
          const id = new DataView(frame.buffer, frame.byteOffset, 4).getInt32(0)
          const waiting = this.#waiting.get(id)
          this.#waiting.delete(id)
          waiting?.resolve(frame)
        }
      },
      onClose: () => {
        this.#isClosed = true
        const error = new NetworkError('closed', 'the connection is lost')
        for (const { reject } of this.#waiting.values()) reject(error)
        this.#waiting.clear()
      },
    })
  }

  static async open(network: Network, address: Address, signal: AbortSignal) {
    return new SimConnection(await network.connect(address, signal))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Rejects with NetworkError when the connection is lost: then the outcome is unknown. */
  async request<S extends ApiSchema>(
    schema: S,
    version: number,
    body: RequestOf<S>,
  ): Promise<ResponseOf<S>> {
    if (this.#isClosed) throw new NetworkError('closed', 'the connection is lost')
    this.#lastCorrelationId += 1
    const id = this.#lastCorrelationId
    const frame = await new Promise<Uint8Array>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#stream.write(encodeRequest(schema, version, id, 'sim', body))
    })
    return decodeResponse(schema, version, frame).body
  }

  close(): void {
    this.#stream.destroy()
  }
}
