// What every StorageEngine promises, as tests: LMDB and the simulated disk run the same ones, or
// the simulator would prove things about a disk that does not exist.

import { afterEach, describe, expect, test } from 'vitest'
import { concatBytes } from '../bytes.ts'
import type { Environment, Put, StorageEngine } from '../env/storage.ts'

/** One data directory, for one test. */
export interface StorageHarness {
  /** Opens the engine on the directory. Called again after `close` or `kill`: a restart. */
  open(): Promise<StorageEngine>
  /**
   * The process dies: nothing is closed, nothing more is resolved. What a killed process leaves is
   * there at the next `open`. Needed when `canKill`.
   */
  kill?(): Promise<void>
  /** From now on the device refuses to flush. Needed when `canFailFlushes`. */
  failFlushes?(): void
  /** Removes everything. Engines may still be open. */
  dispose(): Promise<void>
}

/** What the harness can arrange beyond opening and closing; the tests that need it are left out. */
export interface StorageCapabilities {
  readonly canKill?: boolean
  readonly canFailFlushes?: boolean
}

/** Registers the suite. `create` makes an empty directory; it is called once per test. */
export function storageContract(
  name: string,
  create: () => Promise<StorageHarness>,
  capabilities: StorageCapabilities = {},
): void {
  describe(`${name} keeps the storage contract`, () => {
    const harnesses: StorageHarness[] = []
    const harness = async (): Promise<StorageHarness> => {
      const created = await create()
      harnesses.push(created)
      return created
    }
    afterEach(async () => {
      for (const used of harnesses.splice(0)) await used.dispose()
    })
    commitTests(harness)
    visitTests(harness)
    lifetimeTests(harness)
    if (capabilities.canKill === true) killTests(harness)
    if (capabilities.canFailFlushes === true) failureTests(harness)
  })
}

type Create = () => Promise<StorageHarness>

function commitTests(harness: Create): void {
  test('an absent key is undefined', async () => {
    const environment = await opened(harness)
    expect(environment.get(bytes('a'))).toBeUndefined()
  })

  test('a commit is visible once it has resolved', async () => {
    const environment = await opened(harness)
    await environment.commit([put('a', 'one'), put('b', 'two')])
    expect(text(environment.get(bytes('a')))).toBe('one')
    expect(text(environment.get(bytes('b')))).toBe('two')
  })

  test('commits take effect in call order, however many are in flight', async () => {
    const environment = await opened(harness)
    const resolved: number[] = []
    const commits: Promise<void>[] = []
    for (let i = 0; i < 50; i++) {
      const commit = environment.commit([put('last', `${i}`), put(`key-${i}`, `${i}`)])
      commits.push(commit.then(() => void resolved.push(i)))
    }
    await Promise.all(commits)
    expect(text(environment.get(bytes('last')))).toBe('49')
    expect(keys(environment)).toHaveLength(51)
    expect(resolved).toEqual(Array.from({ length: 50 }, (_, i) => i))
  })

  test('what is visible of commits in flight is always a prefix of them, each one whole', async () => {
    const environment = await opened(harness)
    let isDone = false
    const commits = Array.from({ length: 40 }, (_, i) =>
      environment.commit([put(`a-${pad(i)}`, 'x'), put(`b-${pad(i)}`, 'x')]),
    )
    const all = Promise.all(commits).then(() => {
      isDone = true
    })
    do {
      const seen = keys(environment)
      const as = seen.filter(key => key.startsWith('a-'))
      const bs = seen.filter(key => key.startsWith('b-'))
      expect(as.map(key => key.slice(2))).toEqual(bs.map(key => key.slice(2)))
      expect(as).toEqual(Array.from({ length: as.length }, (_, i) => `a-${pad(i)}`))
      await (commits[as.length] ?? all)
    } while (!isDone)
    expect(keys(environment)).toHaveLength(80)
  })

  test('the last of several puts to one key in a commit wins', async () => {
    const environment = await opened(harness)
    await environment.commit([put('a', 'one'), put('a', null), put('a', 'two'), put('b', 'x')])
    await environment.commit([put('b', 'y'), put('b', null)])
    expect(text(environment.get(bytes('a')))).toBe('two')
    expect(environment.get(bytes('b'))).toBeUndefined()
  })

  test('a value given in parts is stored joined', async () => {
    const environment = await opened(harness)
    const parts = [bytes('one'), bytes(''), bytes('two'), new Uint8Array(100_000).fill(7)]
    await environment.commit([{ key: bytes('a'), value: parts }])
    expect(environment.get(bytes('a'))).toEqual(concatBytes(parts))
  })

  test('an empty value and an empty commit are legal', async () => {
    const environment = await opened(harness)
    await environment.commit([])
    await environment.commit([put('a', '')])
    expect(environment.get(bytes('a'))).toEqual(new Uint8Array(0))
  })

  test('a delete removes the key, and deleting an absent key is harmless', async () => {
    const environment = await opened(harness)
    await environment.commit([put('a', 'one'), put('b', 'two')])
    await environment.commit([put('a', null), put('never there', null)])
    expect(environment.get(bytes('a'))).toBeUndefined()
    expect(keys(environment)).toEqual(['b'])
  })

  test('the value belongs to the caller: changing it does not change the store', async () => {
    const environment = await opened(harness)
    await environment.commit([put('a', 'one')])
    const value = environment.get(bytes('a'))
    value?.fill(0)
    expect(text(environment.get(bytes('a')))).toBe('one')
  })

  test('a value outlives later reads and commits', async () => {
    const environment = await opened(harness)
    await environment.commit([put('a', 'one'), put('b', 'x'.repeat(10_000))])
    const value = environment.get(bytes('a'))
    environment.get(bytes('b'))
    await environment.commit([put('a', 'two')])
    expect(text(value)).toBe('one')
  })

  test('a value of a megabyte comes back as it was', async () => {
    const environment = await opened(harness)
    const value = Uint8Array.from({ length: 1 << 20 }, (_, i) => (i * 31) & 0xff)
    await environment.commit([{ key: bytes('a'), value }])
    expect(Buffer.compare(environment.get(bytes('a')) ?? new Uint8Array(), value)).toBe(0)
  })
}

