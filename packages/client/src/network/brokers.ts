// The brokers of a cluster as this client reaches them: addresses, one connection per broker and
// lane, versions. Everything that goes over the wire goes through here.

import type { BackoffOptions, Random } from '@klamm/base'
import { type Address, addressText } from '@klamm/base/env'
import type { ApiSchema, RequestOf, ResponseOf } from '@klamm/protocol'
import { diagnostics } from '../diagnostics.ts'
import type { ClientEnv } from '../env.ts'
import { KafkaError } from '../errors.ts'
import { Call, type RequestTrace } from './call.ts'
import { Channel } from './channel.ts'
import { firstReady } from './first-ready.ts'
import { within } from './within.ts'

/**
 * Separate connections to the same broker: answers on one connection come in the order of the
 * requests, so a long poll or a parked JoinGroup would hold up everything behind it.
 */
export type Lane = 'main' | 'fetch' | 'coordinator'

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /**
   * How long to wait for the answer, connecting included, in ms; the client's `requestTimeoutMs`
   * when left out. A long poll adds what it asks the broker to wait.
   */
  readonly timeoutMs?: number | undefined
  /** `main` when left out. */
  readonly lane?: Lane | undefined
  /** No higher version is used, for example when topic ids are unknown. */
  readonly maxVersion?: number | undefined
}

/** A broker's id, or any broker that can be reached, the bootstrap addresses included. */
export type Target = number | 'any'

/** What a request says, or says in the version that was chosen for it. */
export type RequestBody<S extends ApiSchema> = RequestOf<S> | ((version: number) => RequestOf<S>)

/** Where a broker is, as a Metadata or FindCoordinator response, or a leader hint, tells it. */
export interface BrokerEndpoint {
  readonly id: number
  readonly host: string
  readonly port: number
  /** Null when the broker has none, or the response does not say. */
  readonly rack: string | null
}

export interface BrokersOptions {
  readonly env: ClientEnv
  readonly clientId: string
  /** At least one; asked while nothing is known, and again when nobody else can be reached. */
  readonly bootstrap: readonly Address[]
  readonly connectionTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly retry: BackoffOptions
}

export class Brokers implements AsyncDisposable {
  readonly #options: BrokersOptions
  /** By lane and address: a bootstrap connection goes on as the one to the broker it is. */
  readonly #channels = new Map<string, Channel>()
  readonly #endpoints = new Map<number, BrokerEndpoint>()
  /** Ids by address, for errors and events. */
  readonly #ids = new Map<string, number>()
  /** Searches for any broker under way, by lane. */
  readonly #searches = new Map<Lane, Promise<Channel>>()
  #closed: KafkaError | undefined

  constructor(options: BrokersOptions) {
    this.#options = options
  }

  /**
   * Sends a request in the highest version that both sides speak and resolves with the answer,
   * whatever error codes it holds. Requests of one lane to one broker are written in the order of
   * the calls; when the connection is up, within the call.
   *
   * Rejects with KafkaError ERR_CONNECTION (the request may have been carried out),
   * ERR_REQUEST_TIMEOUT, ERR_ABORTED, ERR_UNSUPPORTED_VERSION, ERR_PROTOCOL or ERR_CLOSED.
   */
  request<S extends ApiSchema>(
    target: Target,
    schema: S,
    body: RequestBody<S>,
    options: RequestOptions = {},
  ): Promise<ResponseOf<S>> {
    return this.#call(target, schema, body, options, true) as Promise<ResponseOf<S>>
  }

  /**
   * Sends a request that has no answer (Produce with acks 0). Resolves when it was handed to the
   * socket; rejects as `request` does.
   */
  post<S extends ApiSchema>(
    target: Target,
    schema: S,
    body: RequestBody<S>,
    options: RequestOptions = {},
  ): Promise<void> {
    return this.#call(target, schema, body, options, false) as Promise<void>
  }

