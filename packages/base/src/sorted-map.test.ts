// The sorted map against a plain map.

import { expect, test } from 'vitest'
import { seededRandom } from './random.ts'
import { SortedMap } from './sorted-map.ts'

test('lookups agree with a plain list, whatever the order of insertion', () => {
  const random = seededRandom(1)
  const map = new SortedMap<string>()
  const model = new Map<number, string>()
  for (let step = 0; step < 2_000; step++) {
    const key = random.below(60)
    if (random.chance(0.6)) {
      map.set(key, `${step}`)
      model.set(key, `${step}`)
    } else {
      expect(map.delete(key)).toBe(model.delete(key))
    }
    const keys = [...model.keys()].sort((a, b) => a - b)
    const probe = random.below(62) - 1
    expect(map.size).toBe(keys.length)
    expect(map.first?.key).toBe(keys[0])
    expect(map.last?.key).toBe(keys.at(-1))
    expect(map.get(probe)).toBe(model.get(probe))
    expect(map.has(probe)).toBe(model.has(probe))
    expect(map.floor(probe)?.key).toBe(keys.findLast(known => known <= probe))
    expect(map.lower(probe)?.key).toBe(keys.findLast(known => known < probe))
    expect(map.ceiling(probe)?.key).toBe(keys.find(known => known >= probe))
    expect(map.higher(probe)?.key).toBe(keys.find(known => known > probe))
    expect(map.floor(probe)?.value).toBe(model.get(map.floor(probe)?.key ?? Number.NaN))
  }
})

test('truncating removes the key itself at the end and keeps it at the start', () => {
  const map = new SortedMap<number>()
  for (const key of [10, 20, 30, 40, 50]) map.set(key, key)
  expect(map.truncateFrom(40)).toBe(2)
  expect(map.truncateUntil(20)).toBe(1)
  expect(map.entries().map(entry => entry.key)).toEqual([20, 30])
  expect(map.truncateFrom(25)).toBe(1)
  expect(map.truncateUntil(5)).toBe(0)
  expect(map.entries()).toEqual([{ key: 20, value: 20 }])
})

test('a slice includes its start and excludes its end', () => {
  const map = new SortedMap<string>()
  for (const key of [1, 3, 5, 7]) map.set(key, `${key}`)
  expect(map.slice(3, 7).map(entry => entry.key)).toEqual([3, 5])
  expect(map.slice(2, 6).map(entry => entry.key)).toEqual([3, 5])
  expect(map.slice(8, 9)).toEqual([])
})

test('a key that is no number is refused', () => {
  expect(() => new SortedMap<string>().set(Number.NaN, '')).toThrow('a key is a number')
})