function visitTests(harness: Create): void {
  test('keys are visited bytewise, whatever the order of insertion and their length', async () => {
    const environment = await opened(harness)
    const inOrder = ['00', '0000', '01', '017f', '0180', '01ff', '02', '7f', '80', 'ff', 'ffff']
    const shuffled = [7, 2, 10, 0, 4, 9, 1, 8, 3, 6, 5].map(index => inOrder[index] ?? '')
    for (const key of shuffled) {
      await environment.commit([{ key: Buffer.from(key, 'hex'), value: bytes(key) }])
    }
    const seen: string[] = []
    environment.visit(undefined, undefined, (key, value) => {
      seen.push(Buffer.from(key).toString('hex'))
      expect(text(value)).toBe(seen.at(-1))
      return true
    })
    expect(seen).toEqual(inOrder)
  })

  test('a range includes its start and excludes its end', async () => {
    const environment = await opened(harness)
    await environment.commit(['a', 'b', 'c', 'd'].map(key => put(key, key)))
    expect(keys(environment, 'b', 'd')).toEqual(['b', 'c'])
    expect(keys(environment, 'aa', 'cc')).toEqual(['b', 'c'])
    expect(keys(environment, undefined, 'b')).toEqual(['a'])
    expect(keys(environment, 'c', undefined)).toEqual(['c', 'd'])
    expect(keys(environment, 'b', 'b')).toEqual([])
    expect(keys(environment, 'd', 'b')).toEqual([])
    expect(keys(environment, 'e', undefined)).toEqual([])
  })

  test('a visit ends when it is told to', async () => {
    const environment = await opened(harness)
    await environment.commit(['a', 'b', 'c'].map(key => put(key, key)))
    const seen: string[] = []
    environment.visit(undefined, undefined, key => {
      seen.push(text(key) ?? '')
      return seen.length < 2
    })
    expect(seen).toEqual(['a', 'b'])
  })

  test('an error thrown by the visitor reaches the caller and leaves the store usable', async () => {
    const environment = await opened(harness)
    await environment.commit([put('a', 'one')])
    const visit = (): void =>
      environment.visit(undefined, undefined, () => {
        throw new RangeError('enough')
      })
    expect(visit).toThrow('enough')
    await environment.commit([put('b', 'two')])
    expect(keys(environment)).toEqual(['a', 'b'])
  })

  test('keys of 1 and of 64 bytes are legal', async () => {
    const environment = await opened(harness)
    const long = 'k'.repeat(64)
    await environment.commit([put('k', 'short'), put(long, 'long')])
    expect(text(environment.get(bytes('k')))).toBe('short')
    expect(text(environment.get(bytes(long)))).toBe('long')
  })

  test('an append-only environment gives back what was appended', async () => {
    const engine = await (await harness()).open()
    const environment = engine.open('log', { appendOnly: true, expectedBytes: 1 << 20 })
    for (let i = 0; i < 20; i++) {
      const puts = [put(pad(2 * i), `${2 * i}`), put(pad(2 * i + 1), `${2 * i + 1}`)]
      await environment.commit(puts)
    }
    expect(keys(environment)).toEqual(Array.from({ length: 40 }, (_, i) => pad(i)))
    expect(text(environment.get(bytes(pad(17))))).toBe('17')
  })
}

