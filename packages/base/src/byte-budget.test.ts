// Who gets bytes when there are too few.

import { expect, test } from 'vitest'
import { ByteBudget } from './byte-budget.ts'

test('bytes are taken until the limit and come back', () => {
  const budget = new ByteBudget('fetches', 100)
  expect([budget.tryAcquire(60), budget.tryAcquire(41), budget.tryAcquire(40)]).toEqual([
    ...[true, false, true],
  ])
  budget.release(60)
  expect(budget.takenBytes).toBe(40)
})

test('whoever waits is served in order, a large wish before later small ones', () => {
  const budget = new ByteBudget('fetches', 100)
  const granted: string[] = []
  budget.tryAcquire(90)
  budget.acquire(50, () => granted.push('large'))
  budget.acquire(6, () => granted.push('small'))
  // There is room for it, but somebody is before it.
  expect(budget.tryAcquire(5)).toBe(false)
  budget.release(30)
  expect([granted, budget.waiters]).toEqual([[], 2])
  budget.release(15)
  expect([granted, budget.takenBytes]).toEqual([['large'], 95])
  budget.release(95)
  expect([granted, budget.takenBytes]).toEqual([['large', 'small'], 6])
})

test('a wish that is granted at once is not called back', () => {
  const budget = new ByteBudget('fetches', 100)
  const granted: string[] = []
  expect(budget.acquire(10, () => granted.push('again'))).toBeUndefined()
  budget.release(10)
  expect(granted).toEqual([])
})

test('who gives up makes way for those behind', () => {
  const budget = new ByteBudget('fetches', 100)
  const granted: string[] = []
  budget.tryAcquire(60)
  const first = budget.acquire(50, () => granted.push('first'))
  const second = budget.acquire(40, () => granted.push('second'))
  first?.cancel()
  expect([granted, budget.takenBytes]).toEqual([['second'], 100])
  first?.cancel()
  second?.cancel()
  expect(budget.takenBytes).toBe(100)
})

test('a wish above the whole limit is granted alone', () => {
  const budget = new ByteBudget('fetches', 100)
  expect(budget.tryAcquire(500)).toBe(true)
  expect(budget.tryAcquire(1)).toBe(false)
  budget.release(500)
  expect(budget.tryAcquire(1)).toBe(true)
  expect(budget.tryAcquire(500)).toBe(false)
})

test('a callback may take and give back without upsetting the order', () => {
  const budget = new ByteBudget('fetches', 10)
  const granted: string[] = []
  budget.tryAcquire(10)
  budget.acquire(10, () => {
    granted.push('a')
    budget.acquire(10, () => granted.push('c'))
    budget.release(10)
  })
  budget.acquire(10, () => {
    granted.push('b')
    budget.release(10)
  })
  budget.release(10)
  expect([granted, budget.takenBytes]).toEqual([['a', 'b', 'c'], 10])
})

test('giving back more than was taken is a bug', () => {
  const budget = new ByteBudget('fetches', 10)
  budget.tryAcquire(3)
  expect(() => budget.release(4)).toThrow('fetches: 4 of 3')
})
