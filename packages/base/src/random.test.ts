// Seeds, forks and spread of the generator.

import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'

const numbers = (seed: number | string): readonly number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: 20 }, () => random.u32())
}

test('a seed gives the same numbers each time, another seed others', () => {
  expect(numbers(1)).toEqual(numbers(1))
  expect(numbers(1)).toEqual(numbers('1'))
  expect(numbers(1)).not.toEqual(numbers(2))
})

test('a fork depends on seed and name alone, not on what was drawn before', () => {
  const fresh = seededRandom(1)
  const used = seededRandom(1)
  used.bytes(100)
  used.fork('disk').u32()
  expect(used.fork('net').u32()).toBe(fresh.fork('net').u32())
  expect(fresh.fork('net').u32()).not.toBe(fresh.fork('disk').u32())
})

test('numbers spread evenly over their range', () => {
  const random = seededRandom(3)
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) {
    const value = random.below(10)
    counts[value] = (counts[value] ?? 0) + 1
  }
  for (const count of counts) {
    expect(count).toBeGreaterThan(850)
    expect(count).toBeLessThan(1_150)
  }
})

test('a pick from an empty list is an error', () => {
  expect(() => seededRandom(1).pick([])).toThrow('empty')
})
