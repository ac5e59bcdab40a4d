// Waiting for something that goes on by itself, for so long and until the caller has enough.

import { type Clock, Deadline } from '@klamm/base/env'
import { abortedError, KafkaError } from '../errors.ts'

export interface WithinOptions {
  readonly signal?: AbortSignal | undefined
}

/**
 * As the promise settles, or rejects with ERR_REQUEST_TIMEOUT after `timeoutMs`, or ERR_ABORTED.
 * `what` is what was waited for. What the promise does afterwards is nobody's concern.
 */
export async function within<T>(
  promise: Promise<T>,
  clock: Clock,
  timeoutMs: number,
  what: string,
  { signal }: WithinOptions = {},
): Promise<T> {
  const { promise: stopped, reject } = Promise.withResolvers<never>()
  using deadline = new Deadline(clock, timeoutMs, what, signal)
  const stop = (): void => {
    const isCaller = signal?.aborted === true && deadline.signal.reason === signal.reason
    if (isCaller) reject(abortedError(signal, `${what}: aborted by the caller`))
    else reject(new KafkaError('ERR_REQUEST_TIMEOUT', `${what} took more than ${timeoutMs} ms`))
  }
  if (deadline.signal.aborted) stop()
  deadline.signal.addEventListener('abort', stop)
  // Whichever loses the race may still reject, with nobody left to hear it.
  promise.catch(() => {})
  try {
    return await Promise.race([promise, stopped])
  } finally {
    deadline.signal.removeEventListener('abort', stop)
  }
}
