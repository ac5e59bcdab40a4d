// Waits between attempts: growth, limit, jitter.

import { expect, test } from 'vitest'
import { Backoff, backoffMs } from './backoff.ts'
import { seededRandom } from './random.ts'

const plain = { initialMs: 50, maxMs: 1_000, jitter: 0 }

test('the wait doubles with each failure up to the limit', () => {
  const random = seededRandom(1)
  const waits = [1, 2, 3, 4, 5, 6, 7].map(failures => backoffMs(plain, failures, random))
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000])
  expect(backoffMs(plain, 1_000_000, random)).toBe(1_000)
})

test('jitter spreads the wait to both sides and never beyond the limit', () => {
  const random = seededRandom(2)
  const waits = Array.from({ length: 500 }, () =>
    backoffMs({ initialMs: 100, maxMs: 1_000 }, 1, random),
  )
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(80)
  expect(Math.min(...waits)).toBeLessThan(85)
  expect(Math.max(...waits)).toBeLessThan(120)
  expect(Math.max(...waits)).toBeGreaterThan(115)
  for (let i = 0; i < 100; i++) {
    const wait = backoffMs({ initialMs: 100, maxMs: 100 }, 9, random)
    expect(wait).toBeLessThanOrEqual(100)
  }
})

test('a success starts over', () => {
  const backoff = new Backoff(plain, seededRandom(3))
  expect([backoff.failed(), backoff.failed(), backoff.failures]).toEqual([50, 100, 2])
  backoff.succeeded()
  expect([backoff.failures, backoff.failed()]).toEqual([0, 50])
})

test('before the first failure there is nothing to wait for', () => {
  expect(() => backoffMs(plain, 0, seededRandom(4))).toThrow('before the first attempt')
})
