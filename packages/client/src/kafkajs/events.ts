// Instrumentation events: KafkaJS's envelope around a payload, told to whoever listens.

import type { Clock, Logger } from '@klamm/base/env'
import { KafkaJSNonRetriableError } from './errors.ts'

export interface InstrumentationEvent<T> {
  readonly id: number
  readonly type: string
  /** In ms since 1970. */
  readonly timestamp: number
  readonly payload: T
}

// Which payload a listener takes follows from the event's name, which KafkaJS's types do not say.
export type EventListener = (event: InstrumentationEvent<never>) => unknown

export class Events<Name extends string> {
  readonly #names: ReadonlySet<string>
  readonly #listeners = new Map<string, Set<EventListener>>()
  #count = 0

  constructor(names: Readonly<Record<string, Name>>) {
    this.#names = new Set(Object.values(names))
  }

  /** Returns what takes the listener away again. Throws KafkaJSNonRetriableError. */
  on(name: Name, listener: EventListener): () => void {
    if (!this.#names.has(name)) throw new KafkaJSNonRetriableError(`there is no event ${name}`)
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  has(name: Name): boolean {
    return (this.#listeners.get(name)?.size ?? 0) > 0
  }

  /** A listener that throws is logged and does no harm. */
  emit(name: Name, payload: unknown, { clock, log }: { clock: Clock; log: Logger }): void {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      this.#count += 1
      const event = { id: this.#count, type: name, timestamp: clock.wallMs(), payload }
      const told = listener as (event: InstrumentationEvent<unknown>) => unknown
      const failed = (error: unknown): void => log.error('a listener threw', { name, error })
      try {
        const result = told(event)
        if (result instanceof Promise) result.catch(failed)
      } catch (error) {
        failed(error)
      }
    }
  }
}
