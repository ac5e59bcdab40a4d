// One `send` for one topic: its records on the way in, and what became of each. One promise per
// call, nothing made per record but what the caller is given back.

import type { RecordHeader } from '@klamm/protocol'
import type { BatchSettings } from '../accumulator/batch.ts'
import type { Failure } from '../accumulator/reactions.ts'
import { KafkaError, type KafkaErrorCode } from '../errors.ts'
import type { Generation } from './flushes.ts'
import type { RecordMetadata } from './messages.ts'
import { recordBytesBound } from './record-bytes.ts'

export interface CallFrame {
  readonly topic: string
  readonly settings: BatchSettings
  readonly isIdempotent: boolean
  readonly deliveryTimeoutMs: number
  /** Monotonic. */
  readonly deadlineMs: number
  /** Timestamp of records that have none of their own. */
  readonly wallMs: number
}

/** Where a failure happened. */
interface FailedAt {
  readonly partition: number | undefined
  readonly mayBeStored: boolean
}

/**
 * Always true: records below `next` were handed to the accumulator; `#open` of all are not settled;
 * once the call is over nothing changes its promise.
 */
export class SendCall implements CallFrame {
  readonly topic: string
  readonly settings: BatchSettings
  readonly isIdempotent: boolean
  readonly deliveryTimeoutMs: number
  readonly deadlineMs: number
  readonly wallMs: number
  readonly keys: (Uint8Array | null)[] = []
  readonly values: (Uint8Array | null)[] = []
  /** Sparse: most records have none. */
  headers: (readonly RecordHeader[])[] | undefined
  timestamps: number[] | undefined
  /** As asked for, -1 where the partitioner decides; where they go once the call is placed. */
  readonly partitions: number[] = []
  /** Of all records, at most some more than they take. */
  bytes = 0
  next = 0
  /** Among which it began; see Flushes. */
  generation: Generation | undefined
  /** Ends the interest in the caller's signal. */
  stopListening: (() => void) | undefined
  readonly promise: Promise<RecordMetadata[]>
  readonly #resolve: (results: RecordMetadata[]) => void
  readonly #reject: (error: KafkaError) => void
  readonly #onOver: (call: SendCall) => void
  #results: RecordMetadata[] | undefined
  #open = 0
  #failedCount = 0
  #firstFailure: (Failure & FailedAt) | undefined
  #isOver = false

  /** `onOver` hears of it once, before whoever awaits the promise does. */
  constructor(frame: CallFrame, onOver: (call: SendCall) => void) {
    this.topic = frame.topic
    this.settings = frame.settings
    this.isIdempotent = frame.isIdempotent
    this.deliveryTimeoutMs = frame.deliveryTimeoutMs
    this.deadlineMs = frame.deadlineMs
    this.wallMs = frame.wallMs
    const { promise, resolve, reject } = Promise.withResolvers<RecordMetadata[]>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    this.#onOver = onOver
  }

  get count(): number {
    return this.keys.length
  }

  /** Nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isOver
  }

  add(
    key: Uint8Array | null,
    value: Uint8Array | null,
    partition: number,
    headers: readonly RecordHeader[] | undefined,
    timestamp: number | undefined,
  ): void {
    const index = this.keys.length
    this.keys.push(key)
    this.values.push(value)
    this.partitions.push(partition)
    if (headers !== undefined) {
      this.headers ??= []
      this.headers[index] = headers
    }
    if (timestamp !== undefined) {
      this.timestamps ??= []
      this.timestamps[index] = timestamp
    }
    this.bytes += this.boundOf(index)
    this.#open += 1
  }

  timestampOf(index: number): number {
    return this.timestamps?.[index] ?? this.wallMs
  }

  boundOf(index: number): number {
    const key = this.keys[index] ?? null
    return recordBytesBound(key, this.values[index] ?? null, this.headers?.[index])
  }

  stored(index: number, partition: number, offset: number, logAppendTimeMs: number): void {
    if (this.#isOver) return
    this.#results ??= new Array<RecordMetadata>(this.count)
    const timestamp = logAppendTimeMs >= 0 ? logAppendTimeMs : this.timestampOf(index)
    this.#results[index] = { topic: this.topic, partition, offset, timestamp }
    this.#settled()
  }

  failed(failure: Failure, at: FailedAt): void {
    if (this.#isOver) return
    this.#failedCount += 1
    this.#firstFailure ??= { ...failure, ...at }
    this.#settled()
  }

  /** The records that were not handed over yet fail, all for the same reason. */
  failRest(failure: Failure): void {
    const rest = this.count - this.next
    this.next = this.count
    for (let i = 0; i < rest; i++)
      this.failed(failure, { partition: undefined, mayBeStored: false })
  }

  /** Ends the call now, whatever becomes of its records. */
  end(error: KafkaError): void {
    if (this.#isOver) return
    this.#over()
    this.#reject(error)
  }

  #settled(): void {
    this.#open -= 1
    if (this.#open > 0) return
    const failure = this.#firstFailure
    this.#over()
    if (failure === undefined) this.#resolve(this.#results ?? [])
    else this.#reject(this.#error(failure))
  }

  #over(): void {
    this.#isOver = true
    this.#onOver(this)
  }

  #error(failure: Failure & FailedAt): KafkaError {
    const { topic } = this
    const { partition, mayBeStored } = failure
    const where = partition === undefined ? topic : `${topic}-${partition}`
    const what =
      this.count === 1 ? `a record of ${where}` : `${this.#failedCount} of ${this.count} records`
    const place = this.count === 1 ? '' : ` of ${where}`
    const doubt = mayBeStored ? '; it is unknown whether they were stored' : ''
    const why = this.#reason(failure)
    return new KafkaError(failure.code as KafkaErrorCode, `${what}${place}: ${why}${doubt}`, {
      topic,
      ...(partition === undefined ? {} : { partition }),
      ...causeOf(failure),
    })
  }

  #reason({ code, message, before }: Failure): string {
    if (code !== 'ERR_DELIVERY_TIMEOUT') return message ?? code
    const last = before === undefined ? '' : `, the last attempt ended with ${before.code}`
    return `not acknowledged within ${this.deliveryTimeoutMs} ms${last}`
  }
}

function causeOf({ cause, before }: Failure): { cause?: unknown } {
  if (cause !== undefined) return { cause }
  if (before === undefined) return {}
  if (before.cause !== undefined) return { cause: before.cause }
  return { cause: new KafkaError(before.code as KafkaErrorCode, before.message ?? before.code) }
}
