// What a consumer tells those who listen. A listener that throws is logged and does no harm.

import type { Logger } from '@klamm/base/env'
import type { TopicPartition } from '../assignors/partitions.ts'
import type { RecordErrorAction, RecordFailure } from './record-failure.ts'

export interface ConsumerEvents {
  /** The group was joined and the assignment is known. */
  join: {
    readonly memberId: string
    readonly generationId: number
    readonly isLeader: boolean
    readonly assignment: readonly TopicPartition[]
  }
  /** Partitions came or went. `lost` ones are somebody else's already: nothing was committed. */
  rebalance: {
    readonly assigned: readonly TopicPartition[]
    readonly revoked: readonly TopicPartition[]
    readonly lost: readonly TopicPartition[]
  }
  /** Offsets, each the next one to read, were committed; or were not, with the error. */
  commit: {
    readonly offsets: readonly (TopicPartition & { readonly offset: number })[]
    readonly error: unknown
  }
  heartbeat: { readonly generationId: number }
  /**
   * Heartbeats have not got through for long: the coordinator cannot be reached, or a handler does
   * not let the event loop run. Partitions will be lost when the session ends.
   */
  'heartbeat.stalled': { readonly lateMs: number }
  /** A handler threw; it is called again unless `isFatal`. */
  crash: {
    readonly error: unknown
    readonly topic: string
    readonly partition: number
    readonly restarts: number
    readonly isFatal: boolean
  }
  /** A record or batch could not be read. */
  recordError: RecordFailure & { readonly action: RecordErrorAction }
  /** Nothing more is consumed: stopped, closed, or failed with the error. */
  stop: { readonly error: unknown }
}

export type ConsumerEventName = keyof ConsumerEvents

type Listener = (event: never) => void

export class EventHub {
  readonly #log: Logger
  readonly #listeners = new Map<ConsumerEventName, Set<Listener>>()

  constructor(log: Logger) {
    this.#log = log
  }

  on<E extends ConsumerEventName>(name: E, listener: (event: ConsumerEvents[E]) => void): void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener as Listener)
  }

  off<E extends ConsumerEventName>(name: E, listener: (event: ConsumerEvents[E]) => void): void {
    this.#listeners.get(name)?.delete(listener as Listener)
  }

  clear(): void {
    this.#listeners.clear()
  }

  emit<E extends ConsumerEventName>(name: E, event: ConsumerEvents[E]): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        const told = listener as (event: ConsumerEvents[E]) => unknown
        const result = told(event)
        if (result instanceof Promise) result.catch((error: unknown) => this.#failed(name, error))
      } catch (error) {
        this.#failed(name, error)
      }
    }
  }

  #failed(name: string, error: unknown): void {
    this.#log.error('a listener of the consumer threw', { event: name, error })
  }
}
