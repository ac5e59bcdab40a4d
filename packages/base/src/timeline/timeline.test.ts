// Registry, map and value together: any history must read as a list of copies would.

import { expect, test } from 'vitest'
import { seededTest } from '../testing/seeds.ts'
import { TimelineRegistry } from './registry.ts'
import { TimelineMap } from './timeline-map.ts'
import { TimelineValue } from './timeline-value.ts'

test('the past reads as it was while the present changes', () => {
  const registry = new TimelineRegistry()
  const map = new TimelineMap<string, number>(registry)
  const value = new TimelineValue(registry, 'initial')
  map.set('kept', 1)
  map.set('changed', 2)
  map.set('deleted', 3)
  registry.snapshot(100)
  map.set('changed', 20)
  map.delete('deleted')
  map.set('added', 4)
  value.set('later')

  expect(map.entriesAt(100)).toEqual([
    ['kept', 1],
    ['changed', 2],
    ['deleted', 3],
  ])
  expect([map.get('deleted', 100), map.get('deleted')]).toEqual([3, undefined])
  expect([map.has('added', 100), map.has('added')]).toEqual([false, true])
  expect([map.size(100), map.size()]).toEqual([3, 3])
  expect([value.get(100), value.get()]).toEqual(['initial', 'later'])
})

test('undefined is a value like any other', () => {
  const registry = new TimelineRegistry()
  const map = new TimelineMap<string, undefined>(registry)
  map.set('a', undefined)
  registry.snapshot(1)
  map.delete('a')
  expect([map.has('a', 1), map.has('a')]).toEqual([true, false])
  registry.revertTo(1)
  expect([map.has('a'), map.size()]).toEqual([true, 1])
})

test('reverting forgets the snapshots after, and can be done again', () => {
  const registry = new TimelineRegistry()
  const value = new TimelineValue(registry, 0)
  for (const epoch of [10, 20, 30]) {
    registry.snapshot(epoch)
    value.set(epoch)
  }
  registry.revertTo(20)
  expect([value.get(), registry.epochs]).toEqual([10, [10, 20]])
  value.set(21)
  registry.revertTo(20)
  expect(value.get()).toBe(10)
  registry.snapshot(25)
  expect(registry.latestEpoch).toBe(25)
})

test('a forgotten epoch can be neither read nor reverted to', () => {
  const registry = new TimelineRegistry()
  const map = new TimelineMap<string, number>(registry)
  for (const epoch of [10, 20, 30]) registry.snapshot(epoch)
  registry.forgetUpTo(20)
  expect([registry.epochs, registry.has(10), registry.has(20)]).toEqual([[20, 30], false, true])
  expect(() => map.get('a', 10)).toThrow('only a kept snapshot is read')
  expect(() => registry.revertTo(10)).toThrow('only a kept snapshot is reverted to')
})

test('epochs ascend', () => {
  const registry = new TimelineRegistry()
  registry.snapshot(10)
  expect(() => registry.snapshot(10)).toThrow('epochs ascend')
})

test('without snapshots nothing is remembered, with them only what changed', () => {
  const registry = new TimelineRegistry()
  const map = new TimelineMap<number, number>(registry)
  for (let i = 0; i < 100; i++) map.set(i, i)
  registry.snapshot(1)
  for (let i = 0; i < 50; i++) map.set(7, i)
  expect(registry.deltasSince(map, 1).map(delta => delta.old.size)).toEqual([1])
  registry.forgetAll()
  map.set(8, 0)
  registry.snapshot(2)
  expect(registry.deltasSince(map, 2)).toEqual([])
})

seededTest('any history reads as a list of copies would', 10, random => {
  const registry = new TimelineRegistry()
  const maps = [0, 1].map(() => new TimelineMap<number, number>(registry))
  const value = new TimelineValue(registry, 0)
  const now = { maps: [new Map<number, number>(), new Map<number, number>()], value: 0 }
  const copyOf = (state: typeof now): typeof now => ({
    maps: state.maps.map(map => new Map(map)),
    value: state.value,
  })
  let kept: { epoch: number; state: typeof now }[] = []
  let current = now
  let epoch = 0
  const check = (): void => {
    for (const { epoch: past, state } of kept) {
      for (const [i, map] of maps.entries()) {
        expect(map.size(past)).toBe(state.maps[i]?.size)
        expect(new Map(map.entriesAt(past))).toEqual(state.maps[i])
        for (let key = 0; key < 6; key++) {
          expect(map.get(key, past)).toBe(state.maps[i]?.get(key))
          expect(map.has(key, past)).toBe(state.maps[i]?.has(key))
        }
      }
      expect(value.get(past)).toBe(state.value)
    }
    for (const [i, map] of maps.entries()) expect(new Map(map.entries())).toEqual(current.maps[i])
    expect(value.get()).toBe(current.value)
  }
  for (let step = 0; step < 200; step++) {
    const which = random.below(2)
    const key = random.below(6)
    const action = random.below(12)
    if (action < 5) {
      maps[which]?.set(key, step)
      current.maps[which]?.set(key, step)
    } else if (action < 7) {
      expect(maps[which]?.delete(key)).toBe(current.maps[which]?.delete(key))
    } else if (action < 8) {
      value.set(step)
      current.value = step
    } else if (action < 10) {
      epoch += 1 + random.below(3)
      registry.snapshot(epoch)
      kept.push({ epoch, state: copyOf(current) })
    } else if (kept.length > 0) {
      const { epoch: target, state } = random.pick(kept)
      if (action === 10) {
        registry.forgetUpTo(target)
        kept = kept.filter(({ epoch: past }) => past >= target)
      } else {
        registry.revertTo(target)
        kept = kept.filter(({ epoch: past }) => past <= target)
        current = copyOf(state)
        epoch = target
      }
    }
    if (step % 4 === 0 || action >= 10) check()
  }
})
