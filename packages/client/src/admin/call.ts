// How calls of the admin client that do many things at once go on: what can be tried again is, each
// thing for itself, until the time is over; failures are thrown together, or given one by one.

import { Backoff } from '@klamm/base'
import type { ClientCore } from '../core.ts'
import { abortedError, KafkaError } from '../errors.ts'
import { unknownTopicMs } from '../limits.ts'
import { isOfItem } from './answers.ts'

export interface AdminCallOptions {
  readonly signal?: AbortSignal | undefined
  /** How long the call may take in all, in ms; the client's `requestTimeoutMs` when left out. */
  readonly timeoutMs?: number | undefined
}

/** Options of calls that do many things at once. */
export interface ManyOptions extends AdminCallOptions {
  /**
   * `throw`, when left out: one that fails rejects the call, after all others were done; `errors`
   * of the error has them one by one. `return`: the call resolves with an outcome for each.
   */
  readonly failures?: 'throw' | 'return' | undefined
}

/** What became of one of many things. */
export type Outcome<K, T> =
  | { readonly key: K; readonly value: T; readonly error?: undefined }
  | { readonly key: K; readonly value?: undefined; readonly error: KafkaError }

/** The values, or outcomes when `failures` is `return`. */
export type Results<O, K, T> = O extends { readonly failures: 'return' }
  ? readonly Outcome<K, T>[]
  : readonly T[]

/** How much time a call has left. */
export interface Deadline {
  readonly signal: AbortSignal | undefined
  /** At least 1 ms. */
  remainingMs(): number
}

export interface ManySettings<K> {
  /** What the errors of one are about. */
  readonly name: (key: K) => string
  /**
   * Whether trying again can help with this error. By default what it says, except that an unknown
   * topic is waited for only briefly: one that was just created is not known everywhere yet.
   */
  readonly isRetriable?: (error: KafkaError, elapsedMs: number) => boolean
}

/** One attempt at some of them: a value or an error for each. A rejection is for all. */
export type Attempt<K, T> = (
  keys: readonly K[],
  deadline: Deadline,
) => Promise<ReadonlyMap<K, T | KafkaError>>

/** Outcomes in the order of the keys; each key is an identity, so equal ones must be one. */
export async function settleMany<K, T, O extends ManyOptions>(
  core: ClientCore,
  keys: readonly K[],
  options: O | undefined,
  settings: ManySettings<K>,
  attempt: Attempt<K, T>,
): Promise<Results<O, K, T>> {
  const done = new Map<K, T | KafkaError>()
  await run(core, keys, options ?? {}, settings, attempt, done)
  const outcomes: Outcome<K, T>[] = keys.map(key => {
    const value = done.get(key) ?? missing(settings.name(key))
    return KafkaError.is(value) ? { key, error: value } : { key, value: value as T }
  })
  // Which of the two it is, `failures` decides.
  if (options?.failures === 'return') return asResults(outcomes)
  const errors = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]))
  if (errors.length > 0) throw together(errors, keys.length)
  return asResults(outcomes.map(({ value }) => value))
}

function asResults<R>(results: unknown): R {
  return results as R
}

/** One thing, tried again until it succeeds or the time is over. */
export async function settleOne<T>(
  core: ClientCore,
  name: string,
  options: AdminCallOptions | undefined,
  attempt: (deadline: Deadline) => Promise<T>,
): Promise<T> {
  const { signal, timeoutMs } = options ?? {}
  const [value] = await settleMany(
    core,
    [name],
    { signal, timeoutMs },
    { name: key => key },
    async (_keys, deadline) => new Map([[name, { value: await attempt(deadline) }]]),
  )
  return (value as { readonly value: T }).value
}

async function run<K, T>(
  core: ClientCore,
  keys: readonly K[],
  { signal, timeoutMs = core.options.requestTimeoutMs }: ManyOptions,
  { isRetriable = isWorthAnotherTry }: ManySettings<K>,
  attempt: Attempt<K, T>,
  done: Map<K, T | KafkaError>,
): Promise<void> {
  const { clock, random } = core.env
  const beganMs = clock.monotonicMs()
  const backoff = new Backoff(core.options.retry, random)
  const deadline: Deadline = {
    signal,
    remainingMs: () => Math.max(1, beganMs + timeoutMs - clock.monotonicMs()),
  }
  let pending = keys
  while (pending.length > 0) {
    if (signal?.aborted === true) throw abortedError(signal)
    const results = await attemptAll(pending, deadline, attempt)
    for (const [key, value] of results) done.set(key, value)
    const elapsedMs = clock.monotonicMs() - beganMs
    const again = (value: T | KafkaError | undefined): boolean =>
      KafkaError.is(value) && isRetriable(value, elapsedMs)
    pending = pending.filter(key => again(results.get(key)))
    const waitMs = backoff.failed()
    if (pending.length === 0 || elapsedMs + waitMs > timeoutMs) return
    await clock.sleep(waitMs, signal).catch((error: unknown) => {
      throw signal?.aborted === true ? abortedError(signal) : error
    })
  }
}

function isWorthAnotherTry({ code, retriable }: KafkaError, elapsedMs: number): boolean {
  return retriable && (code !== 'UNKNOWN_TOPIC_OR_PARTITION' || elapsedMs < unknownTopicMs)
}

async function attemptAll<K, T>(
  keys: readonly K[],
  deadline: Deadline,
  attempt: Attempt<K, T>,
): Promise<ReadonlyMap<K, T | KafkaError>> {
  try {
    return await attempt(keys, deadline)
  } catch (error) {
    if (!isOfItem(error)) throw error
    return new Map(keys.map(key => [key, error]))
  }
}

function missing(name: string): KafkaError {
  return new KafkaError('ERR_PROTOCOL', `${name}: the broker's answer does not mention it`)
}

/** One error that says everything. */
function together(errors: readonly KafkaError[], count: number): KafkaError {
  const [first] = errors
  if (first === undefined || count === 1) return first ?? missing('nothing')
  const shown = errors.slice(0, 5).map(({ message }) => message)
  if (errors.length > shown.length) shown.push(`and ${errors.length - shown.length} more`)
  const message = `${errors.length} of ${count} failed: ${shown.join('; ')}`
  return new KafkaError(first.code, message, {
    errors,
    retriable: errors.every(({ retriable }) => retriable),
    cause: new AggregateError(errors, message),
  })
}
