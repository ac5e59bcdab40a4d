// Sleeping in terms of timers: the same for every clock.

import type { Clock } from './clock.ts'

/** What `Clock.sleep` promises, for implementers of Clock. */
export function sleepOn(
  clock: Pick<Clock, 'setTimer'>,
  delayMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  if (signal?.aborted === true) {
    reject(signal.reason)
    return promise
  }
  const onAbort = (): void => {
    timer.cancel()
    reject(signal?.reason)
  }
  const timer = clock.setTimer(delayMs, () => {
    signal?.removeEventListener('abort', onAbort)
    resolve()
  })
  signal?.addEventListener('abort', onAbort, { once: true })
  return promise
}
