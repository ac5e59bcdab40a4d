// A cluster that does what the test says: brokers on a simulated network in virtual time, with
// sensible answers by default, and any answer, silence or loss by script.

import {
  AllocateProducerIds,
  AlterPartition,
  type ApiSchema,
  apiSchemas,
  BrokerHeartbeat,
  BrokerRegistration,
  Envelope,
  errorCodes,
  type RequestOf,
  type ResponseOf,
} from '@klamm/protocol'
import { SimWorld } from '@klamm/sim'
import type { ClientEnv } from '../env.ts'
import { KafkaError } from '../errors.ts'
import type { KafkaOptions } from '../options.ts'
import { CountingEnv } from './counting-env.ts'
import { defaultAnswer, endpointOf, versionsResponse } from './default-answers.ts'
import { type AnyAnswer, type Asked, FakeConnection } from './fake-connection.ts'
import { FakeState } from './fake-state.ts'

export interface FakeClusterOptions {
  /** Brokers 1 to n; 3 when left out. */
  readonly brokers?: number
  /** Partitions by topic. Partition p is led by broker p % n + 1, replicated on all. */
  readonly topics?: Readonly<Record<string, number>>
  /** Seeds delays and back-off; 1 when left out. */
  readonly seed?: number
}

export interface RequestContext {
  readonly brokerId: number
  readonly version: number
  readonly clientId: string | null
  /** When it came, in virtual ms. */
  readonly atMs: number
  /** Which connection of all, from 0: tells lanes and reconnections apart. */
  readonly connection: number
  nowMs(): number
  /** Waits in virtual time. */
  sleep(ms: number): Promise<void>
}

/**
 * What a broker does with a request. `drop`: no answer to this one, and so to none behind it on
 * the connection. `close`: the connection ends instead. `cut`: the beginning of an answer, then
 * the end. `garbage`: bytes that are no answer. Undefined: what it does by default.
 */
export type Answer<S extends ApiSchema> =
  | ResponseOf<S>
  | 'drop'
  | 'close'
  | 'cut'
  | 'garbage'
  | undefined

export type Responder<S extends ApiSchema> = (
  request: RequestOf<S>,
  context: RequestContext,
) => Answer<S> | Promise<Answer<S>>

export interface RecordedRequest<S extends ApiSchema = ApiSchema> extends RequestContext {
  readonly schema: S
  readonly request: RequestOf<S>
}

type AnyResponder = (request: never, context: RequestContext) => unknown

/** Between brokers only. */
const internal: ReadonlySet<ApiSchema> = new Set<ApiSchema>([
  AllocateProducerIds,
  AlterPartition,
  BrokerHeartbeat,
  BrokerRegistration,
  Envelope,
])

export class FakeCluster implements AsyncDisposable {
  readonly world: SimWorld
  readonly #state: FakeState
  readonly #counting: CountingEnv
  readonly #responders = new Map<number, AnyResponder>()
  readonly #once = new Map<number, AnyResponder[]>()
  readonly #requests: RecordedRequest[] = []
  readonly #delays = new Map<number, number>()
  readonly #ranges = new Map<number, readonly [number, number] | undefined>()
  readonly #connections = new Map<FakeConnection, number>()
  readonly #failures: unknown[] = []
  #nextConnection = 0

  constructor(options: FakeClusterOptions = {}) {
    const { brokers = 3, topics = {}, seed = 1 } = options
    this.world = new SimWorld({ seed })
    const ids = Array.from({ length: brokers }, (_, i) => i + 1)
    this.#state = new FakeState(ids, this.world.random('fake'))
    this.#counting = new CountingEnv(this.world.node('client').start())
    for (const [name, partitions] of Object.entries(topics)) this.createTopic(name, partitions)
    for (const id of ids) this.#start(id)
  }

  /** The world of the client under test. */
  get env(): ClientEnv {
    return this.#counting.env
  }

  /** `host:port` of every broker. */
  get bootstrap(): readonly string[] {
    return this.#state.brokerIds.map(id => `broker-${id}:9092`)
  }

  /** Virtual ms since the start. */
  get nowMs(): number {
    return this.world.scheduler.nowMs
  }

  /** Options for `new Kafka` or `openCore` that reach this cluster. */
  options(more: Partial<KafkaOptions> = {}): KafkaOptions {
    return { brokers: this.bootstrap, env: this.env, ...more }
  }

