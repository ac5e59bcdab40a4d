// Virtual time: order, settled promises, cancelled events.

import { expect, test } from 'vitest'
import { Scheduler } from './scheduler.ts'

test('events run in order of time, then in the order they were set', async () => {
  const scheduler = new Scheduler()
  const seen: string[] = []
  const at = (ms: number, name: string): void => {
    scheduler.at(ms, () => seen.push(`${name} at ${scheduler.nowMs}`))
  }
  at(20, 'c')
  at(10, 'a')
  at(10, 'b')
  at(30.5, 'too late')
  await scheduler.runUntil(30)
  expect(seen).toEqual(['a at 10', 'b at 10', 'c at 20'])
  expect([scheduler.nowMs, scheduler.eventCount, scheduler.nextAtMs]).toEqual([30, 3, 30.5])
})

test('between two events every promise that can settle has settled, however long the chain', async () => {
  const scheduler = new Scheduler()
  const seen: string[] = []
  const chain = async (name: string, length: number): Promise<void> => {
    for (let i = 0; i < length; i++) await undefined
    seen.push(`${name} at ${scheduler.nowMs}`)
  }
  // Enough of them to go through several batches of turns.
  for (let i = 0; i < 1_000; i++) scheduler.at(i, () => void chain(`${i}`, i % 7 === 0 ? 500 : 3))
  await scheduler.runUntil(2_000)
  expect(seen).toEqual(Array.from({ length: 1_000 }, (_, i) => `${i} at ${i}`))
})

test('an event in the past happens now, after what is due already', async () => {
  const scheduler = new Scheduler()
  const seen: string[] = []
  scheduler.at(10, () => {
    scheduler.at(5, () => seen.push(`late at ${scheduler.nowMs}`))
    scheduler.after(-1, () => seen.push('later'))
  })
  scheduler.at(10, () => seen.push('due'))
  await scheduler.runUntil(10)
  expect(seen).toEqual(['due', 'late at 10', 'later'])
})

test('a cancelled event does not happen, and thousands of them leave no trace', async () => {
  const scheduler = new Scheduler()
  const seen: number[] = []
  const timers = Array.from({ length: 5_000 }, (_, i) => scheduler.at(i, () => seen.push(i)))
  for (const [i, timer] of timers.entries()) if (i % 1_000 !== 0) timer.cancel()
  timers[1]?.cancel()
  await scheduler.runUntil(10_000)
  timers[0]?.cancel()
  expect(seen).toEqual([0, 1_000, 2_000, 3_000, 4_000])
  expect([scheduler.eventCount, scheduler.nextAtMs]).toEqual([5, undefined])
})

test('a run ends as soon as its condition holds, or at its limit', async () => {
  const scheduler = new Scheduler()
  let count = 0
  const tick = (): void => {
    count += 1
    scheduler.after(10, tick)
  }
  tick()
  expect(await scheduler.runUntilTrue(() => count === 5, 1_000)).toBe(true)
  expect(scheduler.nowMs).toBe(40)
  expect(await scheduler.runUntilTrue(() => false, 100)).toBe(false)
  expect(scheduler.nowMs).toBe(140)
})

test('a promise can be waited for in virtual time', async () => {
  const scheduler = new Scheduler()
  const after = (ms: number): Promise<number> =>
    new Promise(resolve => scheduler.after(ms, () => resolve(scheduler.nowMs)))
  expect(await scheduler.settle(after(500).then(() => after(250)))).toBe(750)
  const failing = after(10).then(() => Promise.reject(new Error('as expected')))
  await expect(scheduler.settle(failing)).rejects.toThrow('as expected')
  await expect(scheduler.settle(new Promise(() => {}), 100)).rejects.toThrow('settles')
})

test('what an event throws ends the run', async () => {
  const scheduler = new Scheduler()
  const seen: number[] = []
  scheduler.at(1, () => {
    throw new Error('a bug')
  })
  scheduler.at(2, () => seen.push(2))
  await expect(scheduler.runUntil(10)).rejects.toThrow('a bug')
  expect(seen).toEqual([])
  await scheduler.runUntil(10)
  expect(seen).toEqual([2])
})

test('two runs at once are a mistake', async () => {
  const scheduler = new Scheduler()
  scheduler.at(1, () => {})
  const running = scheduler.runUntil(10)
  await expect(scheduler.runUntil(10)).rejects.toThrow('one run at a time')
  await running
})
