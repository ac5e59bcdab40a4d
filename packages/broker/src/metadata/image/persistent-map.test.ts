import { seededRandom } from '@klamm/base'
import { expect, test } from 'vitest'
import { PersistentMap } from './persistent-map.ts'

function sorted(map: Iterable<readonly [string, number]>): [string, number][] {
  return [...map].map(([key, value]): [string, number] => [key, value]).sort()
}

test('a map holds what an ordinary map would, and maps made before stay as they were', () => {
  const random = seededRandom('persistent map')
  const model = new Map<string, number>()
  const versions: { map: PersistentMap<number>; content: [string, number][] }[] = []
  let map = PersistentMap.empty<number>()
  for (let round = 0; round < 300; round++) {
    const changes = new Map<string, number | undefined>()
    for (let i = random.below(8); i >= 0; i--) {
      const isRemoval = random.chance(0.3)
      changes.set(`key-${random.below(600)}`, isRemoval ? undefined : random.below(1000))
    }
    map = map.with(changes)
    for (const [key, value] of changes) {
      if (value === undefined) model.delete(key)
      else model.set(key, value)
    }
    expect(map.size).toBe(model.size)
    if (round % 30 === 0) versions.push({ map, content: sorted(model) })
  }
  expect(sorted(map)).toEqual(sorted(model))
  expect(map.sortedKeys()).toEqual([...model.keys()].sort())
  for (const [key, value] of model) expect(map.get(key)).toBe(value)
  expect(map.get('key-600')).toBe(undefined)
  for (const { map: old, content } of versions) expect(sorted(old)).toEqual(content)
})

test('differences are exactly the keys that differ, also when the map has grown in between', () => {
  const random = seededRandom('differences')
  let before = PersistentMap.empty<number>()
  for (let round = 0; round < 100; round++) {
    const changes = new Map<string, number | undefined>()
    for (let i = random.below(20); i >= 0; i--) {
      changes.set(`key-${random.below(900)}`, random.chance(0.2) ? undefined : random.below(5))
    }
    const after = before.with(changes)
    const found = new Map(before.differences(after).map(({ key, ...rest }) => [key, rest]))
    const expected = new Map<string, { before: number | undefined; after: number | undefined }>()
    for (const [key, value] of changes) {
      if (before.get(key) !== value) expected.set(key, { before: before.get(key), after: value })
    }
    expect(found).toEqual(expected)
    before = after
  }
  expect(before.size).toBeGreaterThan(300)
})

test('a map compared with itself, or changed by nothing, costs and says nothing', () => {
  const map = PersistentMap.empty<number>().with(new Map([['a', 1]]))
  expect(map.with(new Map())).toBe(map)
  expect(map.differences(map)).toEqual([])
})
