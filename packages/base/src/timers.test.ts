// Deadlines as data, against a plain map.

import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'
import { Timers } from './timers.ts'

test('keys expire by deadline, then in the order they were set', () => {
  const timers = new Timers()
  timers.set('b', 20)
  timers.set('a', 10)
  timers.set('c', 10)
  expect(timers.nextAtMs).toBe(10)
  expect(timers.expired(9)).toEqual([])
  expect(timers.expired(20)).toEqual(['a', 'c', 'b'])
  expect(timers.nextAtMs).toBeUndefined()
  expect(timers.expired(1_000)).toEqual([])
})

test('setting again moves the deadline, in either direction', () => {
  const timers = new Timers()
  timers.set('later', 10)
  timers.set('sooner', 100)
  timers.set('later', 50)
  timers.set('sooner', 20)
  expect([timers.nextAtMs, timers.atMs('later'), timers.size]).toEqual([20, 50, 2])
  expect(timers.expired(49)).toEqual(['sooner'])
  expect(timers.expired(50)).toEqual(['later'])
})

test('setting the same time again puts the key behind its equals', () => {
  const timers = new Timers()
  timers.set('a', 10)
  timers.set('b', 10)
  timers.set('a', 10)
  expect(timers.expired(10)).toEqual(['b', 'a'])
})

test('a cancelled key does not expire and is not waited for', () => {
  const timers = new Timers()
  timers.set('a', 10)
  timers.set('b', 20)
  expect([timers.cancel('a'), timers.cancel('a'), timers.has('a')]).toEqual([true, false, false])
  expect(timers.nextAtMs).toBe(20)
  timers.set('a', 30)
  expect(timers.expired(100)).toEqual(['b', 'a'])
})

test('any sequence agrees with a plain map', () => {
  const random = seededRandom(1)
  const timers = new Timers<number>()
  const model = new Map<number, { readonly atMs: number; readonly sequence: number }>()
  let nowMs = 0
  for (let step = 0; step < 5_000; step++) {
    const key = random.below(8)
    const action = random.below(3)
    if (action === 0) {
      const atMs = nowMs + random.below(30)
      timers.set(key, atMs)
      model.set(key, { atMs, sequence: step })
    } else if (action === 1) {
      expect(timers.cancel(key)).toBe(model.delete(key))
    } else {
      nowMs += random.below(5)
      const due = [...model].filter(([, deadline]) => deadline.atMs <= nowMs)
      due.sort(([, a], [, b]) => a.atMs - b.atMs || a.sequence - b.sequence)
      for (const [expired] of due) model.delete(expired)
      expect(timers.expired(nowMs)).toEqual(due.map(([expired]) => expired))
    }
    const next = Math.min(...[...model.values()].map(deadline => deadline.atMs))
    expect(timers.nextAtMs ?? Number.POSITIVE_INFINITY).toBe(next)
    expect(timers.size).toBe(model.size)
  }
})
