// Deadlines on a clock that a test moves.

import { expect, test } from 'vitest'
import { TestClock } from '../testing/test-clock.ts'
import { Deadline } from './deadline.ts'

test('the signal aborts with a TimeoutError at the deadline', () => {
  const clock = new TestClock()
  const deadline = new Deadline(clock, 100, 'fetch from broker 2')
  clock.advance(99)
  expect(deadline.signal.aborted).toBe(false)
  clock.advance(1)
  expect(deadline.signal.reason).toMatchObject({
    name: 'TimeoutError',
    message: 'fetch from broker 2 took more than 100 ms',
  })
})

test('the parent aborts it earlier, with its own reason', () => {
  const clock = new TestClock()
  const parent = new AbortController()
  const deadline = new Deadline(clock, 100, 'fetch', parent.signal)
  const reason = new Error('shutting down')
  parent.abort(reason)
  expect(deadline.signal.reason).toBe(reason)
  expect(clock.pendingTimers).toBe(0)
  expect(new Deadline(clock, 100, 'fetch', parent.signal).signal.reason).toBe(reason)
  expect(clock.pendingTimers).toBe(0)
})

test('after disposal nothing aborts it and no timer is left', () => {
  const clock = new TestClock()
  const parent = new AbortController()
  const deadline = new Deadline(clock, 100, 'fetch', parent.signal)
  deadline[Symbol.dispose]()
  expect(clock.pendingTimers).toBe(0)
  parent.abort()
  expect(deadline.signal.aborted).toBe(false)
})
