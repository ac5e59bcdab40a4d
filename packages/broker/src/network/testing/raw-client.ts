// A client that writes bytes as it likes and keeps the frames that come back.

import { concatBytes } from '@klamm/base'
import type { Address, ByteStream, Network } from '@klamm/base/env'
import type { TestClock } from '@klamm/base/testing'
import { FrameReader } from '@klamm/protocol'
import { turns } from '../../testing/turns.ts'

export class RawClient {
  readonly frames: Uint8Array[] = []
  isClosed = false
  readonly stream: ByteStream
  readonly #reader = new FrameReader()

  constructor(stream: ByteStream) {
    this.stream = stream
    stream.handle({
      onData: chunk => {
        this.#reader.push(chunk)
        for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) {
          this.frames.push(frame)
        }
      },
      onClose: () => {
        this.isClosed = true
      },
    })
  }

  static async connect(network: Network, clock: TestClock, address: Address): Promise<RawClient> {
    const connecting = network.connect(address).then(stream => new RawClient(stream))
    await turns(clock)
    return connecting
  }

  /** Correlation ids of the responses so far, in order. */
  get correlationIds(): readonly number[] {
    return this.frames.map(frame => new DataView(frame.buffer, frame.byteOffset).getInt32(0))
  }

  /** All in one chunk. */
  send(...chunks: readonly Uint8Array[]): void {
    this.stream.write([concatBytes(chunks)])
  }
}

/** A length and the payload. */
export function frameOf(payload: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + payload.byteLength)
  new DataView(frame.buffer).setInt32(0, payload.byteLength)
  frame.set(payload, 4)
  return frame
}