  /** The version that `request` would use now. Connects if needed; rejects as `request` does. */
  async versionFor(
    target: Target,
    schema: ApiSchema,
    options: RequestOptions = {},
  ): Promise<number> {
    const lane = options.lane ?? 'main'
    const wait = async (): Promise<number> => {
      const channel = target === 'any' ? await this.#search(lane) : this.#channelTo(target, lane)
      for (;;) {
        const { versions } = channel
        if (versions !== undefined) return versions.choose(schema, options.maxVersion)
        await channel.ready()
      }
    }
    const { clock } = this.#options.env
    return within(wait(), clock, this.#timeoutMs(options), `the version of ${schema.name}`, options)
  }

  /**
   * Takes note of where brokers are; `isComplete` when there are no others. A broker that moved is
   * connected to anew.
   */
  learn(endpoints: readonly BrokerEndpoint[], { isComplete = false } = {}): void {
    if (isComplete) {
      const ids = new Set(endpoints.map(({ id }) => id))
      for (const id of this.#endpoints.keys()) if (!ids.has(id)) this.#endpoints.delete(id)
    }
    for (const endpoint of endpoints) {
      // Not every response tells racks.
      const rack = endpoint.rack ?? this.#endpoints.get(endpoint.id)?.rack ?? null
      this.#endpoints.set(endpoint.id, { ...endpoint, rack })
    }
    this.#ids.clear()
    for (const endpoint of this.#endpoints.values()) {
      this.#ids.set(addressText(addressOf(endpoint)), endpoint.id)
    }
    this.#closeUnused()
  }

  /** Brokers whose address is known. */
  get known(): ReadonlyMap<number, BrokerEndpoint> {
    return this.#endpoints
  }

  /** Closes every connection now. What waits rejects with ERR_CLOSED. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= new KafkaError('ERR_CLOSED', 'the client was closed')
    for (const channel of this.#channels.values()) channel.close(this.#closed)
    this.#channels.clear()
    await Promise.allSettled(this.#searches.values())
  }

  #call<S extends ApiSchema>(
    target: Target,
    schema: S,
    body: RequestBody<S>,
    options: RequestOptions,
    hasAnswer: boolean,
  ): Promise<unknown> {
    const { clientId, env } = this.#options
    const brokerId = target === 'any' ? undefined : target
    const trace: RequestTrace | undefined = diagnostics.request.hasSubscribers
      ? { clientId, brokerId, api: schema.name, version: undefined }
      : undefined
    const call = new Call({
      schema,
      body,
      clock: env.clock,
      timeoutMs: this.#timeoutMs(options),
      signal: options.signal,
      maxVersion: options.maxVersion,
      hasAnswer,
      brokerId,
      trace,
    })
    this.#dispatch(target, options.lane ?? 'main', call)
    if (trace === undefined) return call.promise
    return diagnostics.request.tracePromise(() => call.promise, trace)
  }

  #dispatch(target: Target, lane: Lane, call: Call): void {
    if (call.isOver) return
    try {
      const channel = target === 'any' ? this.#readyChannel(lane) : this.#channelTo(target, lane)
      if (channel !== undefined) channel.send(call)
      else {
        this.#search(lane).then(
          found => found.send(call),
          (error: unknown) => call.fail(error),
        )
      }
    } catch (error) {
      call.fail(error)
    }
  }

  /** The way to one broker, whether it is connected or not. Throws KafkaError. */
  #channelTo(brokerId: number, lane: Lane): Channel {
    const endpoint = this.#endpoints.get(brokerId)
    if (endpoint !== undefined) return this.#channel(addressOf(endpoint), lane)
    if (this.#closed !== undefined) throw this.#closed
    throw new KafkaError('ERR_CONNECTION', `where broker ${brokerId} is, is not known`, {
      brokerId,
    })
  }

  #channel(address: Address, lane: Lane): Channel {
    if (this.#closed !== undefined) throw this.#closed
    const text = addressText(address)
    const key = `${lane} ${text}`
    let channel = this.#channels.get(key)
    if (channel === undefined) {
      const { env, clientId, connectionTimeoutMs, requestTimeoutMs, retry } = this.#options
      channel = new Channel({
        env,
        clientId,
        address,
        lane,
        connectionTimeoutMs,
        requestTimeoutMs,
        retry,
        brokerId: () => this.#ids.get(text),
      })
      this.#channels.set(key, channel)
    }
    return channel
  }

  /** The least busy one that is connected. */
  #readyChannel(lane: Lane): Channel | undefined {
    let best: Channel | undefined
    for (const [key, channel] of this.#channels) {
      if (!channel.isReady || channel.isDoubtful || !key.startsWith(`${lane} `)) continue
      if (best === undefined || channel.load < best.load) best = channel
    }
    return best
  }

  #search(lane: Lane): Promise<Channel> {
    const ready = this.#readyChannel(lane)
    if (ready !== undefined) return Promise.resolve(ready)
    let search = this.#searches.get(lane)
    if (search === undefined) {
      search = this.#firstReady(lane).finally(() => this.#searches.delete(lane))
      this.#searches.set(lane, search)
    }
    return search
  }

  async #firstReady(lane: Lane): Promise<Channel> {
    return firstReady(this.#options.env.clock, this.#candidates(lane))
  }

  /** Brokers that are known, then bootstrap addresses, each in any order; failed ones last. */
  #candidates(lane: Lane): Channel[] {
    const { env, bootstrap } = this.#options
    const known = [...this.#endpoints.values()].map(addressOf)
    const texts = new Set(known.map(addressText))
    const others = bootstrap.filter(address => !texts.has(addressText(address)))
    const channels = [...shuffled(known, env.random), ...shuffled(others, env.random)].map(
      address => this.#channel(address, lane),
    )
    return channels.sort((a, b) => Number(a.isDoubtful) - Number(b.isDoubtful))
  }

  /** Ways to where no broker is any more. Those with requests on them are left to end. */
  #closeUnused(): void {
    const used = new Set(this.#ids.keys())
    for (const address of this.#options.bootstrap) used.add(addressText(address))
    for (const [key, channel] of this.#channels) {
      if (used.has(key.slice(key.indexOf(' ') + 1)) || channel.load > 0) continue
      this.#channels.delete(key)
      channel.close(new KafkaError('ERR_CONNECTION', 'no broker is there any more'))
    }
  }

  #timeoutMs(options: RequestOptions): number {
    return options.timeoutMs ?? this.#options.requestTimeoutMs
  }
}

function addressOf({ host, port }: BrokerEndpoint): Address {
  return { kind: 'tcp', host, port }
}

function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let i = result.length - 1; i > 0; i--) {
    const j = random.below(i + 1)
    const [a, b] = [result[i], result[j]]
    if (a !== undefined) result[j] = a
    if (b !== undefined) result[i] = b
  }
  return result
}
