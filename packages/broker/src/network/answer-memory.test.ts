// How much may be read for one more answer, and who hears when there is room again.

import { TestClock } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import { AnswerMemory } from './answer-memory.ts'

const mib = 1024 * 1024

test('an answer gets what is left, then one batch, then nothing', () => {
  const memory = new AnswerMemory(100, new TestClock())
  const rooms = [0, 60, 39, 1, 99, 1].map(bytes => {
    memory.changed(bytes)
    return [memory.room, memory.isShort]
  })
  expect(rooms).toEqual([
    [100, false],
    [40, false],
    [1, false],
    [0, true],
    [0, true],
    [undefined, true],
  ])
})

test('what was just read counts until its connection counts it', () => {
  const clock = new TestClock()
  const memory = new AnswerMemory(100, clock)
  memory.read(70)
  memory.read(20)
  expect(memory.room).toBe(10)
  // The connection has been given 70 of them, which it cannot send at once.
  memory.changed(70)
  clock.advance(0)
  expect(memory.room).toBe(30)
  memory.read(5)
  expect(memory.room).toBe(25)
  clock.advance(0)
  expect([memory.room, clock.pendingTimers]).toEqual([30, 0])
})

test('who waits for room hears of it once, in order, and not after it left', () => {
  const clock = new TestClock()
  const memory = new AnswerMemory(10 * mib, clock)
  memory.changed(30 * mib)
  const woken: string[] = []
  memory.whenRoom(() => woken.push('a'))
  memory.whenRoom(() => woken.push('b'))()
  memory.whenRoom(() => woken.push('c'))
  memory.whenRoom(() => woken.push('d'))
  memory.changed(-9 * mib)
  expect(woken).toEqual([])
  // Room for two batches: not everybody is woken to find that the others have taken it.
  memory.changed(-3 * mib)
  expect(woken).toEqual(['a', 'c'])
  memory.changed(-mib)
  memory.changed(-mib)
  expect(woken).toEqual(['a', 'c', 'd'])
})
