// As which replica of the metadata a broker takes part, whatever became of its directory.

import { seededRandom } from '@klamm/base'
import { type StorageEngine, silentLogger } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { openMetaStore } from './meta-store.ts'
import { openRaftState } from './raft-state.ts'
import { CrashEngine, dropKey, flipBit } from './testing/crash-engine.ts'

const clusterId = 'MkU3OEVBNTcwNTJENDM2Qg'
const directoryId = 'AAAAAAAAAAAAAAAAAAAABQ'
const voters = [1, 2, 3].map(nodeId => ({ nodeId, directoryId }))

interface Options {
  readonly mayFormat?: boolean
  readonly voters?: typeof voters
}

/** Opens the state of broker 1, and closes it again. */
async function opened(storage: StorageEngine, seed: number, options: Options = {}) {
  const random = seededRandom(seed)
  const meta = await openMetaStore(storage, {
    clusterId,
    brokerId: 1,
    random,
    ...(options.mayFormat === false ? {} : { directoryId }),
  })
  try {
    const { id, store, state } = await openRaftState({
      storage,
      meta,
      brokerId: 1,
      directoryId,
      voters: options.voters ?? voters,
      random,
      log: silentLogger,
    })
    await store.close()
    return { id, voters: state.snapshot.configuration.voters, directoryId: meta.directoryId }
  } finally {
    await meta.close(true)
  }
}

test('the first directory is the voter that the others know', async () => {
  const engine = new CrashEngine()
  for (let start = 0; start < 2; start++) {
    const { id, voters: known } = await opened(engine, start)
    expect([id, known]).toEqual([{ nodeId: 1, directoryId }, voters])
  }
})

test('a directory that was emptied is another replica, which knows of no voters', async () => {
  const engine = new CrashEngine()
  const first = await opened(engine, 1, { mayFormat: false })
  expect(first.id).toEqual({ nodeId: 1, directoryId: first.directoryId })
  expect(first.directoryId).not.toBe(directoryId)
  expect(first.voters).toEqual([])
  expect(await opened(engine, 2, { mayFormat: false })).toEqual(first)
})

test.each([
  ['damaged', flipBit],
  ['missing', dropKey],
] as const)('a state that is %s makes it another replica, once', async (_what, damage) => {
  for (let seed = 0; seed < 5; seed++) {
    const engine = new CrashEngine()
    await opened(engine, seed)
    await damage({ ...onlyRaft(engine) }, seededRandom(seed))
    const again = await opened(engine, seed + 100)
    expect(again.id.directoryId).not.toBe(directoryId)
    expect(again.directoryId).toBe(directoryId)
    expect(again.voters).toEqual([])
    // What is damaged stays where it is.
    expect(engine.list()).toEqual(['meta', 'raft', 'raft-1'])
    expect(await opened(engine, seed + 200)).toEqual(again)
  }
})

test('a file that cannot be opened is a state that is lost', async () => {
  const engine = new CrashEngine()
  await opened(engine, 1)
  engine.refuse('raft')
  expect((await opened(engine, 2)).id.directoryId).not.toBe(directoryId)
})

test('what is lost twice is lost twice', async () => {
  const engine = new CrashEngine()
  const ids = new Set<string>()
  for (const [seed, name] of ['raft', 'raft-1', 'raft-2'].entries()) {
    ids.add((await opened(engine, seed)).id.directoryId)
    engine.refuse(name)
  }
  expect(ids.size).toBe(3)
})

test('the only voter has nobody to ask, and is refused before anything is changed', async () => {
  const corrupt = { name: 'StorageError', code: 'corrupt' }
  const alone = { voters: voters.slice(0, 1) }
  const engine = new CrashEngine()
  const first = await opened(engine, 1, alone)
  engine.refuse('raft')
  for (let start = 0; start < 2; start++) {
    await expect(opened(engine, 2 + start, alone)).rejects.toMatchObject(corrupt)
  }
  expect(first.id).toEqual({ nodeId: 1, directoryId })
  expect(engine.list()).toEqual(['meta', 'raft'])
  const emptied = opened(new CrashEngine(), 5, { ...alone, mayFormat: false })
  await expect(emptied).rejects.toMatchObject(corrupt)
})

/** The engine with nothing else in it that could be damaged. */
function onlyRaft(engine: CrashEngine): StorageEngine {
  return {
    durability: engine.durability,
    list: () => ['raft'],
    open: name => engine.open(name),
    drop: name => engine.drop(name),
    usage: () => engine.usage(),
    close: () => engine.close(),
  }
}
