// A ByteStream on a MessagePort between two threads. What is written in one turn leaves in one
// message, and no more is on its way than the other side has room for.

import type { MessagePort } from 'node:worker_threads'
import { assert } from '../assert.ts'
import { totalBytes } from '../bytes.ts'
import { type ByteStream, NetworkError, type StreamHandlers } from '../env/index.ts'

/**
 * Bytes sent and not acknowledged, at most: what the other thread may have to hold for a reader.
 */
const windowBytes = 8 << 20

/** Bytes queued or unacknowledged above which `write` returns false, and below which it drains. */
const highMarkBytes = 1 << 20
const lowMarkBytes = 1 << 18

/** The largest message, so that one stream does not keep the other thread busy for long. */
const maxMessageBytes = 1 << 20

interface StreamMessage {
  readonly data?: Uint8Array
  /** Bytes handed to the reader since the last message that said so. */
  readonly acked?: number
  readonly end?: true
}

interface Closing {
  readonly error: Error | undefined
}

export class PortStream implements ByteStream {
  readonly remoteAddress: string
  readonly #port: MessagePort
  #handlers: StreamHandlers | undefined
  /** `ending`: `end` was called, nothing is read any more. `closed`: nothing happens any more. */
  #state: 'open' | 'ending' | 'closed' = 'open'
  #isPaused = false

  #outbox: Uint8Array[] = []
  /** Bytes of the first chunk in the outbox that have left already. */
  #sentOfFirst = 0
  #outboxBytes = 0
  #unackedBytes = 0
  #isFlushAsked = false
  #isEndSent = false
  #mustDrain = false

  #inbox: Uint8Array[] = []
  #toAckBytes = 0
  #closing: Closing | undefined
  #untold: Closing | undefined

  /** From now on the port belongs to the stream. */
  constructor(port: MessagePort, remoteAddress: string) {
    this.#port = port
    this.remoteAddress = remoteAddress
    port.on('message', (message: StreamMessage) => this.#onMessage(message))
    port.on('messageerror', (error: Error) => this.destroy(error))
    port.on('close', () => this.#onPortClosed())
  }

  get queuedBytes(): number {
    return this.#outboxBytes + this.#unackedBytes
  }

  handle(handlers: StreamHandlers): void {
    this.#handlers = handlers
    setImmediate(() => this.#deliver())
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#state !== 'open') return false
    for (const chunk of chunks) if (chunk.length > 0) this.#outbox.push(chunk)
    this.#outboxBytes += totalBytes(chunks)
    this.#askFlush()
    if (this.queuedBytes < highMarkBytes) return true
    this.#mustDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    setImmediate(() => this.#deliver())
  }

  end(): void {
    if (this.#state !== 'open') return
    this.#state = 'ending'
    for (const chunk of this.#inbox.splice(0)) this.#toAckBytes += chunk.length
    this.#askFlush()
    setImmediate(() => this.#deliver())
  }

  destroy(error?: Error): void {
    if (this.#state === 'closed') return
    this.#close(error)
    setImmediate(() => this.#deliver())
  }

  #askFlush(): void {
    if (this.#isFlushAsked) return
    this.#isFlushAsked = true
    setImmediate(() => {
      this.#isFlushAsked = false
      this.#flush()
    })
  }

  #flush(): void {
    if (this.#state === 'closed') return
    while (this.#outboxBytes > 0 && this.#unackedBytes < windowBytes) {
      const room = Math.min(this.#outboxBytes, windowBytes - this.#unackedBytes, maxMessageBytes)
      const data = this.#take(room)
      this.#unackedBytes += room
      this.#post({ data, acked: this.#takeAck() }, [data.buffer])
    }
    if (this.#state === 'ending' && this.#outboxBytes === 0 && !this.#isEndSent) {
      this.#isEndSent = true
      this.#post({ acked: this.#takeAck(), end: true })
    }
    if (this.#toAckBytes > 0) this.#post({ acked: this.#takeAck() })
  }

  /** The next `count` bytes of the outbox in memory that can change hands. */
  #take(count: number): Uint8Array<ArrayBuffer> {
    // Never from the pool: the whole ArrayBuffer goes to the other thread.
    const data = new Uint8Array(Buffer.allocUnsafeSlow(count).buffer)
    let filled = 0
    let wholeChunks = 0
    while (filled < count) {
      const chunk = this.#outbox[wholeChunks]
      assert(chunk !== undefined, 'the outbox holds as many bytes as it counts')
      const part = chunk.subarray(this.#sentOfFirst, this.#sentOfFirst + count - filled)
      data.set(part, filled)
      filled += part.length
      this.#sentOfFirst += part.length
      if (this.#sentOfFirst < chunk.length) break
      this.#sentOfFirst = 0
      wholeChunks += 1
    }
    this.#outbox.splice(0, wholeChunks)
    this.#outboxBytes -= count
    return data
  }

  #takeAck(): number {
    const bytes = this.#toAckBytes
    this.#toAckBytes = 0
    return bytes
  }

  #post(message: StreamMessage, transfer: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, transfer)
  }

  #onMessage(message: StreamMessage): void {
    if (this.#state === 'closed') return
    if (message.acked !== undefined && message.acked > 0) this.#onAck(message.acked)
    if (message.data !== undefined) {
      if (this.#state === 'open') this.#inbox.push(message.data)
      else this.#ack(message.data.length)
    }
    if (message.end === true) this.#closing ??= { error: undefined }
    this.#deliver()
  }

  #onAck(bytes: number): void {
    this.#unackedBytes -= bytes
    if (this.#outboxBytes > 0) this.#askFlush()
    if (!this.#mustDrain || this.queuedBytes >= lowMarkBytes) return
    this.#mustDrain = false
    if (this.#state === 'open') this.#handlers?.onDrain?.()
  }

  #ack(bytes: number): void {
    this.#toAckBytes += bytes
    this.#askFlush()
  }

  #deliver(): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    while (this.#state === 'open' && !this.#isPaused) {
      const chunk = this.#inbox.shift()
      if (chunk === undefined) break
      this.#ack(chunk.length)
      handlers.onData(chunk)
    }
    if (this.#state !== 'closed' && this.#closing !== undefined && this.#inbox.length === 0) {
      if (!this.#isEndSent) this.#post({ acked: this.#takeAck(), end: true })
      this.#close(undefined)
    }
    const untold = this.#untold
    if (untold === undefined) return
    this.#untold = undefined
    handlers.onClose(untold.error)
  }

  /** The other side is gone; when this side closed the port itself, it knows already. */
  #onPortClosed(): void {
    if (this.#state === 'closed') return
    const { remoteAddress } = this
    // An end that has arrived is an orderly end, read or not: the port closes right behind it.
    if (this.#closing === undefined) {
      this.#inbox = []
      this.#closing = { error: new NetworkError('closed', `${remoteAddress} is gone`) }
    }
    if (this.#closing.error !== undefined) this.#close(this.#closing.error)
    this.#deliver()
  }

  /** What was posted before still arrives at the other side. */
  #close(error: Error | undefined): void {
    this.#state = 'closed'
    this.#inbox = []
    this.#outbox = []
    this.#outboxBytes = 0
    this.#unackedBytes = 0
    this.#untold = { error }
    this.#port.close()
  }
}
