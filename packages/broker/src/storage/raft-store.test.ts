import { type Random, seededRandom } from '@klamm/base'
import type { StorageEngine } from '@klamm/base/env'
import { bootstrapState, type Entry, type PersistedState, type Write } from '@klamm/raft'
import { expect, test } from 'vitest'
import { MemoryEngine } from './memory-engine.ts'
import { openRaftStore } from './raft-store.ts'
import { CrashEngine, dropKey, flipBit } from './testing/crash-engine.ts'

const voter = { nodeId: 1, directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' }
const configuration = { voters: [voter, { nodeId: 2, directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ' }] }
const corrupt = expect.objectContaining({ name: 'StorageError', code: 'corrupt' })

test('a store that nothing was written to says so', async () => {
  const store = openRaftStore(new MemoryEngine(), 'raft')
  expect(store.load()).toBeUndefined()
  await store.close()
})

test('what was written is loaded, of every kind', async () => {
  const engine = new MemoryEngine()
  const entries: Entry[] = [
    { kind: 'noop', term: 1, index: 1 },
    { kind: 'normal', term: 1, index: 2, data: Uint8Array.of(1, 2, 3) },
    { kind: 'config', term: 2, index: 3, configuration },
    { kind: 'normal', term: 2, index: 4, data: new Uint8Array(0) },
  ]
  const hardState = { term: 3, votedFor: voter }
  await written(engine, [{ ...nothing, entries, hardState }])
  expect(load(engine)).toEqual({ ...bootstrapState(configuration), entries, hardState })
})

test('entries are cut off and replaced in one step', async () => {
  const engine = new MemoryEngine()
  const first = { ...nothing, entries: normals(1, 1, 5) }
  const second = { ...nothing, truncateFrom: 3, entries: normals(2, 3, 1) }
  await written(engine, [first, second])
  expect(load(engine)?.entries).toEqual([...normals(1, 1, 2), ...normals(2, 3, 1)])
})

test('entries before the log start go, the snapshot is replaced', async () => {
  const engine = new MemoryEngine()
  const snapshot = { term: 1, index: 4, configuration, data: Uint8Array.of(9) }
  const logStart = { term: 1, index: 3 }
  await written(engine, [
    { ...nothing, entries: normals(1, 1, 6) },
    { ...nothing, snapshot, logStart },
  ])
  const state = load(engine)
  expect(state).toMatchObject({ snapshot, logStart })
  expect(state?.entries).toEqual(normals(1, 4, 3))
})

test('a snapshot from the leader takes the place of the whole log', async () => {
  const engine = new MemoryEngine()
  const logStart = { term: 5, index: 100 }
  const snapshot = { ...logStart, configuration, data: new Uint8Array(100_000).fill(3) }
  await written(engine, [
    { ...nothing, entries: normals(1, 1, 6) },
    { ...nothing, truncateFrom: 2, snapshot, logStart, entries: normals(5, 101, 2) },
  ])
  expect(load(engine)).toMatchObject({ snapshot, logStart, entries: normals(5, 101, 2) })
})

test('writes take effect in call order, and the vote stays when a write has none', async () => {
  const engine = new MemoryEngine()
  const store = openRaftStore(engine, 'raft')
  store.load()
  await Promise.all([
    store.format(bootstrapState(configuration)),
    store.write({ ...nothing, hardState: { term: 1, votedFor: voter } }),
    store.write({ ...nothing, entries: normals(1, 1, 2) }),
    store.write({ ...nothing, hardState: { term: 2, votedFor: undefined } }),
    store.write({ ...nothing, truncateFrom: 2, entries: normals(2, 2, 3) }),
  ])
  await store.close()
  expect(load(engine)).toMatchObject({
    hardState: { term: 2, votedFor: undefined },
    entries: [...normals(1, 1, 1), ...normals(2, 2, 3)],
  })
})

test('whatever is damaged or missing is noticed', async () => {
  const engine = new CrashEngine()
  await written(engine, [
    { ...nothing, entries: normals(1, 1, 30), hardState: { term: 1, votedFor: voter } },
    { ...nothing, logStart: { term: 1, index: 10 } },
  ])
  for (let seed = 0; seed < 100; seed++) {
    const damage = seed % 2 === 0 ? flipBit : dropKey
    const image = await engine.crash(seededRandom('all'))
    await damage(image, seededRandom(seed))
    expect(() => load(image)).toThrow(corrupt)
  }
})

test('after any crash the state is one that was written, and none that was promised is lost', async () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seededRandom(`raft ${seed}`)
    let engine = new CrashEngine()
    const states: PersistedState[] = [bootstrapState(configuration)]
    let promised = 0
    const store = openRaftStore(engine, 'raft')
    store.load()
    await store.format(bootstrapState(configuration))
    for (let step = 1; step <= 30; step++) {
      const write = randomWrite(random, states.at(-1) ?? bootstrapState())
      states.push(applied(states.at(-1) ?? bootstrapState(), write))
      store.write(write).then(() => {
        promised = step
      })
      if (random.chance(0.3)) await new Promise<void>(resolve => setImmediate(resolve))
    }
    const least = promised
    engine = await engine.crash(random)
    const state = load(engine)
    expect(states.slice(least)).toContainEqual(state)
  }
})

const nothing: Write = {
  hardState: undefined,
  truncateFrom: undefined,
  snapshot: undefined,
  logStart: undefined,
  entries: [],
}

async function written(engine: StorageEngine, writes: readonly Write[]): Promise<void> {
  const store = openRaftStore(engine, 'raft')
  store.load()
  await store.format(bootstrapState(configuration))
  for (const write of writes) await store.write(write)
  await store.close()
}

function load(engine: StorageEngine): PersistedState | undefined {
  return openRaftStore(engine, 'raft').load()
}

function normals(term: number, first: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => {
    const index = first + i
    return { kind: 'normal', term, index, data: Uint8Array.of(index & 0xff, term) }
  })
}

function randomWrite(random: Random, { hardState, logStart, entries }: PersistedState): Write {
  const term = hardState.term + random.below(2)
  const last = logStart.index + entries.length
  const truncateFrom = entries.length > 0 && random.chance(0.2) ? last : undefined
  const position = entries[random.below(Math.max(1, entries.length - 2))]
  const isCompacting = position !== undefined && entries.length > 5 && random.chance(0.2)
  return {
    hardState: term === hardState.term ? undefined : { term, votedFor: undefined },
    truncateFrom,
    snapshot: undefined,
    logStart: isCompacting ? { term: position.term, index: position.index } : undefined,
    entries: normals(term, truncateFrom ?? last + 1, random.below(4)),
  }
}

/** What `Write` says, done to the state. */
function applied(state: PersistedState, write: Write): PersistedState {
  const { truncateFrom = Number.POSITIVE_INFINITY, logStart = state.logStart } = write
  const kept = state.entries.filter(({ index }) => index < truncateFrom && index > logStart.index)
  return {
    hardState: write.hardState ?? state.hardState,
    snapshot: write.snapshot ?? state.snapshot,
    logStart,
    entries: [...kept, ...write.entries],
  }
}
