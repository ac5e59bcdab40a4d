// The simulated disk against the contract, and what only it can do: crash by seed, fail, rot.

import { type Environment, type Put, type StorageEngine, StorageError } from '@klamm/base/env'
import { type StorageHarness, seededTest, storageContract } from '@klamm/base/testing'
import { expect, test } from 'vitest'
import type { DiskOptions } from './disk.ts'
import { Gate } from './gate.ts'
import { SimWorld } from './world.ts'

function harness(disk: Partial<DiskOptions>): () => Promise<StorageHarness> {
  return async () => {
    const world = new SimWorld({ seed: 1, disk })
    const node = world.node('machine')
    const pump = world.scheduler.pump()
    return {
      async open(): Promise<StorageEngine> {
        node.stop()
        return node.start().storage
      },
      kill: async () => node.crash(),
      failFlushes: () => node.disk.failFlushes(),
      dispose: async () => pump[Symbol.dispose](),
    }
  }
}

const all = { canKill: true, canFailFlushes: true }
storageContract('the simulated disk', harness({}), all)
storageContract('the simulated disk with late visibility', harness({ maxVisibleMs: 2 }), all)
storageContract('the simulated disk without flushes', harness({ durability: 'os' }), {
  canKill: true,
})
storageContract(
  'the simulated disk without flushes and with late visibility',
  harness({ durability: 'os', maxVisibleMs: 2 }),
  { canKill: true },
)
storageContract('the simulated disk in memory', harness({ durability: 'memory' }))

seededTest(
  'a crash keeps everything flushed and a prefix of the rest',
  30,
  async (random, seed) => {
    const world = new SimWorld({ seed, disk: { meanExtraFlushMs: 2 } })
    const node = world.node('machine')
    const log = node.start().storage.open('log')
    let resolvedCount = 0
    for (let i = 0; i < 20; i++) {
      const puts = [put(`a-${pad(i)}`, 'x'), put(`b-${pad(i)}`, 'x')]
      void log.commit(puts).then(() => {
        resolvedCount += 1
      })
      await world.scheduler.runFor(random.float())
    }
    node.crash(random.pick(['process', 'power']))
    await world.scheduler.runFor(100)
    const survived = keys(node.start().storage.open('log'))
    const count = survived.length / 2
    expect(count).toBeGreaterThanOrEqual(resolvedCount)
    expect(count).toBeLessThanOrEqual(20)
    const expected = Array.from({ length: count }, (_, i) => pad(i))
    expect(survived).toEqual([
      ...expected.map(number => `a-${number}`),
      ...expected.map(number => `b-${number}`),
    ])
  },
)

test('a crash may keep all, some or nothing of what was not flushed', async () => {
  const counts = new Set<number>()
  for (let seed = 1; seed <= 40; seed++) {
    const node = new SimWorld({ seed }).node('machine')
    const log = node.start().storage.open('log')
    for (let i = 0; i < 3; i++) void log.commit([put(pad(i), 'x')])
    node.crash()
    counts.add(keys(node.start().storage.open('log')).length)
  }
  expect([...counts].sort()).toEqual([0, 1, 2, 3])
})

test('a commit is visible before it is durable', async () => {
  const world = new SimWorld({ seed: 1, disk: { minFlushMs: 50 } })
  const log = world.node('machine').start().storage.open('log')
  let isDurable = false
  void log.commit([put('a', 'x')]).then(() => {
    isDurable = true
  })
  await world.scheduler.runFor(40)
  expect([keys(log), isDurable]).toEqual([['a'], false])
  await world.scheduler.runFor(20)
  expect(isDurable).toBe(true)
})

test('one flush serves all commits that were waiting for it', async () => {
  const world = new SimWorld({
    seed: 1,
    disk: { minFlushMs: 10, meanExtraFlushMs: 0 },
    trace: { keepLines: 100 },
  })
  const log = world.node('machine').start().storage.open('log')
  const commits = Array.from({ length: 10 }, (_, i) => log.commit([put(pad(i), 'x')]))
  await world.scheduler.settle(Promise.all(commits))
  const flushes = world.trace.lines().filter(line => line.includes(' flush '))
  expect(flushes.map(line => line.slice(line.indexOf('flush')))).toEqual([
    'flush log 1 done',
    'flush log 10 done',
  ])
})

test('a stalled disk holds commits back and nothing else', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('machine')
  const log = node.start().storage.open('log')
  node.disk.stall(10_000)
  let isDurable = false
  void log.commit([put('a', 'x')]).then(() => {
    isDurable = true
  })
  await world.scheduler.runFor(9_990)
  expect([isDurable, keys(log)]).toEqual([false, ['a']])
  await world.scheduler.runFor(20)
  expect(isDurable).toBe(true)
})

test('what a failed flush held may be there after the restart, and the disk works again', async () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= 30; seed++) {
    const world = new SimWorld({ seed })
    const node = world.node('machine')
    const log = node.start().storage.open('log')
    node.disk.failFlushes(1)
    const commit = log.commit([put('a', 'x')])
    await expect(world.scheduler.settle(commit)).rejects.toMatchObject({ code: 'io' })
    node.crash()
    const again = node.start().storage.open('log')
    outcomes.add(keys(again).join())
    await world.scheduler.settle(again.commit([put('b', 'x')]))
  }
  expect([...outcomes].sort()).toEqual(['', 'a'])
})

