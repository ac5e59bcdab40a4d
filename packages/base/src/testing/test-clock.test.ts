// The clock that a test moves.

import { expect, test } from 'vitest'
import { TestClock } from './test-clock.ts'

test('timers run in order of time, those set meanwhile included', () => {
  const clock = new TestClock()
  const seen: string[] = []
  clock.setTimer(20, () => seen.push(`b at ${clock.monotonicMs()}`))
  clock.setTimer(10, () => {
    seen.push(`a at ${clock.monotonicMs()}`)
    clock.setTimer(5, () => seen.push(`c at ${clock.monotonicMs()}`))
  })
  clock.setTimer(31, () => seen.push('too late'))
  clock.setTimer(12, () => seen.push('never')).cancel()
  const wallMs = clock.wallMs()
  clock.advance(30)
  expect(seen).toEqual(['a at 10', 'c at 15', 'b at 20'])
  expect([clock.monotonicMs(), clock.wallMs() - wallMs, clock.pendingTimers]).toEqual([30, 30, 1])
})

test('a sleep ends by time or by its signal', async () => {
  const clock = new TestClock()
  const slept = clock.sleep(10)
  clock.advance(10)
  await slept
  const abort = new AbortController()
  const reason = new Error('enough')
  const aborted = clock.sleep(10, abort.signal)
  abort.abort(reason)
  await expect(aborted).rejects.toBe(reason)
  expect(clock.pendingTimers).toBe(0)
  await expect(clock.sleep(10, abort.signal)).rejects.toBe(reason)
})