  /** Lets virtual time pass until the promise settles; gives its value. */
  async settle<T>(promise: Promise<T>): Promise<T> {
    const settled = await this.world.scheduler.settle(promise.then(value => [value] as const))
    this.#throwFailure()
    return settled[0]
  }

  /** Lets virtual time pass until the promise rejects; gives the KafkaError. */
  rejection(promise: Promise<unknown>): Promise<KafkaError> {
    return this.settle(rejectionOf(promise))
  }

  /** As `rejection`, for promises that may reject at the same time. */
  rejections(promises: readonly Promise<unknown>[]): Promise<KafkaError[]> {
    return this.settle(Promise.all(promises.map(rejectionOf)))
  }

  /** Lets so much virtual time pass. */
  async run(ms: number): Promise<void> {
    await this.world.scheduler.runFor(ms)
    this.#throwFailure()
  }

  /** Lets virtual time pass until the condition holds; fails after `limitMs`. */
  async until(condition: () => boolean, limitMs = 60_000): Promise<void> {
    const isMet = await this.world.scheduler.runUntilTrue(condition, limitMs)
    this.#throwFailure()
    if (!isMet) throw new Error(`the condition was not met within ${limitMs} ms`)
  }

  /** From now on requests of this API are answered by the test. */
  on<S extends ApiSchema>(schema: S, respond: Responder<S>): void {
    this.#responders.set(schema.key, respond)
  }

  /** The next request of this API alone; several queue up. */
  once<S extends ApiSchema>(schema: S, answer: Answer<S> | Responder<S>): void {
    const queue = this.#once.get(schema.key) ?? []
    queue.push(typeof answer === 'function' ? (answer as AnyResponder) : () => answer)
    this.#once.set(schema.key, queue)
  }

  /** What was asked so far, in the order in which it came. */
  requests<S extends ApiSchema>(schema: S): readonly RecordedRequest<S>[] {
    const isOfSchema = (asked: RecordedRequest): asked is RecordedRequest<S> =>
      asked.schema.key === schema.key
    return this.#requests.filter(isOfSchema)
  }

  /** Answers of this broker take so much longer. */
  delay(brokerId: number, ms: number): void {
    this.#delays.set(brokerId, ms)
  }

  /** What brokers say they speak; undefined: not at all. Of connections made from now on. */
  versions(schema: ApiSchema, range: readonly [number, number] | undefined): void {
    this.#ranges.set(schema.key, range)
  }

  /**
   * The process ends: connections close, new ones are refused. What it led is led by others, unless
   * `keepLeaders`.
   */
  kill(brokerId: number, { keepLeaders = false } = {}): void {
    this.#down(brokerId, 'process', keepLeaders)
  }

  /** Power is cut: nothing answers any more, not even a refusal. */
  vanish(brokerId: number, { keepLeaders = false } = {}): void {
    this.#down(brokerId, 'power', keepLeaders)
  }

  restart(brokerId: number): void {
    this.#state.alive.add(brokerId)
    this.#start(brokerId)
  }

