// What admin calls have in common: errors of single items as KafkaErrors, and requests that go to
// several brokers at once.

import { type ErrorName, errorNameOf } from '@klamm/protocol'
import { KafkaError, type KafkaErrorOptions } from '../errors.ts'

/** The error of one item; undefined when there is none. The broker's own words when it has some. */
export function errorOf(
  errorCode: number,
  message: string | null,
  name: string,
  options: KafkaErrorOptions = {},
): KafkaError | undefined {
  if (errorCode === 0) return undefined
  const code: ErrorName = errorNameOf(errorCode)
  const text = message === null || message === '' ? code : `${code}: ${message}`
  return new KafkaError(code, `${name}: ${text}`, options)
}

/** False for a bug, and when the caller or the client ended the call: no outcome of one item. */
export function isOfItem(error: unknown): error is KafkaError {
  return KafkaError.is(error) && error.code !== 'ERR_ABORTED' && error.code !== 'ERR_CLOSED'
}

/**
 * Asks each broker for its share, all at the same time. A broker that fails fails its share and
 * nothing else; `onFailure` hears of it, to forget what led there.
 */
export async function askEach<K, T>(
  shares: ReadonlyMap<number, readonly K[]>,
  ask: (brokerId: number, share: readonly K[]) => Promise<ReadonlyMap<K, T | KafkaError>>,
  onFailure: (share: readonly K[]) => void = () => {},
): Promise<Map<K, T | KafkaError>> {
  const results = new Map<K, T | KafkaError>()
  const tasks = [...shares].map(async ([brokerId, share]) => {
    try {
      for (const [key, value] of await ask(brokerId, share)) results.set(key, value)
    } catch (error) {
      if (!isOfItem(error)) throw error
      onFailure(share)
      for (const key of share) results.set(key, error)
    }
  })
  await Promise.all(tasks)
  return results
}

/** Lists by what `of` says of each. */
export function groupedBy<K, G>(items: Iterable<K>, of: (item: K) => G): Map<G, K[]> {
  const groups = new Map<G, K[]>()
  for (const item of items) {
    const group = of(item)
    const list = groups.get(group)
    if (list === undefined) groups.set(group, [item])
    else list.push(item)
  }
  return groups
}

/** Each value once, in order. */
export function unique<T>(values: Iterable<T>): T[] {
  return [...new Set(values)]
}
