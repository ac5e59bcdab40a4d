// One end of a simulated connection. As on TCP, bytes arrive in order or the connection ends: what
// a link delays, loses or blocks makes the stream stall, and a long stall makes it break.

import { concatBytes, present, RollingHash, totalBytes } from '@klamm/base'
import { type ByteStream, NetworkError, type StreamHandlers } from '@klamm/base/env'
import type { Gate } from './gate.ts'
import type { Link, Plane } from './links.ts'
import type { Scheduler } from './scheduler.ts'
import type { Trace } from './trace.ts'

/** Bytes in flight and unread above which `write` returns false, and below which it drains. */
const highMarkBytes = 1 << 20
const lowMarkBytes = 1 << 18

/** What travels: bytes, or the end of the stream, orderly or not. */
type Segment =
  | { readonly kind: 'data'; readonly sentMs: number; arrivesMs: number; parts: Uint8Array[] }
  | { readonly kind: 'end'; arrivesMs: number }
  | { readonly kind: 'reset'; arrivesMs: number }

interface Closing {
  readonly error: Error | undefined
}

export interface StreamEndOptions {
  readonly scheduler: Scheduler
  readonly trace: Trace
  /** The node this end is in. */
  readonly node: string
  readonly otherNode: string
  readonly gate: Gate
  readonly plane: Plane
  readonly remoteAddress: string
  /** The way from this end to the other. */
  readonly link: Link
  /** Identifies the connection in the trace. */
  readonly connection: string
  /** A blockade that lasts longer breaks the connection at the end that is sending, in ms. */
  readonly stallLimitMs: number
  readonly onClosed: (stream: SimStream) => void
}

export class SimStream implements ByteStream {
  readonly remoteAddress: string
  readonly #options: StreamEndOptions
  #other: SimStream | undefined
  #handlers: StreamHandlers | undefined
  #isPaused = false
  /** `ending`: `end` was called; still sending. `closed`: nothing happens here any more. */
  #state: 'open' | 'ending' | 'closed' = 'open'

  // What goes out.
  #inFlight: Segment[] = []
  #isArmed = false
  #lastArrivalMs = 0
  #stalledSinceMs: number | undefined
  #queuedBytes = 0
  #mustDrain = false

  // What has come in and was not delivered yet.
  #inbox: Uint8Array[] = []
  /** The other side has closed; this end follows once it has read everything. */
  #closing: Closing | undefined
  /** This end has closed, and its owner has yet to be told. */
  #untold: Closing | undefined

  constructor(options: StreamEndOptions) {
    this.#options = options
    this.remoteAddress = options.remoteAddress
    this.#lastArrivalMs = options.scheduler.nowMs
  }

  /** Joins two ends. Bytes sent by `b` do not arrive before `readyMs`, when `a` knows of it. */
  static join(a: SimStream, b: SimStream, readyMs: number): void {
    a.#other = b
    b.#other = a
    b.#lastArrivalMs = readyMs
  }

  get node(): string {
    return this.#options.node
  }

  get #far(): SimStream {
    return present(this.#other, 'the two ends of a connection are joined')
  }

  get otherNode(): string {
    return this.#options.otherNode
  }

  get queuedBytes(): number {
    return this.#queuedBytes
  }

  handle(handlers: StreamHandlers): void {
    this.#handlers = handlers
    this.#deliverSoon()
  }

