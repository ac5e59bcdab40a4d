// The real clock, as far as it can be tested without waiting for it.

import { expect, test } from 'vitest'
import { nodeClock } from './clock.ts'

test('timers without delay run in the order they were set, after the present turn', async () => {
  const seen: string[] = []
  const done = Promise.withResolvers<void>()
  nodeClock.setTimer(0, () => seen.push('first'))
  nodeClock.setTimer(0, () => seen.push('cancelled')).cancel()
  nodeClock.setTimer(-5, () => {
    seen.push('second')
    done.resolve()
  })
  seen.push('set')
  await Promise.resolve().then(() => seen.push('promises'))
  await done.promise
  expect(seen).toEqual(['set', 'promises', 'first', 'second'])
})

test('a wait longer than the platform can count does not end at once', async () => {
  const seen: string[] = []
  const done = Promise.withResolvers<void>()
  const long = nodeClock.setTimer(2 ** 40, () => seen.push('long'))
  nodeClock.setTimer(5, () => {
    seen.push('short')
    done.resolve()
  })
  await done.promise
  long.cancel()
  expect(seen).toEqual(['short'])
})

test('a sleep takes at least its time and is ended by its signal', async () => {
  const beforeMs = nodeClock.monotonicMs()
  await nodeClock.sleep(5)
  // Timers of the platform count whole milliseconds.
  expect(nodeClock.monotonicMs() - beforeMs).toBeGreaterThan(4)
  const reason = new Error('enough')
  await expect(nodeClock.sleep(60_000, AbortSignal.abort(reason))).rejects.toBe(reason)
})

test('the wall clock shows the time of day', () => {
  expect(Math.abs(nodeClock.wallMs() - Date.now())).toBeLessThan(1_000)
})
