// A ByteStream on a socket of Node's: TCP, unix, or TLS over either. Writes of one turn of the
// event loop leave in one system call.

import type { Socket } from 'node:net'
import type { ByteStream, StreamHandlers } from '../env/index.ts'
import { networkError } from './socket-errors.ts'

/** Bytes queued above which `write` returns false; the socket's own mark, see `socketOptions`. */
export const highMarkBytes = 256 * 1024

/** How long the other side may take to close after `end`, in ms. */
const lingerMs = 10_000

export class SocketStream implements ByteStream {
  readonly remoteAddress: string
  readonly #socket: Socket
  #handlers: StreamHandlers | undefined
  #isCorked = false
  #mustDrain = false
  #isEnding = false
  #isPaused = false
  #error: Error | undefined
  #isClosed = false
  #isTold = false
  #linger: NodeJS.Timeout | undefined

  /** The socket must be connected. From now on it belongs to the stream. */
  constructor(socket: Socket, remoteAddress: string) {
    this.#socket = socket
    this.remoteAddress = remoteAddress
    socket.setNoDelay(true)
    socket.on('drain', () => this.#onDrain())
    socket.on('error', (error: Error) => {
      this.#error ??= networkError(error, `connection with ${remoteAddress}`, 'closed')
    })
    // Node closes by itself when what is queued has been written; under TLS it may wait for that
    // for ever when the other side has gone meanwhile. What has not left by now nobody reads.
    if ('encrypted' in socket) socket.on('end', () => socket.destroy())
    socket.on('close', () => {
      clearTimeout(this.#linger)
      this.#isClosed = true
      this.#tell()
    })
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  handle(handlers: StreamHandlers): void {
    const isFirst = this.#handlers === undefined
    this.#handlers = handlers
    if (!isFirst) return
    this.#socket.on('data', (chunk: Uint8Array) => {
      if (!this.#isEnding) this.#handlers?.onData(chunk)
    })
    if (this.#isPaused) this.#socket.pause()
    // It may have closed between being made and being handled.
    if (this.#isClosed) setImmediate(() => this.#tell())
  }

  write(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket
    if (this.#isEnding || socket.destroyed) return false
    if (!this.#isCorked) {
      this.#isCorked = true
      socket.cork()
      setImmediate(this.#uncork)
    }
    let isBelowMark = true
    for (const chunk of chunks) isBelowMark = socket.write(chunk)
    if (!isBelowMark) this.#mustDrain = true
    return isBelowMark
  }

  pause(): void {
    this.#isPaused = true
    if (this.#handlers !== undefined && !this.#isEnding) this.#socket.pause()
  }

  resume(): void {
    this.#isPaused = false
    if (this.#handlers !== undefined) this.#socket.resume()
  }

  end(): void {
    if (this.#isEnding || this.#socket.destroyed) return
    this.#isEnding = true
    this.#uncork()
    this.#socket.end()
    // What still comes in is thrown away, but it must be read to see the other side close.
    this.#socket.resume()
    this.#linger = setTimeout(() => this.#socket.destroy(), lingerMs)
    this.#linger.unref()
  }

  destroy(error?: Error): void {
    if (this.#socket.destroyed) return
    this.#isEnding = true
    this.#error ??= error
    // Not passed on: an error of the caller is none of the socket's.
    this.#socket.destroy()
  }

  readonly #uncork = (): void => {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#socket.uncork()
  }

  #onDrain(): void {
    if (!this.#mustDrain || this.#isEnding) return
    this.#mustDrain = false
    this.#handlers?.onDrain?.()
  }

  #tell(): void {
    if (this.#isTold || this.#handlers === undefined) return
    this.#isTold = true
    this.#handlers.onClose(this.#error)
  }
}