  write(chunks: readonly Uint8Array[]): boolean {
    if (this.#state !== 'open' || !this.#options.gate.isAlive) return false
    const bytes = totalBytes(chunks)
    if (bytes > 0) {
      this.#queuedBytes += bytes
      this.#sendData(concatBytes(chunks))
    }
    if (this.#queuedBytes < highMarkBytes) return true
    this.#mustDrain = true
    return false
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    if (!this.#isPaused) return
    this.#isPaused = false
    this.#deliverSoon()
  }

  end(): void {
    if (this.#state !== 'open' || !this.#options.gate.isAlive) return
    this.#state = 'ending'
    // Nothing is read any more; the other side must not wait for it.
    for (const chunk of this.#inbox.splice(0)) this.#far.#handedOver(chunk.length)
    this.#send({ kind: 'end', arrivesMs: 0 })
    this.#deliverSoon()
  }

  destroy(error?: Error): void {
    if (this.#state === 'closed' || !this.#options.gate.isAlive) return
    this.#send({ kind: 'reset', arrivesMs: 0 })
    this.#close(error)
  }

  /** How many segments are under way: what `vanish` can keep. */
  get segmentsInFlight(): number {
    return this.#inFlight.length
  }

  /**
   * The process of this end died. Bytes already under way may still arrive: the first
   * `keepSegments` of them. The other end hears of the death after `noticeMs`.
   */
  vanish(keepSegments: number, noticeMs: number): void {
    if (this.#state === 'closed') return
    this.#inFlight.length = Math.min(this.#inFlight.length, keepSegments)
    const noticedAtMs = this.#options.scheduler.nowMs + noticeMs
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, noticedAtMs)
    this.#send({ kind: 'reset', arrivesMs: 0 })
    this.#close(undefined)
  }

  /** The connection breaks: this end notices after `noticeMs`. */
  break(reason: string, noticeMs: number): void {
    this.#options.scheduler.after(noticeMs, () => {
      if (this.#state !== 'closed') this.#close(new NetworkError('closed', reason))
    })
  }

  #sendData(bytes: Uint8Array): void {
    const nowMs = this.#options.scheduler.nowMs
    const last = this.#inFlight.at(-1)
    // Writes of one instant travel together, as they would through a socket's buffer.
    if (last?.kind === 'data' && last.sentMs === nowMs) {
      last.parts.push(bytes)
      last.arrivesMs += this.#options.link.transferMs(bytes.length)
      this.#lastArrivalMs = last.arrivesMs
      return
    }
    this.#send({ kind: 'data', sentMs: nowMs, arrivesMs: 0, parts: [bytes] })
  }

  #send(segment: Segment): void {
    const { scheduler, link } = this.#options
    // In order: nothing arrives before what was sent before it, nor while that still arrives.
    segment.arrivesMs = Math.max(this.#lastArrivalMs, scheduler.nowMs + link.delayMs())
    if (segment.kind === 'data') segment.arrivesMs += link.transferMs(totalBytes(segment.parts))
    this.#lastArrivalMs = segment.arrivesMs
    this.#inFlight.push(segment)
    this.#arm()
  }

  #arm(): void {
    const first = this.#inFlight[0]
    if (this.#isArmed || first === undefined) return
    this.#isArmed = true
    this.#options.scheduler.at(first.arrivesMs, () => {
      this.#isArmed = false
      this.#arrive()
    })
  }

  /** The first segments in flight have reached the other end, if the link lets them. */
  #arrive(): void {
    const { link, plane, scheduler } = this.#options
    if (this.#inFlight.length === 0) return
    if (!link.isOpen(plane)) {
      this.#stall()
      return
    }
    this.#stalledSinceMs = undefined
    if (this.#inFlight[0]?.kind === 'data' && link.resets()) {
      this.#breakBoth('the connection was reset')
      return
    }
    for (;;) {
      const segment = this.#inFlight[0]
      if (segment === undefined || segment.arrivesMs > scheduler.nowMs) break
      this.#inFlight.shift()
      this.#far.#receive(segment, link)
    }
    this.#arm()
  }

  #stall(): void {
    const { link, plane, scheduler, stallLimitMs } = this.#options
    this.#isArmed = true
    link.whenOpen(plane, () => {
      this.#isArmed = false
      this.#arrive()
    })
    if (this.#stalledSinceMs !== undefined) return
    this.#stalledSinceMs = scheduler.nowMs
    this.#breakAfter(stallLimitMs, scheduler.nowMs)
  }

  /** Breaks a connection that is stuck since then, if it is a blockade and not only a clog. */
  #breakAfter(delayMs: number, sinceMs: number): void {
    const { link, plane, scheduler } = this.#options
    scheduler.after(delayMs, () => {
      if (this.#stalledSinceMs !== sinceMs || this.#state === 'closed') return
      if (!link.isBlocked(plane)) {
        this.#breakAfter(delayMs, sinceMs)
        return
      }
      // The other end cannot know yet: it hears of it when the link opens.
      this.#inFlight = []
      this.#send({ kind: 'reset', arrivesMs: 0 })
      this.#close(new NetworkError('closed', 'no acknowledgement came for too long'))
    })
  }

  #breakBoth(reason: string): void {
    this.#inFlight = []
    this.break(reason, 0)
    this.#far.break(reason, 0)
  }

  #receive(segment: Segment, link: Link): void {
    if (this.#state === 'closed') {
      // Nobody is here to acknowledge. Usually the sender has heard of it by then.
      const { stallLimitMs } = this.#options
      if (segment.kind === 'data') this.#far.break('nobody acknowledged', stallLimitMs)
      return
    }
    this.#record(segment)
    if (segment.kind === 'reset') {
      // Unlike an end, a reset does not wait for what is unread.
      this.#inbox = []
      this.#closing = { error: new NetworkError('closed', 'the other side is gone') }
    } else if (segment.kind === 'end') {
      this.#closing ??= { error: undefined }
    } else if (this.#state === 'ending') {
      for (const part of segment.parts) this.#far.#handedOver(part.length)
    } else {
      this.#inbox.push(...split(segment.parts, link))
    }
    this.#options.gate.enter(() => this.#deliver())
  }

