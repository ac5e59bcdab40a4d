// A cluster that does what the test says: brokers on a simulated network in virtual time, with
// sensible answers by default, and any answer, silence or loss by script.

import type { ApiSchema, RequestOf, ResponseOf } from '@klamm/protocol'
import type { SimWorld } from '@klamm/sim'
import type { ClientEnv } from '../env.ts'
import type { KafkaError } from '../errors.ts'
import type { KafkaOptions } from '../options.ts'

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
  /** Virtual ms. */
  readonly atMs: number
  /** Which connection of that broker, from 0: tells lanes and reconnections apart. */
  readonly connection: number
  /** Waits in virtual time. */
  sleep(ms: number): Promise<void>
}

/**
 * What a broker does with a request. `drop`: no answer to this one, and so to none behind it on
 * the connection. `close`: the connection ends instead. `cut`: half an answer, then the end.
 * `garbage`: bytes that are no answer. Undefined: what it does by default.
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

export declare class FakeCluster implements AsyncDisposable {
  constructor(options?: FakeClusterOptions)
  readonly world: SimWorld
  /** The world of the client under test. */
  readonly env: ClientEnv
  /** `host:port` of every broker. */
  readonly bootstrap: readonly string[]
  /** Options for `new Kafka` or `openCore` that reach this cluster. */
  options(more?: Partial<KafkaOptions>): KafkaOptions
  /** Virtual ms since the start. */
  readonly nowMs: number

  /** Lets virtual time pass until the promise settles; gives its value. */
  settle<T>(promise: Promise<T>): Promise<T>
  /** Lets virtual time pass until the promise rejects; gives the KafkaError. */
  rejection(promise: Promise<unknown>): Promise<KafkaError>
  /** Lets so much virtual time pass. */
  run(ms: number): Promise<void>
  /** Lets virtual time pass until the condition holds; fails after `limitMs` (60 s). */
  until(condition: () => boolean, limitMs?: number): Promise<void>

  /** From now on requests of this API are answered by the test. */
  on<S extends ApiSchema>(schema: S, respond: Responder<S>): void
  /** The next request of this API alone; several queue up. */
  once<S extends ApiSchema>(schema: S, answer: Answer<S> | Responder<S>): void
  /** What was asked so far. */
  requests<S extends ApiSchema>(schema: S): readonly RecordedRequest<S>[]
  /** Answers of this broker take so much longer. */
  delay(brokerId: number, ms: number): void
  /** What brokers say they speak; undefined: not at all. Of connections made from now on. */
  versions(schema: ApiSchema, range: readonly [number, number] | undefined): void

  /** The process ends: connections close, new ones are refused, its partitions are led by others. */
  kill(brokerId: number, options?: { readonly keepLeaders?: boolean }): void
  /** Power is cut: nothing answers any more, not even a refusal. */
  vanish(brokerId: number): void
  restart(brokerId: number): Promise<void>
  /** Ends every connection between the client and this broker; it can be reached again at once. */
  disconnect(brokerId: number): void

  createTopic(name: string, partitions: number): void
  deleteTopic(name: string): void
  addPartitions(name: string, partitions: number): void
  /** -1: no leader. Raises the epoch. */
  moveLeader(topic: string, partition: number, brokerId: number): void
  /** The coordinator of a group or transactional id; broker 1 unless said otherwise. */
  setCoordinator(key: string, brokerId: number): void

  /** Record batches of a partition as stored: base offset and leader epoch set. */
  batches(topic: string, partition: number): readonly Uint8Array[]
  /** Appends batches as a producer would. Returns the base offset. */
  append(topic: string, partition: number, batch: Uint8Array): number
  /** Records before the offset are gone. */
  trim(topic: string, partition: number, logStartOffset: number): void
  /** What was committed: the next offset to read; undefined when nothing was. */
  committed(groupId: string, topic: string, partition: number): number | undefined

  /** Timers that the client has set, and connections it has open: 0 after a proper close. */
  readonly pendingTimers: number
  readonly openConnections: number;
  [Symbol.asyncDispose](): Promise<void>
}