  /** Ends every connection between the client and this broker; it can be reached again at once. */
  disconnect(brokerId: number): void {
    for (const [connection, id] of [...this.#connections]) if (id === brokerId) connection.close()
  }

  createTopic(name: string, partitions: number): void {
    this.#state.createTopic(name, partitions)
  }

  deleteTopic(name: string): void {
    this.#state.topics.delete(name)
  }

  /** Up to so many in all. */
  addPartitions(name: string, partitions: number): void {
    this.#state.addPartitions(name, partitions)
  }

  topicId(name: string): string {
    return this.#state.topic(name).topicId
  }

  leader(topic: string, partition: number): number {
    return this.#state.partition(topic, partition).leaderId
  }

  /** -1: no leader. Raises the epoch. */
  moveLeader(topic: string, partition: number, brokerId: number): void {
    this.#state.lead(this.#state.partition(topic, partition), brokerId)
  }

  /** The coordinator of a group or transactional id; -1: none. The first broker otherwise. */
  setCoordinator(key: string, brokerId: number): void {
    this.#state.coordinators.set(key, brokerId)
  }

  /** Record batches of a partition as stored: base offset and leader epoch set. */
  batches(topic: string, partition: number): readonly Uint8Array[] {
    return this.#state.partition(topic, partition).log.batches
  }

  /** Appends a batch as a producer would. Returns the base offset. */
  append(topic: string, partition: number, batch: Uint8Array): number {
    const { log, leaderEpoch } = this.#state.partition(topic, partition)
    const appended = log.append(batch, leaderEpoch)
    if ('error' in appended) throw new Error(appended.error)
    this.#state.appended()
    return appended.baseOffset
  }

  /** Records before the offset are gone. */
  trim(topic: string, partition: number, logStartOffset: number): void {
    this.#state.partition(topic, partition).log.logStartOffset = logStartOffset
  }

  /** The brokers do not know any more what producers sent before. */
  forgetProducers(topic: string, partition: number): void {
    this.#state.partition(topic, partition).log.forgetProducers()
  }

  /** What was committed: the next offset to read; undefined when nothing was. */
  committed(groupId: string, topic: string, partition: number): number | undefined {
    return this.#state.committed.get(groupId)?.get(`${topic}-${partition}`)?.offset
  }

  /** Timers that the client has set: 0 after a proper close. */
  get pendingTimers(): number {
    return this.#counting.pendingTimers
  }

  /** Connections to brokers that live. The brokers see a close a moment after the client. */
  get openConnections(): number {
    return this.#connections.size
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#throwFailure()
  }

  #start(brokerId: number): void {
    const { network } = this.world.node(`broker-${brokerId}`).start()
    network
      .listen({ kind: 'tcp', ...endpointOf(brokerId) }, stream => {
        const number = this.#nextConnection++
        const connection: FakeConnection = new FakeConnection(stream, {
          rangeOf: schema => this.#rangeOf(schema),
          answer: asked => this.#answer(brokerId, number, asked),
          unsupported: () => {
            const context = { schemas: apiSchemas, rangeOf: this.#rangeOf }
            return versionsResponse(context, errorCodes.UNSUPPORTED_VERSION)
          },
          onFailure: error => this.#failures.push(error),
          onClose: () => this.#connections.delete(connection),
        })
        this.#connections.set(connection, brokerId)
      })
      .catch((error: unknown) => this.#failures.push(error))
  }

  #down(brokerId: number, kind: 'process' | 'power', keepLeaders: boolean): void {
    this.world.node(`broker-${brokerId}`).crash(kind)
    for (const [connection, id] of this.#connections) {
      if (id === brokerId) this.#connections.delete(connection)
    }
    this.#state.alive.delete(brokerId)
    if (!keepLeaders) this.#state.failOver(brokerId)
  }

  readonly #rangeOf = (schema: ApiSchema): readonly [number, number] | undefined => {
    if (this.#ranges.has(schema.key)) return this.#ranges.get(schema.key)
    return internal.has(schema) ? undefined : schema.versions
  }

  async #answer(brokerId: number, connection: number, asked: Asked): Promise<AnyAnswer> {
    const { schema, version, clientId, request } = asked
    const { scheduler } = this.world
    const sleep = (ms: number): Promise<void> =>
      new Promise(resolve => void scheduler.after(ms, resolve))
    const context = {
      brokerId,
      version,
      clientId,
      atMs: this.nowMs,
      connection,
      nowMs: () => this.nowMs,
      sleep,
    }
    this.#requests.push({ ...context, schema, request })
    const delayMs = this.#delays.get(brokerId) ?? 0
    if (delayMs > 0) await sleep(delayMs)
    const respond = this.#once.get(schema.key)?.shift() ?? this.#responders.get(schema.key)
    const scripted = await respond?.(request as never, context)
    if (scripted !== undefined) return scripted as AnyAnswer
    return defaultAnswer(schema, request, {
      ...context,
      state: this.#state,
      rangeOf: this.#rangeOf,
      schemas: apiSchemas,
    })
  }

  #throwFailure(): void {
    const [failure] = this.#failures.splice(0)
    if (failure !== undefined) throw failure
  }
}

async function rejectionOf(promise: Promise<unknown>): Promise<KafkaError> {
  try {
    await promise
  } catch (error) {
    if (KafkaError.is(error)) return error
    throw error
  }
  throw new Error('the promise was fulfilled')
}
