// The simulated network: who listens where, how connections come about, and the faults a test can
// throw at it. Streams are in stream.ts, delays and blockades in links.ts.

import { assert, type Random } from '@klamm/base'
import {
  type Address,
  addressText,
  type ByteStream,
  type Listener,
  type Network,
  NetworkError,
} from '@klamm/base/env'
import type { Gate } from './gate.ts'
import { defaultLink, type LinkOptions, Links, type Plane } from './links.ts'
import type { Scheduler } from './scheduler.ts'
import { SimStream } from './stream.ts'
import type { Trace } from './trace.ts'

/** One incarnation of a node, as the network knows it. */
export interface NetworkNode {
  readonly name: string
  readonly gate: Gate
}

/** `process`: the kernel lives and closes the sockets. `power`: silence. */
export type CrashKind = 'process' | 'power'

export interface SimNetworkOptions {
  readonly link?: Partial<LinkOptions>
  /** How long bytes may be stuck before their connection breaks, in ms. */
  readonly stallLimitMs?: number
  /** How long `connect` tries when nobody answers, in ms. */
  readonly connectTimeoutMs?: number
  /** After a power cut the others notice within this time, in ms. */
  readonly powerNoticeMs?: number
}

interface Listening {
  readonly node: NetworkNode
  readonly plane: Plane
  readonly onStream: (stream: ByteStream) => void
}

const bothPlanes: readonly Plane[] = ['client', 'peer']
const wildcardHosts: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

/** Each wait between two attempts to connect while the link is blocked, in ms. */
const synRetryMs = 1_000

export class SimNetwork {
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #trace: Trace
  readonly #links: Links
  readonly #options: Required<Omit<SimNetworkOptions, 'link'>>
  readonly #listening = new Map<string, Listening>()
  /** Who listened last on an address: where a packet to it goes, answered or not. */
  readonly #owners = new Map<string, string>()
  /** Machines without power do not even refuse. */
  readonly #dark = new Set<string>()
  readonly #streams = new Set<SimStream>()
  #nextPort = 30_000
  #nextConnection = 0

