import { isUuid, seededRandom } from '@klamm/base'
import type { StorageEngine } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { MemoryEngine } from './memory-engine.ts'
import { type MetaStore, type MetaStoreOptions, openMetaStore } from './meta-store.ts'
import { CrashEngine, dropKey, flipBit } from './testing/crash-engine.ts'

const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg'

test('an empty directory is formatted, with a directory id of its own', async () => {
  const meta = await open(new MemoryEngine())
  expect(meta).toMatchObject({ clusterId, brokerId: 1, isNew: true, wasCleanlyClosed: false })
  expect(isUuid(meta.directoryId)).toBe(true)
})

test('the directory id stays, and may be given when it is formatted', async () => {
  const engine = new MemoryEngine()
  const first = await open(engine, { directoryId: 'AAAAAAAAAAAAAAAAAAAABQ' })
  await first.close(false)
  const second = await open(engine, { random: seededRandom('other') })
  expect(second).toMatchObject({ directoryId: 'AAAAAAAAAAAAAAAAAAAABQ', isNew: false })
})

test('the directory of another cluster or broker is refused', async () => {
  const engine = new MemoryEngine()
  await (await open(engine)).close(true)
  const foreign = { name: 'StorageError', code: 'foreign' }
  for (const options of [{ clusterId: 'AAAAAAAAAAAAAAAAAAAABQ' }, { brokerId: 2 }]) {
    await expect(open(engine, options)).rejects.toMatchObject(foreign)
  }
  expect((await open(engine)).wasCleanlyClosed).toBe(true)
})

test('data without an identity is not taken for a new directory', async () => {
  const engine = new MemoryEngine()
  await engine.open('segment-0000000000').close()
  await expect(open(engine)).rejects.toMatchObject({ name: 'StorageError', code: 'corrupt' })
})

test('the mark of a clean close is there once, and gone as soon as the directory is used', async () => {
  const engine = new CrashEngine()
  await (await open(engine)).close(true)
  const second = await open(engine)
  expect(second.wasCleanlyClosed).toBe(true)
  const third = await open(await engine.crash(seededRandom('crash')))
  expect(third.wasCleanlyClosed).toBe(false)
  await second.close(false)
  expect((await open(engine)).wasCleanlyClosed).toBe(false)
})

test('facts are kept, under any name', async () => {
  const engine = new MemoryEngine()
  const first = await open(engine)
  expect(first.get('producerIds')).toBeUndefined()
  await first.set('producerIds', [1000, 1999])
  await first.set('__proto__', 'a name like any other')
  await first.set('producerIds', { first: 2000, last: 2 ** 50 })
  await first.close(false)
  const second = await open(engine)
  expect(second.get('producerIds')).toEqual({ first: 2000, last: 2 ** 50 })
  expect(second.get('__proto__')).toBe('a name like any other')
  expect(second.get('constructor')).toBeUndefined()
})

test('whatever is damaged or missing is noticed', async () => {
  const engine = new CrashEngine()
  await engine.open('raft').close()
  await expect(open(engine)).rejects.toMatchObject({ code: 'corrupt' })
  for (let seed = 0; seed < 50; seed++) {
    const image = new CrashEngine()
    const meta = await open(image)
    await meta.set('fact', 'x'.repeat(50))
    await meta.close(true)
    await image.open('raft').close()
    if (seed === 0) await dropKey(image, seededRandom(seed))
    else await flipBit(image, seededRandom(seed))
    await expect(open(image)).rejects.toMatchObject({ name: 'StorageError', code: 'corrupt' })
  }
})

function open(engine: StorageEngine, options: Partial<MetaStoreOptions> = {}): Promise<MetaStore> {
  return openMetaStore(engine, { clusterId, brokerId: 1, random: seededRandom('meta'), ...options })
}
