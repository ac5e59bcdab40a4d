// Which of several ways is up first: one after another, the next as soon as the one before failed
// or has taken a while, so that one address that swallows packets costs a second and no more.

import type { Clock } from '@klamm/base/env'
import { KafkaError } from '../errors.ts'
import { nextCandidateMs } from '../limits.ts'

export interface Candidate {
  /** Rejects with KafkaError when there can be no connection now. */
  ready(): Promise<void>
}

/** Rejects with the KafkaError of the last one when all fail; the others' are in its cause. */
export function firstReady<C extends Candidate>(
  clock: Clock,
  candidates: readonly C[],
): Promise<C> {
  const { promise, resolve, reject } = Promise.withResolvers<C>()
  const errors: unknown[] = []
  let begun = 0
  let isOver = false
  let timer = clock.setTimer(0, () => {})
  const next = (): void => {
    timer.cancel()
    const candidate = candidates[begun]
    if (isOver || candidate === undefined) return
    begun += 1
    if (begun < candidates.length) timer = clock.setTimer(nextCandidateMs, next)
    candidate.ready().then(
      () => {
        isOver = true
        timer.cancel()
        resolve(candidate)
      },
      (error: unknown) => {
        errors.push(error)
        if (errors.length === candidates.length) {
          timer.cancel()
          reject(noneReady(errors))
        } else next()
      },
    )
  }
  next()
  return promise
}

/** What one of them says for itself matters more than that nobody could be reached. */
function noneReady(errors: readonly unknown[]): unknown {
  const telling = errors.find(error => KafkaError.is(error) && !error.retriable)
  if (telling !== undefined) return telling
  if (errors.length === 1) return errors[0]
  const texts = errors.map(error => (error instanceof Error ? error.message : `${error}`))
  return new KafkaError('ERR_CONNECTION', `no broker can be reached: ${texts.join('; ')}`, {
    cause: new AggregateError(errors, 'every attempt failed'),
  })
}
