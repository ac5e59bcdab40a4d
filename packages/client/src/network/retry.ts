// Trying again: with exponential back-off and jitter, for as long as the error says that it can
// help and the caller's time allows.

import { Backoff, type BackoffOptions } from '@klamm/base'
import type { Clock } from '@klamm/base/env'
import type { ClientEnv } from '../env.ts'
import { abortedError, KafkaError } from '../errors.ts'

export interface RetryOptions {
  /** Wait between attempts; 100 ms growing to 1 s when left out. */
  readonly retry?: BackoffOptions | undefined
  /**
   * The time of the monotonic clock after which no new attempt begins; never when left out. An
   * attempt under way is not cut short: pass what is left as its time-out.
   */
  readonly deadlineMs?: number | undefined
  readonly signal?: AbortSignal | undefined
  /** Which failures to try again after; those of a `retriable` KafkaError when left out. */
  readonly isRetriable?: ((error: unknown) => boolean) | undefined
  /** Hears of each failure that is followed by another attempt. */
  readonly onRetry?: ((error: unknown, waitMs: number) => void) | undefined
}

export const defaultRetry: BackoffOptions = { initialMs: 100, maxMs: 1_000 }

/**
 * Runs `attempt` until it succeeds, fails for good, or the deadline has passed: then rejects with
 * what the last attempt failed with. Rejects with ERR_ABORTED when the signal aborts.
 */
export async function retrying<T>(
  { clock, random }: Pick<ClientEnv, 'clock' | 'random'>,
  options: RetryOptions,
  attempt: () => Promise<T>,
): Promise<T> {
  const { signal, deadlineMs = Number.POSITIVE_INFINITY } = options
  const isRetriable = options.isRetriable ?? isRetriableError
  const backoff = new Backoff(options.retry ?? defaultRetry, random)
  for (;;) {
    if (signal?.aborted === true) throw abortedError(signal)
    try {
      return await attempt()
    } catch (error) {
      if (!isRetriable(error)) throw error
      const waitMs = backoff.failed()
      if (clock.monotonicMs() + waitMs > deadlineMs) throw error
      options.onRetry?.(error, waitMs)
      await pause(clock, waitMs, signal)
    }
  }
}

/** Sleeps; rejects with ERR_ABORTED when the signal aborts. */
async function pause(clock: Clock, waitMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await clock.sleep(waitMs, signal)
  } catch (error) {
    throw signal?.aborted === true ? abortedError(signal) : error
  }
}

function isRetriableError(error: unknown): boolean {
  return KafkaError.is(error) && error.retriable
}
