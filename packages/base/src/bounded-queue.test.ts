// What a full queue refuses, and what always passes.

import { expect, test } from 'vitest'
import { BoundedQueue } from './bounded-queue.ts'

test('items leave in the order they came', () => {
  const queue = new BoundedQueue<number>({ maxCount: 1_000 })
  let next = 0
  for (let round = 0; round < 300; round++) {
    for (let i = 0; i < 3; i++) queue.push(round * 3 + i)
    for (let i = 0; i < 2; i++) expect(queue.shift()).toBe(next++)
  }
  expect([queue.size, queue.peek()]).toEqual([300, next])
  expect(queue.drain()).toEqual(Array.from({ length: 300 }, (_, i) => next + i))
  expect([queue.isEmpty, queue.shift()]).toEqual([true, undefined])
})

test('a push beyond the count is refused and changes nothing', () => {
  const queue = new BoundedQueue<string>({ maxCount: 2 })
  expect([queue.push('a'), queue.push('b'), queue.accepts(), queue.push('c')]).toEqual([
    ...[true, true, false, false],
  ])
  queue.shift()
  expect(queue.push('d')).toBe(true)
  expect(queue.drain()).toEqual(['b', 'd'])
})

test('a push beyond the bytes is refused and changes nothing', () => {
  const queue = new BoundedQueue<string>({ maxCount: 10, maxBytes: 100 })
  expect(queue.push('a', 60)).toBe(true)
  expect(queue.push('b', 41)).toBe(false)
  expect(queue.push('c', 40)).toBe(true)
  expect(queue.bytes).toBe(100)
  queue.shift()
  expect(queue.bytes).toBe(40)
  queue.drain()
  expect(queue.bytes).toBe(0)
})

test('an item above the bound passes alone', () => {
  const queue = new BoundedQueue<string>({ maxCount: 10, maxBytes: 100 })
  expect(queue.push('huge', 1_000)).toBe(true)
  expect(queue.push('tiny', 1)).toBe(false)
  queue.shift()
  expect(queue.push('tiny', 1)).toBe(true)
  expect(queue.push('huge', 1_000)).toBe(false)
})
