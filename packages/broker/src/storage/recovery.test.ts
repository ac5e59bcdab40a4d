import { type Random, seededRandom } from '@klamm/base'
import { type StorageEngine, StorageError, silentLogger } from '@klamm/base/env'
import { expect, test } from 'vitest'
import {
  destroySegmentStore,
  openSegmentStore,
  type PartitionLog,
  type SegmentStore,
} from './segment-store.ts'
import { sequenceKey, sequenceOfKey } from './segments.ts'
import { makeBatch } from './testing/batches.ts'
import { CrashEngine, dropKey, flipBit, keysOf } from './testing/crash-engine.ts'

const corrupt = expect.objectContaining({ name: 'StorageError', code: 'corrupt' })

test('keys ascend as numbers do, beyond 32 bits too', () => {
  const sequences = [0, 1, 255, 256, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, 2 ** 53 - 1]
  expect(sequences.map(sequence => sequenceOfKey(sequenceKey(sequence)))).toEqual(sequences)
  const keys = sequences.map(sequence => Buffer.from(sequenceKey(sequence)).toString('hex'))
  expect([...keys].sort()).toEqual(keys)
})

test('what was durable is there after a restart, and nothing else', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  const [a, b] = [store.log('a-0'), store.log('b-0')]
  fill(a, 30)
  fill(b, 5, 20_000)
  await a.setLogStartOffset(12)
  await b.truncate(3)
  fill(b, 4)
  await store.close()
  const again = await open(engine)
  expect(again.logIds().sort()).toEqual(['a-0', 'b-0'])
  expect(await contents(again)).toEqual(await contents(await open(await crashed(engine))))
  const log = again.log('b-0')
  expect([log.logStartOffset, log.logEndOffset, log.durableEndOffset]).toEqual([0, 7, 7])
  fill(log, 3)
  await log.whenDurable(10)
})

test('a full segment is followed by another, and recovery reads all of them', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 10_000 })
  const log = store.log('a-0')
  for (let i = 0; i < 20; i++) {
    fill(log, 10)
    await log.whenDurable(log.logEndOffset)
  }
  expect(engine.list().length).toBeGreaterThanOrEqual(3)
  const before = await contents(store)
  await store.close()
  const again = await open(engine, { segmentBytes: 10_000 })
  expect(await contents(again)).toEqual(before)
  fill(again.log('a-0'), 10)
  await again.close()
  expect((await open(engine)).log('a-0').logEndOffset).toBe(210)
})

test('a segment goes when the start of every log has passed it', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const [a, b] = [store.log('a-0'), store.log('b-0')]
  await fillSegments(store, [a, b], 40)
  const names = engine.list()
  expect(names.length).toBeGreaterThan(4)
  await a.setLogStartOffset(a.logEndOffset)
  await settled()
  expect(engine.list()).toEqual(names)
  await b.setLogStartOffset(b.logEndOffset)
  await settled()
  // The one that is written to stays, with the record of the last change.
  expect(engine.list()).toEqual(names.slice(-1))
  const again = await open(await crashed(engine))
  expect(again.log('a-0').logStartOffset).toBe(a.logEndOffset)
  expect(again.log('b-0').logEndOffset).toBe(b.logEndOffset)
})

test('a segment in the middle goes while older ones stay', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const kept = store.log('kept-0')
  fill(kept, 5)
  const moving = store.log('moving-0')
  await fillSegments(store, [moving], 60)
  const before = engine.list().length
  await moving.setLogStartOffset(moving.logEndOffset - 5)
  await settled()
  expect(engine.list().length).toBeLessThan(before - 2)
  expect(engine.list()[0]).toBe('segment-0000000000')
  const again = await open(await crashed(engine))
  expect(await contents(again)).toEqual(await contents(store))
  expect(again.corruptLogs.size).toBe(0)
})

test('what was cut off does not come back when the segment that said so is gone', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 3_000 })
  const kept = store.log('kept-0')
  const log = store.log('log-0')
  fill(log, 20)
  fill(kept, 1)
  await kept.whenDurable(1)
  const filler = store.log('filler-0')
  await fillSegments(store, [filler], 10)
  await log.truncate(5)
  await fillSegments(store, [filler], 60)
  await store.deleteLog('filler-0')
  await settled()
  const ids = engine.list().map(name => Number(name.slice(-10)))
  expect(ids[0]).toBe(0)
  expect(ids[1]).toBeGreaterThan(3)
  const again = await open(await crashed(engine))
  expect(again.log('log-0').logEndOffset).toBe(5)
  fill(again.log('log-0'), 3)
  await again.log('log-0').whenDurable(8)
})