  constructor(scheduler: Scheduler, random: Random, trace: Trace, options: SimNetworkOptions = {}) {
    this.#scheduler = scheduler
    this.#random = random
    this.#trace = trace
    this.#links = new Links(scheduler, random, { ...defaultLink, ...options.link })
    this.#options = {
      stallLimitMs: options.stallLimitMs ?? 20_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
      powerNoticeMs: options.powerNoticeMs ?? 5_000,
    }
  }

  /** The network as one incarnation of a node sees it, on one of the two planes. */
  attach(node: NetworkNode, plane: Plane): Network {
    this.#dark.delete(node.name)
    return {
      listen: async (address, onStream) => this.#listen(node, plane, address, onStream),
      connect: (address, signal) => this.#connect(node, plane, address, signal),
    }
  }

  /** The node's gate is closed: its sockets go the way its end goes. */
  nodeDied(name: string, kind: CrashKind): void {
    for (const [key, { node }] of this.#listening) {
      if (node.name === name) this.#listening.delete(key)
    }
    if (kind === 'power') this.#dark.add(name)
    for (const stream of [...this.#streams]) {
      if (stream.node !== name) continue
      const keep = this.#random.below(stream.segmentsInFlight + 1)
      const noticeMs = kind === 'power' ? this.#random.float() * this.#options.powerNoticeMs : 0
      stream.vanish(keep, noticeMs)
    }
  }

  /** Changes the links both ways between two nodes. */
  setLink(a: string, b: string, options: Partial<LinkOptions>): void {
    this.#links.link(a, b).set(options)
    this.#links.link(b, a).set(options)
  }

  /** Changes all links. */
  setAllLinks(options: Partial<LinkOptions>): void {
    this.#links.setAll(options)
  }

  /** Nothing gets from `from` to `to` any more; the way back stays as it is. */
  block(from: string, to: string, planes: readonly Plane[] = bothPlanes): void {
    for (const plane of planes) this.#links.link(from, to).block(plane)
  }

  unblock(from: string, to: string, planes: readonly Plane[] = bothPlanes): void {
    for (const plane of planes) this.#links.link(from, to).unblock(plane)
  }

  /** No node of one group reaches a node of another, in either direction. */
  partition(groups: readonly (readonly string[])[], planes: readonly Plane[] = bothPlanes): void {
    for (const group of groups) {
      for (const other of groups) {
        if (group === other) continue
        for (const from of group) for (const to of other) this.block(from, to, planes)
      }
    }
  }

  /** Holds back what goes from `from` to `to` for a while. */
  clog(from: string, to: string, durationMs: number): void {
    this.#links.link(from, to).clog(durationMs)
  }

  /** Breaks every connection between two nodes. New ones can be made at once. */
  cut(a: string, b: string): void {
    for (const stream of [...this.#streams]) {
      const [here, there] = [stream.node, stream.otherNode]
      if ((here === a && there === b) || (here === b && there === a)) {
        stream.break('the connection was cut', 0)
      }
    }
  }

  /** Ends every blockade and clog. Delays and losses stay as they were set. */
  heal(): void {
    this.#links.heal()
  }

  /** Open ends of connections, for tests of leaks. */
  get openStreams(): number {
    return this.#streams.size
  }

  #listen(
    node: NetworkNode,
    plane: Plane,
    asked: Address,
    onStream: (stream: ByteStream) => void,
  ): Listener {
    const address = this.#boundAddress(node, asked)
    const key = addressText(address)
    if (this.#listening.has(key)) {
      throw new NetworkError('addressInUse', `somebody listens on ${key} already`)
    }
    const listening = { node, plane, onStream }
    this.#listening.set(key, listening)
    this.#owners.set(key, node.name)
    return {
      address,
      close: async () => {
        if (this.#listening.get(key) === listening) this.#listening.delete(key)
      },
    }
  }

  #boundAddress(node: NetworkNode, asked: Address): Address {
    if (asked.kind !== 'tcp') return asked
    const host = wildcardHosts.has(asked.host) ? node.name : asked.host
    return { kind: 'tcp', host, port: asked.port === 0 ? this.#nextPort++ : asked.port }
  }

  #connect(
    node: NetworkNode,
    plane: Plane,
    address: Address,
    signal: AbortSignal | undefined,
  ): Promise<ByteStream> {
    const attempt = new Attempt(node, this.#scheduler, address, signal)
    if (attempt.isOver) return attempt.promise
    attempt.failAfter(this.#options.connectTimeoutMs)
    this.#knock(attempt, plane)
    return attempt.promise
  }

  /** Sends the first packet of a connection; sends it again while nothing gets through. */
  #knock(attempt: Attempt, plane: Plane): void {
    const from = attempt.node.name
    const to = this.#owners.get(attempt.key) ?? hostOf(attempt.address) ?? from
    const [there, back] = [this.#links.link(from, to), this.#links.link(to, from)]
    this.#scheduler.after(there.delayMs(), () => {
      if (attempt.isOver) return
      if (!there.isOpen(plane) || !back.isOpen(plane) || this.#dark.has(to)) {
        this.#scheduler.after(synRetryMs, () => {
          if (!attempt.isOver) this.#knock(attempt, plane)
        })
        return
      }
      const listening = this.#listening.get(attempt.key)
      const readyMs = this.#scheduler.nowMs + back.delayMs()
      if (listening === undefined) {
        this.#scheduler.at(readyMs, () => attempt.fail('refused', 'nobody listens on'))
      } else {
        this.#accept(attempt, plane, listening, readyMs)
      }
    })
  }

  #accept(attempt: Attempt, plane: Plane, listening: Listening, readyMs: number): void {
    const connection = `${plane}#${this.#nextConnection++}`
    const client = this.#end(attempt.node, listening.node, plane, connection, attempt.key)
    const server = this.#end(listening.node, attempt.node, plane, connection, attempt.node.name)
    SimStream.join(client, server, readyMs)
    this.#trace.event(this.#scheduler.nowMs, listening.node.name, 'accept', connection)
    listening.node.gate.enter(() => listening.onStream(server))
    this.#scheduler.at(readyMs, () => {
      if (attempt.isOver) client.destroy()
      else attempt.succeed(client)
    })
  }

  #end(
    here: NetworkNode,
    there: NetworkNode,
    plane: Plane,
    connection: string,
    remoteAddress: string,
  ): SimStream {
    const stream = new SimStream({
      scheduler: this.#scheduler,
      trace: this.#trace,
      node: here.name,
      otherNode: there.name,
      gate: here.gate,
      plane,
      remoteAddress,
      link: this.#links.link(here.name, there.name),
      connection,
      stallLimitMs: this.#options.stallLimitMs,
      onClosed: closed => this.#streams.delete(closed),
    })
    this.#streams.add(stream)
    return stream
  }
}

/** One `connect` under way. Its outcome enters the node through the gate. */
class Attempt {
  readonly node: NetworkNode
  readonly address: Address
  readonly key: string
  readonly promise: Promise<ByteStream>
  readonly #scheduler: Scheduler
  readonly #signal: AbortSignal | undefined
  readonly #settle: PromiseWithResolvers<ByteStream>
  #isOver = false

  constructor(
    node: NetworkNode,
    scheduler: Scheduler,
    address: Address,
    signal: AbortSignal | undefined,
  ) {
    this.node = node
    this.address = address
    this.key = addressText(address)
    this.#scheduler = scheduler
    this.#signal = signal
    this.#settle = Promise.withResolvers()
    this.promise = this.#settle.promise
    if (signal?.aborted === true) this.#abort()
    else signal?.addEventListener('abort', this.#abort)
  }

  get isOver(): boolean {
    return this.#isOver || !this.node.gate.isAlive
  }

  failAfter(timeoutMs: number): void {
    this.#scheduler.after(timeoutMs, () => this.fail('timeout', 'nobody answers on'))
  }

  fail(code: 'refused' | 'timeout', what: string): void {
    if (this.isOver) return
    this.#over()
    const error = new NetworkError(code, `${what} ${this.key}`)
    this.node.gate.enter(() => this.#settle.reject(error))
  }

  succeed(stream: SimStream): void {
    assert(!this.isOver, 'an attempt ends once')
    this.#over()
    this.node.gate.enter(() => this.#settle.resolve(stream))
  }

  #over(): void {
    this.#isOver = true
    this.#signal?.removeEventListener('abort', this.#abort)
  }

  readonly #abort = (): void => {
    if (this.#isOver) return
    this.#over()
    this.#settle.reject(this.#signal?.reason)
  }
}

function hostOf(address: Address): string | undefined {
  return address.kind === 'tcp' ? address.host : undefined
}
