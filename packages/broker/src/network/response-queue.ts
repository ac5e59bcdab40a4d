// Responses leave in the order of their requests (Kafka's contract with clients), although requests
// of one connection are worked on at the same time.

import { assert, totalBytes } from '@klamm/base'

/** The place of one request in the order. */
export interface Ticket {
  chunks: readonly Uint8Array[] | undefined
  isSettled: boolean
}

export interface ResponseQueueOptions {
  /** False between brokers: there a response leaves as soon as it is ready. */
  readonly ordered: boolean
  readonly send: (chunks: readonly Uint8Array[]) => void
}

export class ResponseQueue {
  readonly #ordered: boolean
  readonly #send: (chunks: readonly Uint8Array[]) => void
  #waiting: Ticket[] = []
  #bytes = 0

  constructor(options: ResponseQueueOptions) {
    this.#ordered = options.ordered
    this.#send = options.send
  }

  get size(): number {
    return this.#waiting.length
  }

  /** Bytes of responses that are ready and wait for those before them. */
  get bytes(): number {
    return this.#bytes
  }

  /** A request has arrived. */
  enter(): Ticket {
    const ticket: Ticket = { chunks: undefined, isSettled: false }
    if (this.#ordered) this.#waiting.push(ticket)
    return ticket
  }

  /** Its response is ready; `undefined` when the request has none (Produce with acks=0). */
  settle(ticket: Ticket, chunks: readonly Uint8Array[] | undefined): void {
    assert(!ticket.isSettled, 'a request is answered once')
    ticket.isSettled = true
    if (!this.#ordered) {
      if (chunks !== undefined) this.#send(chunks)
      return
    }
    ticket.chunks = chunks
    if (chunks !== undefined) this.#bytes += totalBytes(chunks)
    let sent = 0
    for (const next of this.#waiting) {
      if (!next.isSettled) break
      if (next.chunks !== undefined) {
        this.#bytes -= totalBytes(next.chunks)
        this.#send(next.chunks)
      }
      sent += 1
    }
    if (sent > 0) this.#waiting = this.#waiting.slice(sent)
  }

  /** The connection is gone. */
  discard(): void {
    this.#waiting = []
    this.#bytes = 0
  }
}