test('a deleted log does not come back when the segment that said so is gone', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 3_000 })
  const kept = store.log('kept-0')
  fill(kept, 1)
  fill(store.log('gone-0'), 3)
  await kept.whenDurable(1)
  const filler = store.log('filler-0')
  await fillSegments(store, [filler], 20)
  await store.deleteLog('gone-0')
  await fillSegments(store, [filler], 60)
  await store.deleteLog('filler-0')
  await settled()
  expect(engine.list().length).toBeLessThan(4)
  const again = await open(await crashed(engine))
  expect(again.logIds()).toEqual(['kept-0'])
})

test('a segment that was opened ahead and not used is used after the restart', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 10_000 })
  const log = store.log('a-0')
  fill(log, 45)
  await log.whenDurable(45)
  expect(engine.list()).toHaveLength(2)
  const again = await open(await crashed(engine), { segmentBytes: 10_000 })
  const second = again.log('a-0')
  fill(second, 100)
  await second.whenDurable(145)
  expect(second.read(0, 1e6, 145, false).sizeBytes).toBe(second.sizeBytes)
})

test('a segment that is lost as a whole makes the logs that need it corrupt, and only those', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const early = store.log('early-0')
  fill(early, 3)
  const log = store.log('log-0')
  await fillSegments(store, [log], 40)
  await store.close()
  await engine.drop('segment-0000000002')
  const again = await open(engine)
  expect([...again.corruptLogs.keys()]).toEqual(['log-0'])
  expect(() => again.log('log-0')).toThrow(corrupt)
  expect(() => again.find('log-0')).toThrow(corrupt)
  expect(again.log('early-0').logEndOffset).toBe(3)
  expect(again.logIds().sort()).toEqual(['early-0', 'log-0'])
  await again.deleteLog('log-0')
  fill(again.log('log-0'), 2)
  await again.close()
  const third = await open(engine)
  expect(third.corruptLogs.size).toBe(0)
  expect(third.log('log-0').logEndOffset).toBe(2)
})

test('the last batches of a log are missed when a later segment is there', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const filler = store.log('filler-0')
  await fillSegments(store, [filler], 30)
  const log = store.log('log-0')
  fill(log, 3)
  await log.whenDurable(3)
  const last = engine
    .list()
    .filter(name => name < 'segment-9')
    .at(-1)
  await fillSegments(store, [filler], 30)
  await store.close()
  await engine.drop(last ?? '')
  const again = await open(engine)
  expect([...again.corruptLogs.keys()].sort()).toContain('log-0')
})

test('a flipped bit is reported when the store opens or the batch is read, never served', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 20_000 })
  const before = await mixed(store, seededRandom('mixed'))
  await store.close()
  const outcomes = new Map<string, number>()
  for (let seed = 0; seed < 100; seed++) {
    const image = await crashed(engine)
    await flipBit(image, seededRandom(`flip ${seed}`))
    const outcome = await readAll(image, before)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  // Batches that no log wants any more are not looked at.
  expect([...outcomes.keys()].sort()).toEqual(['intact', 'refused at open', 'refused at read'])
  expect(outcomes.get('refused at read')).toBeGreaterThan(30)
})

test('a lost key is reported when the store opens or the batch is read', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 20_000 })
  const before = await mixed(store, seededRandom('mixed'))
  await store.close()
  const minEndSequence = store.endSequence
  const outcomes = new Set<string>()
  for (let seed = 0; seed < 60; seed++) {
    const image = await crashed(engine)
    await dropKey(image, seededRandom(`drop ${seed}`))
    outcomes.add(await readAll(image, before, { minEndSequence }))
  }
  expect([...outcomes].sort()).toEqual(['intact', 'refused at open', 'refused at read'])
})

test('a record that is lost before others is noticed, though nothing else is known', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  const log = store.log('a-0')
  for (let i = 0; i < 10; i++) {
    fill(log, 1)
    await log.whenDurable(log.logEndOffset)
  }
  await store.close()
  const name = 'segment-0000000000'
  const keys = await keysOf(engine, name)
  expect(keys).toHaveLength(20)
  for (const key of keys.slice(0, -1)) {
    const image = await crashed(engine)
    const environment = image.open(name)
    await environment.commit([{ key, value: null }])
    await environment.close()
    const isRecord = sequenceOfKey(key) % 2 === 0
    if (isRecord) await expect(open(image)).rejects.toEqual(corrupt)
    else await expect(readFrom(image, log.logEndOffset)).rejects.toEqual(corrupt)
  }
})