test('a full disk fails the commit for good, and space that is given back helps the next process', async () => {
  const world = new SimWorld({ seed: 1, disk: { capacityBytes: 1_000 } })
  const node = world.node('machine')
  const { storage } = node.start()
  const old = storage.open('old')
  await world.scheduler.settle(old.commit([put('a', 'x'.repeat(800))]))
  expect(storage.usage()).toEqual({ usedBytes: 801, freeBytes: 199 })
  const log = storage.open('log')
  const full = { name: 'StorageError', code: 'full' }
  await expect(log.commit([put('b', 'x'.repeat(500))])).rejects.toMatchObject(full)
  await expect(log.commit([put('b', 'x')])).rejects.toMatchObject(full)
  node.crash()
  const after = node.start().storage
  await world.scheduler.settle(after.drop('old'))
  await world.scheduler.settle(after.open('log').commit([put('b', 'x'.repeat(500))]))
})

test('without flushes a power cut may tear an environment that was not synced, and only that', async () => {
  const outcomes = new Set<string>()
  for (let seed = 1; seed <= 30; seed++) {
    const world = new SimWorld({ seed, disk: { durability: 'os' } })
    const node = world.node('machine')
    const { storage } = node.start()
    const [sealed, active] = [storage.open('sealed'), storage.open('active')]
    await world.scheduler.settle(sealed.commit([put('a', 'x')]))
    await world.scheduler.settle(sealed.sync())
    for (let i = 0; i < 3; i++) await world.scheduler.settle(active.commit([put(pad(i), 'x')]))
    node.crash('power')
    const after = node.start().storage
    expect(keys(after.open('sealed'))).toEqual(['a'])
    try {
      outcomes.add(`${keys(after.open('active')).length}`)
    } catch (error) {
      outcomes.add(error instanceof StorageError ? error.code : 'unexpected')
    }
  }
  expect([...outcomes].sort()).toEqual(['0', '1', '2', '3', 'corrupt'])
})

test('without flushes a dead process loses nothing that it was told', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new SimWorld({ seed, disk: { durability: 'os' } })
    const node = world.node('machine')
    const log = node.start().storage.open('log')
    for (let i = 0; i < 4; i++) await world.scheduler.settle(log.commit([put(pad(i), 'x')]))
    void log.commit([put(pad(4), 'x')])
    node.crash('process')
    const survived = keys(node.start().storage.open('log'))
    expect(survived.length).toBeGreaterThanOrEqual(4)
  }
})

test('a disk that lies about flushes loses acknowledged commits in a power cut', async () => {
  const counts = new Set<number>()
  for (let seed = 1; seed <= 20; seed++) {
    const world = new SimWorld({ seed })
    const node = world.node('machine')
    const log = node.start().storage.open('log')
    node.disk.lie(true)
    for (let i = 0; i < 2; i++) await world.scheduler.settle(log.commit([put(pad(i), 'x')]))
    node.crash('power')
    counts.add(keys(node.start().storage.open('log')).length)
  }
  expect([...counts].sort()).toEqual([0, 1, 2])
})

test('an image brings back what the disk held', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('machine')
  const log = node.start().storage.open('log')
  await world.scheduler.settle(log.commit([put('a', 'x')]))
  const image = node.disk.image()
  await world.scheduler.settle(log.commit([put('b', 'x')]))
  node.crash()
  node.disk.restore(image)
  expect(keys(node.start().storage.open('log'))).toEqual(['a'])
  node.crash()
  node.disk.replace()
  expect(node.start().storage.list()).toEqual([])
})

test('rot flips one bit or loses one key, for good', async () => {
  const world = new SimWorld({ seed: 1 })
  const node = world.node('machine')
  const log = node.start().storage.open('log')
  await world.scheduler.settle(log.commit([put('a', 'aaaa'), put('b', 'aaaa')]))
  const rotten = node.disk.flipBit('log')
  const value = log.get(rotten?.key ?? new Uint8Array()) ?? new Uint8Array()
  const bits = [...value].map(byte => (byte ^ 0x61).toString(2).replaceAll('0', '')).join('')
  expect(bits).toBe('1')
  const lost = node.disk.dropKey('log')
  expect(log.get(lost?.key ?? new Uint8Array())).toBeUndefined()
  node.crash()
  expect(keys(node.start().storage.open('log'))).toHaveLength(1)
})

test('a second process on one disk is refused while the first lives', () => {
  const world = new SimWorld({ seed: 1 })
  const disk = world.node('machine').disk
  const first = new Gate(world.scheduler)
  disk.lock(first)
  const second = new Gate(world.scheduler)
  expect(() => disk.lock(second)).toThrow(expect.objectContaining({ code: 'inUse' }))
  first.kill()
  disk.lock(second)
})

test('an append-only environment refuses what does not append', async () => {
  const world = new SimWorld({ seed: 1 })
  const log = world.node('machine').start().storage.open('log', { appendOnly: true })
  await world.scheduler.settle(log.commit([put('b', 'x')]))
  await expect(log.commit([put('a', 'x')])).rejects.toThrow('ascend')
  await expect(log.commit([put('c', null)])).rejects.toThrow('nothing is deleted')
})

function put(key: string, value: string | null): Put {
  const encoder = new TextEncoder()
  return { key: encoder.encode(key), value: value === null ? null : encoder.encode(value) }
}

function pad(value: number): string {
  return `${value}`.padStart(3, '0')
}

function keys(environment: Environment): string[] {
  const seen: string[] = []
  environment.visit(undefined, undefined, key => {
    seen.push(new TextDecoder().decode(key))
    return true
  })
  return seen
}