function lifetimeTests(harness: Create): void {
  test('environments are separate, listed in order, and open again with what they held', async () => {
    const directory = await harness()
    const engine = await directory.open()
    expect(engine.list()).toEqual([])
    await engine.open('b-2').commit([put('a', 'in b')])
    await engine.open('a-1').commit([put('a', 'in a')])
    expect(engine.list()).toEqual(['a-1', 'b-2'])
    await engine.close()
    const again = await directory.open()
    if (again.durability === 'memory') return
    expect(again.list()).toEqual(['a-1', 'b-2'])
    expect(text(again.open('a-1').get(bytes('a')))).toBe('in a')
    expect(text(again.open('b-2').get(bytes('a')))).toBe('in b')
  })

  test('a closed environment opens again within the same engine', async () => {
    const engine = await (await harness()).open()
    const first = engine.open('log')
    await first.commit([put('a', 'one')])
    await first.close()
    expect(text(engine.open('log').get(bytes('a')))).toBe('one')
  })

  test('closing waits for the commits in flight', async () => {
    const directory = await harness()
    const engine = await directory.open()
    const environment = engine.open('log')
    const order: string[] = []
    const commit = environment.commit([put('a', 'one')]).then(() => order.push('committed'))
    const close = environment.close().then(() => order.push('closed'))
    await Promise.all([commit, close])
    expect(order).toEqual(['committed', 'closed'])
    expect(text(engine.open('log').get(bytes('a')))).toBe('one')
  })

  test('after close everything is refused with StorageError closed', async () => {
    const engine = await (await harness()).open()
    const environment = engine.open('log')
    await environment.commit([put('a', 'one')])
    await environment.close()
    const closed = { name: 'StorageError', code: 'closed' }
    expect(() => environment.get(bytes('a'))).toThrow(expect.objectContaining(closed))
    expect(() => keys(environment)).toThrow(expect.objectContaining(closed))
    await expect(environment.commit([put('b', 'two')])).rejects.toMatchObject(closed)
    await expect(environment.sync()).rejects.toMatchObject(closed)
    await environment.close()
  })

  test('a dropped environment is gone and its name can be used again', async () => {
    const engine = await (await harness()).open()
    const environment = engine.open('log')
    await environment.commit([put('a', 'one')])
    await environment.close()
    await engine.drop('log')
    expect(engine.list()).toEqual([])
    expect(engine.open('log').get(bytes('a'))).toBeUndefined()
  })

  test('dropping what does not exist is harmless', async () => {
    const engine = await (await harness()).open()
    await engine.drop('never-there')
    expect(engine.list()).toEqual([])
  })

  test('usage counts what is stored', async () => {
    const engine = await (await harness()).open()
    const before = engine.usage()
    const value = new Uint8Array(1 << 20).fill(1)
    await engine.open('log').commit([{ key: bytes('a'), value }])
    const after = engine.usage()
    expect(after.usedBytes - before.usedBytes).toBeGreaterThanOrEqual(1 << 20)
    expect(after.freeBytes).toBeGreaterThan(0)
  })

  test('sync resolves after everything committed before it', async () => {
    const environment = await opened(harness)
    const order: string[] = []
    const commit = environment.commit([put('a', 'one')]).then(() => order.push('commit'))
    const sync = environment.sync().then(() => order.push('sync'))
    await Promise.all([commit, sync])
    expect(order).toEqual(['commit', 'sync'])
  })
}

function killTests(harness: Create): void {
  test('a killed process loses no resolved commit and keeps a prefix of the others', async () => {
    const directory = await harness()
    const environment = (await directory.open()).open('log')
    await environment.commit([put('a-00', 'x'), put('b-00', 'x')])
    for (let i = 1; i <= 20; i++) {
      void environment.commit([put(`a-${pad(i)}`, 'x'), put(`b-${pad(i)}`, 'x')])
    }
    await directory.kill?.()
    const again = (await directory.open()).open('log')
    const seen = keys(again)
    const count = seen.length / 2
    expect(count).toBeGreaterThanOrEqual(1)
    const expected = (letter: string): string[] =>
      Array.from({ length: count }, (_, i) => `${letter}-${i === 0 ? '00' : pad(i)}`)
    expect(seen).toEqual([...expected('a'), ...expected('b')])
  })
}

function failureTests(harness: Create): void {
  test('a failed flush is final: the environment refuses everything afterwards', async () => {
    const directory = await harness()
    const engine = await directory.open()
    const environment = engine.open('log')
    await environment.commit([put('a', 'one')])
    directory.failFlushes?.()
    const failed = { name: 'StorageError', code: 'io' }
    const inFlight = [environment.commit([put('b', 'x')]), environment.commit([put('c', 'x')])]
    for (const commit of inFlight) await expect(commit).rejects.toMatchObject(failed)
    await expect(environment.commit([put('d', 'x')])).rejects.toMatchObject({
      name: 'StorageError',
    })
    await expect(environment.sync()).rejects.toMatchObject({ name: 'StorageError' })
    expect(() => environment.get(bytes('a'))).toThrow(
      expect.objectContaining({ name: 'StorageError' }),
    )
    await environment.close()
  })
}

async function opened(harness: Create): Promise<Environment> {
  return (await (await harness()).open()).open('test')
}

function bytes(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : new TextDecoder().decode(value)
}

function put(key: string, value: string | null): Put {
  return { key: bytes(key), value: value === null ? null : bytes(value) }
}

function pad(value: number): string {
  return `${value}`.padStart(3, '0')
}

function keys(environment: Environment, from?: string, to?: string): string[] {
  const seen: string[] = []
  environment.visit(
    from === undefined ? undefined : bytes(from),
    to === undefined ? undefined : bytes(to),
    key => {
      seen.push(text(key) ?? '')
      return true
    },
  )
  return seen
}