  #record(segment: Segment): void {
    const { trace, scheduler, node, connection } = this.#options
    if (segment.kind !== 'data') {
      trace.event(scheduler.nowMs, node, segment.kind, connection)
      return
    }
    const hash = new RollingHash()
    for (const part of segment.parts) hashEnds(hash, part)
    trace.event(scheduler.nowMs, node, 'data', `${connection} ${hash.digest()}`)
  }

  #deliverSoon(): void {
    this.#options.gate.after(0, () => this.#deliver())
  }

  #deliver(): void {
    const handlers = this.#handlers
    if (handlers === undefined) return
    while (this.#state === 'open' && !this.#isPaused) {
      const chunk = this.#inbox.shift()
      if (chunk === undefined) break
      this.#far.#handedOver(chunk.length)
      handlers.onData(chunk)
    }
    const closing = this.#closing
    if (this.#state !== 'closed' && closing !== undefined && this.#inbox.length === 0) {
      // An orderly end is answered in kind.
      if (closing.error === undefined && this.#state === 'open') {
        this.#send({ kind: 'end', arrivesMs: 0 })
      }
      this.#close(closing.error)
    }
    const untold = this.#untold
    if (untold === undefined) return
    this.#untold = undefined
    handlers.onClose(untold.error)
  }

  /** The other side has taken `bytes`. */
  #handedOver(bytes: number): void {
    this.#queuedBytes -= bytes
    if (!this.#mustDrain || this.#queuedBytes >= lowMarkBytes) return
    this.#mustDrain = false
    this.#options.gate.after(0, () => {
      if (this.#state === 'open') this.#handlers?.onDrain?.()
    })
  }

  #close(error: Error | undefined): void {
    this.#state = 'closed'
    this.#inbox = []
    this.#untold = { error }
    this.#options.onClosed(this)
    this.#deliverSoon()
  }
}

function split(parts: readonly Uint8Array[], link: Link): readonly Uint8Array[] {
  const first = parts[0]
  const cutAt = first === undefined ? 0 : link.splitAt(first.length)
  if (first === undefined || cutAt === 0) return parts
  return [first.subarray(0, cutAt), first.subarray(cutAt), ...parts.slice(1)]
}

/** Length, head and tail: enough to tell frames apart without reading megabytes. */
function hashEnds(hash: RollingHash, bytes: Uint8Array): void {
  hash.u32(bytes.length)
  hash.bytes(bytes.subarray(0, 64))
  if (bytes.length > 64) hash.bytes(bytes.subarray(Math.max(64, bytes.length - 64)))
}
