// Whole messages as frames: a 4-byte length, a header, a body. What is written is a list of chunks
// ready for a socket; what is read are the frames inside a stream of chunks, without the length.

import { Buffer } from 'node:buffer'
import { assert } from '@klamm/base'
import { codecOf } from './compile.ts'
import { DecodeError } from './decode-error.ts'
import { readResponseHeader, writeRequestHeader, writeResponseHeader } from './header.ts'
import { defaultMaxFrameBytes } from './limits.ts'
import { Reader } from './reader.ts'
import type { ApiSchema, RequestOf, ResponseOf } from './schema.ts'
import { Writer } from './writer.ts'

/**
 * The body of a request frame. Byte strings and records are views of the frame. Bytes after the
 * body are passed over, as Kafka does. Throws DecodeError.
 */
export function decodeRequest<S extends ApiSchema>(
  schema: S,
  version: number,
  frame: Uint8Array,
  bodyOffset: number,
): RequestOf<S> {
  const codec = codecOf(schema.request, version, isFlexibleVersion(schema, version))
  return read(schema, 'request', version, () => codec.read(new Reader(frame, bodyOffset)))
}

/** A response frame with its length prefix. Large byte strings are passed on, not copied. */
export function encodeResponse<S extends ApiSchema>(
  schema: S,
  version: number,
  correlationId: number,
  body: ResponseOf<S>,
): Uint8Array[] {
  const codec = codecOf(schema.response, version, isFlexibleVersion(schema, version))
  const writer = new Writer()
  writer.int32(0)
  writeResponseHeader(writer, schema, version, correlationId)
  codec.write(writer, body)
  return writer.finishFrame()
}

/** A request frame with its length prefix. Large byte strings are passed on, not copied. */
export function encodeRequest<S extends ApiSchema>(
  schema: S,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: RequestOf<S>,
): Uint8Array[] {
  const codec = codecOf(schema.request, version, isFlexibleVersion(schema, version))
  const writer = new Writer()
  writer.int32(0)
  writeRequestHeader(writer, schema, version, correlationId, clientId)
  codec.write(writer, body)
  return writer.finishFrame()
}

/** Header and body of a response frame (without length prefix). Throws DecodeError. */
export function decodeResponse<S extends ApiSchema>(
  schema: S,
  version: number,
  frame: Uint8Array,
): { readonly correlationId: number; readonly body: ResponseOf<S> } {
  const codec = codecOf(schema.response, version, isFlexibleVersion(schema, version))
  return read(schema, 'response', version, () => {
    const reader = new Reader(frame)
    const correlationId = readResponseHeader(reader, schema, version)
    return { correlationId, body: codec.read(reader) }
  })
}

function isFlexibleVersion(schema: ApiSchema, version: number): boolean {
  const [first, last] = schema.versions
  assert(version >= first && version <= last, 'the version is one of the table', () => {
    return `${schema.name} v${version}`
  })
  return version >= schema.flexibleSince
}

/** Runs `decode`; a DecodeError says which message it was. */
function read<T>(schema: ApiSchema, what: string, version: number, decode: () => T): T {
  try {
    return decode()
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw error.within(`${schema.name} ${what} v${version}`)
  }
}

export interface FrameReaderOptions {
  /** A frame may have this many bytes, without its length prefix. */
  readonly maxFrameBytes?: number
}

/** Chunks smaller than this are gathered, so that many tiny ones do not cost an object each. */
const smallChunkBytes = 4096
const gatheringBytes = 16 * 1024

/**
 * Cuts a stream of chunks into frames: `push` what arrives, then take frames with `next` until it
 * has none. A frame that lies in one chunk is a view of it. What is held is what was received: the
 * length a peer claims allocates nothing before the bytes are there.
 */
