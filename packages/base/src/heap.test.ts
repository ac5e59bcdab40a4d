// The heap against a sorted list.

import { expect, test } from 'vitest'
import { Heap } from './heap.ts'
import { seededRandom } from './random.ts'

interface Item {
  readonly rank: number
  readonly arrival: number
}

const byRank = (a: Item, b: Item): number => a.rank - b.rank

test('elements leave by rank, equal ones in the order they came', () => {
  const random = seededRandom(1)
  const heap = new Heap<Item>(byRank)
  const model: Item[] = []
  for (let step = 0; step < 5_000; step++) {
    if (random.chance(0.55)) {
      const item = { rank: random.below(20), arrival: step }
      heap.push(item)
      model.push(item)
      continue
    }
    model.sort((a, b) => a.rank - b.rank || a.arrival - b.arrival)
    expect(heap.peek()).toBe(model[0])
    expect(heap.pop()).toBe(model.shift())
    expect(heap.size).toBe(model.length)
  }
})

test('what is retained leaves in the same order', () => {
  const random = seededRandom(2)
  const heap = new Heap<Item>(byRank)
  const items = Array.from({ length: 200 }, (_, arrival) => ({ rank: random.below(9), arrival }))
  for (const item of items) heap.push(item)
  heap.retain(item => item.arrival % 3 !== 0)
  const expected = items
    .filter(item => item.arrival % 3 !== 0)
    .sort((a, b) => a.rank - b.rank || a.arrival - b.arrival)
  const actual: (Item | undefined)[] = []
  while (heap.size > 0) actual.push(heap.pop())
  expect(actual).toEqual(expected)
})

test('an empty heap gives nothing', () => {
  const heap = new Heap<Item>(byRank)
  expect(heap.peek()).toBeUndefined()
  expect(heap.pop()).toBeUndefined()
  heap.push({ rank: 1, arrival: 1 })
  heap.clear()
  expect(heap.size).toBe(0)
})
