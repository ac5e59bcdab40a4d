import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { Timers } from './timers.ts'

/** Takes everything that is due, in order. */
function takeAll(timers: Timers<string>, nowMs: number): readonly string[] {
  const taken: string[] = []
  for (;;) {
    const due = timers.takeDue(nowMs)
    if (due === undefined) return taken
    taken.push(due.operation)
  }
}

test('timers are taken in the order of their deadlines, and of being set when equal', () => {
  const timers = new Timers<string>()
  timers.set('a', 30, 'a')
  timers.set('b', 10, 'b')
  timers.set('c', 20, 'c')
  timers.set('d', 10, 'd')
  expect(timers.nextDeadlineMs()).toBe(10)
  expect(takeAll(timers, 20)).toEqual(['b', 'd', 'c'])
  expect(timers.nextDeadlineMs()).toBe(30)
  expect(timers.size).toBe(1)
})

test('nothing is due before its deadline', () => {
  const timers = new Timers<string>()
  timers.set('a', 10, 'a')
  expect(timers.takeDue(9)).toBeUndefined()
  expect(timers.takeDue(10)?.operation).toBe('a')
  expect(timers.takeDue(10)).toBeUndefined()
})

test('a timer that is set again is due at its new deadline only, later or earlier', () => {
  const timers = new Timers<string>()
  timers.set('later', 10, 'old')
  timers.set('later', 30, 'new')
  timers.set('earlier', 40, 'old')
  timers.set('earlier', 20, 'new')
  expect(timers.nextDeadlineMs()).toBe(20)
  expect(timers.takeDue(100)).toMatchObject({ key: 'earlier', deadlineMs: 20, operation: 'new' })
  expect(timers.takeDue(100)).toMatchObject({ key: 'later', deadlineMs: 30, operation: 'new' })
  expect(timers.takeDue(100)).toBeUndefined()
})

test('a timer that is cancelled never fires, also when it is set again', () => {
  const timers = new Timers<string>()
  timers.set('a', 10, 'first')
  timers.cancel('a')
  expect(timers.nextDeadlineMs()).toBeUndefined()
  timers.set('a', 20, 'second')
  expect(takeAll(timers, 100)).toEqual(['second'])
})

test('any mix of setting, moving and cancelling behaves like a sorted list', () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed)
    const timers = new Timers<string>()
    const model = new Map<string, number>()
    let nowMs = 0
    for (let step = 0; step < 500; step++) {
      const key = `k${random.below(30)}`
      const what = random.below(10)
      if (what < 6) {
        const deadlineMs = nowMs + random.below(100)
        timers.set(key, deadlineMs, key)
        model.set(key, deadlineMs)
      } else if (what < 8) {
        timers.cancel(key)
        model.delete(key)
      } else {
        nowMs += random.below(20)
        const due = [...model].filter(([, deadlineMs]) => deadlineMs <= nowMs)
        for (const [taken] of due) model.delete(taken)
        const expected = due.map(([dueKey, deadlineMs]) => ({ dueKey, deadlineMs }))
        const taken: typeof expected = []
        let last = 0
        for (let timer = timers.takeDue(nowMs); timer; timer = timers.takeDue(nowMs)) {
          expect(timer.deadlineMs).toBeGreaterThanOrEqual(last)
          last = timer.deadlineMs
          taken.push({ dueKey: timer.key, deadlineMs: timer.deadlineMs })
        }
        expect(taken.toSorted(byKey)).toEqual(expected.toSorted(byKey))
      }
      const next = model.size === 0 ? undefined : Math.min(...model.values())
      expect(timers.nextDeadlineMs()).toBe(next)
    }
  }
})

test('moving one deadline away many times costs no memory', () => {
  const timers = new Timers<string>()
  timers.set('first', 1, 'first')
  for (let i = 0; i < 10_000; i++) {
    timers.set('a', 1_000 + i, 'a')
    timers.set('a', 1_000 - i, 'a')
    timers.cancel('a')
  }
  expect(timers.size).toBe(1)
  expect(takeAll(timers, 100_000)).toEqual(['first'])
})

function byKey(a: { readonly dueKey: string }, b: { readonly dueKey: string }): number {
  return a.dueKey < b.dueKey ? -1 : 1
}