export class FrameReader {
  readonly #maxFrameBytes: number
  /** Received and not yet handed out, in order; the first from `#headOffset` on. */
  #chunks: Uint8Array[] = []
  #headOffset = 0
  #bufferedBytes = 0
  /** Size of the frame at the front when its prefix was read; -1 before. */
  #frameBytes = -1
  /** The last chunk when it is our own with room behind it. */
  #gathering: Buffer | undefined
  #gatheredBytes = 0

  constructor(options: FrameReaderOptions = {}) {
    this.#maxFrameBytes = options.maxFrameBytes ?? defaultMaxFrameBytes
  }

  /** Bytes received that no frame was made of yet. */
  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  /** Takes what arrived. The chunk must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (chunk.byteLength === 0) return
    this.#bufferedBytes += chunk.byteLength
    if (this.#chunks.length > 0 && chunk.byteLength < smallChunkBytes) this.#gather(chunk)
    else {
      this.#chunks.push(chunk)
      this.#gathering = undefined
    }
  }

  /** The next whole frame, without its length; undefined until more arrives. Throws DecodeError. */
  next(): Uint8Array | undefined {
    if (this.#frameBytes < 0) {
      if (this.#bufferedBytes < 4) return undefined
      const prefix = this.#take(4)
      this.#frameBytes = this.#checked(new DataView(prefix.buffer, prefix.byteOffset).getInt32(0))
    }
    if (this.#bufferedBytes < this.#frameBytes) return undefined
    const frame = this.#take(this.#frameBytes)
    this.#frameBytes = -1
    return frame
  }

  #checked(frameBytes: number): number {
    if (frameBytes < 0 || frameBytes > this.#maxFrameBytes) {
      throw new DecodeError(`frame of ${frameBytes} bytes, ${this.#maxFrameBytes} are accepted`)
    }
    return frameBytes
  }

  /** Copies a small chunk behind the last one, into memory that no frame shows yet. */
  #gather(chunk: Uint8Array): void {
    const block = this.#gathering
    if (block !== undefined && this.#gatheredBytes + chunk.byteLength <= block.byteLength) {
      const last = this.#chunks.length - 1
      block.set(chunk, this.#gatheredBytes)
      this.#gatheredBytes += chunk.byteLength
      this.#chunks[last] = block.subarray(0, this.#gatheredBytes)
      return
    }
    const fresh = Buffer.allocUnsafeSlow(gatheringBytes)
    fresh.set(chunk, 0)
    this.#gathering = fresh
    this.#gatheredBytes = chunk.byteLength
    this.#chunks.push(fresh.subarray(0, chunk.byteLength))
  }

  /** Removes bytes from the front, of which there are enough. */
  #take(byteLength: number): Uint8Array {
    this.#bufferedBytes -= byteLength
    const head = this.#chunks[0]
    if (head === undefined) return new Uint8Array(0)
    const end = this.#headOffset + byteLength
    if (end < head.byteLength) {
      const taken = head.subarray(this.#headOffset, end)
      this.#headOffset = end
      return taken
    }
    if (end === head.byteLength) {
      const taken = head.subarray(this.#headOffset)
      this.#drop(1)
      return taken
    }
    return this.#join(byteLength)
  }

  /** Like `#take` when the bytes lie in more than one chunk. */
  #join(byteLength: number): Uint8Array {
    const joined = Buffer.allocUnsafeSlow(byteLength)
    let filled = 0
    let used = 0
    for (const chunk of this.#chunks) {
      const rest = chunk.subarray(this.#headOffset, this.#headOffset + byteLength - filled)
      joined.set(rest, filled)
      filled += rest.byteLength
      this.#headOffset += rest.byteLength
      if (this.#headOffset < chunk.byteLength) break
      this.#headOffset = 0
      used += 1
      if (filled === byteLength) break
    }
    const offset = this.#headOffset
    this.#drop(used)
    this.#headOffset = offset
    return joined
  }

  /** Forgets whole chunks at the front. */
  #drop(count: number): void {
    if (count === this.#chunks.length) {
      this.#chunks = []
      this.#gathering = undefined
    } else this.#chunks.splice(0, count)
    this.#headOffset = 0
  }
}