test('a segment that could not be removed is removed at the next start', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const log = store.log('a-0')
  await fillSegments(store, [log], 40)
  const names = engine.list()
  engine.failDrops(new StorageError('io', 'no'))
  await log.setLogStartOffset(log.logEndOffset)
  await settled()
  expect(engine.list()).toEqual(names)
  await store.close()
  engine.failDrops(undefined)
  const again = await open(engine)
  await settled()
  expect(engine.list()).toEqual(names.slice(-1))
  expect(again.log('a-0').logStartOffset).toBe(log.logEndOffset)
})

test('the loss of the newest record is noticed by whoever knows where the store ended', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  store.log('a-0')
  await store.deleteLog('a-0')
  await store.close()
  const last = (await keysOf(engine, 'segment-0000000000')).at(-1)
  const environment = engine.open('segment-0000000000')
  await environment.commit([{ key: last ?? new Uint8Array(), value: null }])
  await environment.close()
  const minEndSequence = store.endSequence
  await expect(open(engine, { minEndSequence })).rejects.toEqual(corrupt)
  expect((await open(engine)).logIds()).toEqual([])
})

test('all segments can be thrown away unread', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  await fillSegments(store, [store.log('a-0')], 30)
  await store.close()
  for (let seed = 0; seed < 10; seed++) await flipBit(engine, seededRandom(seed))
  await destroySegmentStore(engine)
  const again = await open(engine)
  expect(again.logIds()).toEqual([])
})

interface Options {
  readonly segmentBytes?: number
  readonly minEndSequence?: number
}

async function open(engine: StorageEngine, options: Options = {}): Promise<SegmentStore> {
  return openSegmentStore(engine, {
    log: silentLogger,
    cacheBytes: 0,
    onFailure: error => {
      throw error
    },
    ...options,
  })
}

/** What a crash leaves when everything was durable. */
function crashed(engine: CrashEngine): Promise<CrashEngine> {
  return engine.crash(seededRandom('crash'))
}

function fill(log: PartitionLog, count: number, sizeBytes = 100): void {
  for (let i = 0; i < count; i++) {
    const { bytes, header } = makeBatch({ baseOffset: log.logEndOffset, count: 1, sizeBytes })
    log.append(bytes, header)
  }
}

/** Appends in many commits, so that segments fill up one after the other. */
async function fillSegments(
  store: SegmentStore,
  logs: readonly PartitionLog[],
  rounds: number,
): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (const log of logs) fill(log, 3)
    for (const log of logs) await log.whenDurable(log.logEndOffset)
  }
  expect(store.queuedBytes).toBe(0)
}

async function readFrom(engine: CrashEngine, endOffset: number): Promise<void> {
  const store = await open(engine)
  store.log('a-0').read(0, 1e9, endOffset, false)
}

async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise<void>(resolve => setImmediate(resolve))
}

type Contents = Map<string, { readonly start: number; readonly batches: readonly Uint8Array[] }>

async function contents(store: SegmentStore): Promise<Contents> {
  const found: Contents = new Map()
  for (const id of store.logIds().sort()) {
    const log = store.log(id)
    await log.whenDurable(log.logEndOffset)
    const { chunks, sizeBytes } = log.read(log.logStartOffset, 1e9, log.logEndOffset, true)
    expect(sizeBytes).toBe(log.sizeBytes)
    found.set(id, { start: log.logStartOffset, batches: chunks })
  }
  return found
}

/** Logs of all kinds: large and small batches, cut off, advanced, deleted. */
async function mixed(store: SegmentStore, random: Random): Promise<Contents> {
  for (let i = 0; i < 6; i++) {
    const log = store.log(`log-${i}`)
    for (let round = 0; round < 8; round++) {
      fill(log, 1 + random.below(4), 61 + random.below(round === 3 ? 30_000 : 2_000))
      await log.whenDurable(log.logEndOffset)
    }
    if (i % 3 === 1) await log.truncate(log.logEndOffset - 3)
    if (i % 3 === 2) await log.setLogStartOffset(3)
  }
  await store.deleteLog('log-5')
  return contents(store)
}

async function readAll(
  engine: CrashEngine,
  before: Contents,
  options: Options = {},
): Promise<string> {
  let store: SegmentStore
  try {
    store = await open(engine, options)
  } catch (error) {
    expect(error).toEqual(corrupt)
    return 'refused at open'
  }
  expect(store.corruptLogs.size).toBe(0)
  try {
    expect(await contents(store)).toEqual(before)
    return 'intact'
  } catch (error) {
    expect(error).toEqual(corrupt)
    return 'refused at read'
  }
}
