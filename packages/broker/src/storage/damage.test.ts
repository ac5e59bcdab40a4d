// What a store does about damage on its disk: it opens, names what it cannot vouch for, goes on.

import { type Random, seededRandom } from '@klamm/base'
import { StorageError } from '@klamm/base/env'
import { expect, test } from 'vitest'
import type { PartitionLog, SegmentStore } from './segment-store.ts'
import { sequenceOfKey } from './segments.ts'
import { CrashEngine, dropKey, flipBit, keysOf, replace } from './testing/crash-engine.ts'
import {
  type Contents,
  contents,
  crashed,
  fill,
  fillSegments,
  type OpenOptions,
  open,
  settled,
} from './testing/filled-store.ts'

const corrupt = expect.objectContaining({ name: 'StorageError', code: 'corrupt' })

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
  const kinds = ['intact', 'logs corrupt', 'refused at read', 'tail lost']
  expect([...outcomes.keys()].sort()).toEqual(kinds)
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
  expect([...outcomes].sort()).toEqual(['intact', 'logs corrupt', 'refused at read', 'tail lost'])
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
    const found = await open(image)
    if (!isRecord) expect(() => read(found.log('a-0'), log.logEndOffset)).toThrow(corrupt)
    else {
      // The logs are what they were before that commit.
      expect(found.lostTail).toEqual(corrupt)
      expect(found.find('a-0')?.logEndOffset ?? 0).toBe(sequenceOfKey(key) / 2)
    }
  }
})

test('after a lost end the store goes on, and the next start finds nothing missing', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  const log = store.log('a-0')
  for (let i = 0; i < 10; i++) {
    fill(log, 1)
    await log.whenDurable(log.logEndOffset)
  }
  store.log('b-0')
  await store.close()
  await replace(engine, 'segment-0000000000', 8, value => value.fill(0, 100))
  const found = await open(engine, { minEndSequence: store.endSequence })
  expect(found.lostTail).toEqual(corrupt)
  expect(found.logIds()).toEqual(['a-0'])
  const shortened = found.log('a-0')
  expect(shortened.logEndOffset).toBe(4)
  fill(shortened, 3)
  fill(found.log('c-0'), 2)
  await found.close()
  const third = await open(engine, { minEndSequence: found.endSequence })
  expect([third.lostTail, third.corruptLogs.size]).toEqual([undefined, 0])
  expect(await contents(third)).toEqual(await contents(await open(await crashed(engine))))
  expect(third.logIds().map(id => third.log(id).logEndOffset)).toEqual([7, 2])
})

test('an end that was given up does not come back when it can be read again', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  const log = store.log('a-0')
  for (let i = 0; i < 10; i++) {
    if (i === 6) fill(store.log('lost-0'), 2)
    fill(log, 1)
    await log.whenDurable(log.logEndOffset)
  }
  await store.close()
  const segment = 'segment-0000000000'
  let intact = new Uint8Array()
  await replace(engine, segment, 8, value => {
    intact = value.slice()
    return value.fill(0, 100)
  })
  const found = await open(engine)
  await fillSegments(found, [found.log('a-0'), found.log('other-0')], 2)
  await found.close()
  await replace(engine, segment, 8, () => intact)
  const third = await open(engine)
  expect([third.lostTail, third.corruptLogs.size]).toEqual([undefined, 0])
  expect(third.logIds()).toEqual(['a-0', 'other-0'])
  expect(third.logIds().map(id => third.log(id).logEndOffset)).toEqual([10, 6])
  await contents(third)
})

test('a log whose number was that of a lost one is not taken for it', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  const log = store.log('a-0')
  fill(log, 1)
  await log.whenDurable(1)
  fill(store.log('lost-0'), 2)
  await store.close()
  let intact = new Uint8Array()
  await replace(engine, 'segment-0000000000', 2, value => {
    intact = value.slice()
    return value.fill(0, 100)
  })
  const found = await open(engine, { segmentBytes: 3_000 })
  found.log('other-0')
  const filler = found.log('filler-0')
  await fillSegments(found, [filler], 40)
  await filler.setLogStartOffset(filler.logEndOffset)
  await settled()
  await found.close()
  expect(engine.list()).not.toContain('segment-0000000001')
  await replace(engine, 'segment-0000000000', 2, () => intact)
  const third = await open(engine)
  expect([third.lostTail, third.corruptLogs.size]).toEqual([undefined, 0])
  expect(third.logIds().sort()).toEqual(['a-0', 'filler-0', 'other-0'])
  expect(third.log('other-0').logEndOffset).toBe(0)
})

test('an end is found to be lost as often as the store opens, until it is written to', async () => {
  const engine = new CrashEngine()
  const store = await open(engine)
  fill(store.log('a-0'), 3)
  await store.close()
  await replace(engine, 'segment-0000000000', 0, value => value.fill(0, 100))
  for (let i = 0; i < 3; i++) {
    const found = await open(engine)
    expect(found.lostTail).toEqual(corrupt)
    await found.close()
  }
})

test('damage inside an old segment costs the logs that had something behind it', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const early = store.log('early-0')
  fill(early, 3)
  await early.whenDurable(3)
  const late = store.log('late-0')
  await fillSegments(store, [late], 40)
  const newest = store.log('newest-0')
  fill(newest, 2)
  await store.close()
  await replace(engine, 'segment-0000000000', 4, () => null)
  const again = await open(engine)
  expect([...again.corruptLogs.keys()]).toEqual(['late-0'])
  expect(again.lostTail).toBeUndefined()
  expect([again.log('early-0').logEndOffset, again.log('newest-0').logEndOffset]).toEqual([3, 2])
  await again.deleteLog('late-0')
  fill(again.log('late-0'), 1)
  fill(again.log('early-0'), 1)
  await again.close()
  const third = await open(engine)
  expect(third.corruptLogs.size).toBe(0)
  expect(await contents(third)).toEqual(await contents(await open(await crashed(engine))))
})

test('a segment that the engine refuses stays until every log is whole without it', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const log = store.log('log-0')
  await fillSegments(store, [log], 40)
  await store.close()
  const refused = 'segment-0000000002'
  engine.refuse(refused)
  const again = await open(engine, { segmentBytes: 5_000 })
  expect([...again.corruptLogs.keys()]).toEqual(['log-0'])
  await again.deleteLog('log-0')
  await fillSegments(again, [again.log('log-0')], 5)
  await again.close()
  expect(engine.list()).toContain(refused)
  const third = await open(engine)
  await settled()
  expect(engine.list()).not.toContain(refused)
  expect(third.corruptLogs.size).toBe(0)
  expect(third.log('log-0').logEndOffset).toBe(15)
})

test('when all segments are refused the store is empty, says so, and can be used', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  await fillSegments(store, [store.log('log-0')], 10)
  await store.close()
  for (const name of engine.list()) engine.refuse(name)
  const again = await open(engine)
  expect(again.logIds()).toEqual([])
  expect(again.lostTail).toEqual(corrupt)
  await fillSegments(again, [again.log('log-0')], 2)
  await again.close()
  const third = await open(engine)
  expect(third.lostTail).toBeUndefined()
  expect(third.log('log-0').logEndOffset).toBe(6)
})

test('a log that was marked corrupt stays so over restarts and segments, until it is deleted', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const [bad, good] = [store.log('bad-0'), store.log('good-0')]
  await fillSegments(store, [bad, good], 5)
  store.markCorrupt('bad-0', new StorageError('corrupt', 'a test says so'))
  expect(() => store.log('bad-0')).toThrow(corrupt)
  await good.setLogStartOffset(1)
  const crashedStore = await open(await crashed(engine), { segmentBytes: 5_000 })
  expect([...crashedStore.corruptLogs.keys()]).toEqual(['bad-0'])
  await fillSegments(crashedStore, [crashedStore.log('good-0')], 40)
  await crashedStore.close()
  await store.close()
  const again = await open(engine, { segmentBytes: 5_000 })
  expect([...again.corruptLogs.keys()]).toEqual(['bad-0'])
  await again.deleteLog('bad-0')
  fill(again.log('bad-0'), 1)
  await again.close()
  expect((await open(engine)).corruptLogs.size).toBe(0)
})

test('a log is still known to be damaged when the segment that said so is gone', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 3_000 })
  const [bad, filler] = [store.log('bad-0'), store.log('filler-0')]
  fill(bad, 1)
  await fillSegments(store, [filler], 20)
  const before = engine.list().length
  store.markCorrupt('bad-0', new StorageError('corrupt', 'a test says so'))
  await fillSegments(store, [filler], 40)
  await filler.setLogStartOffset(filler.logEndOffset)
  await settled()
  expect(engine.list().length).toBeLessThan(before)
  await store.close()
  expect([...(await open(engine)).corruptLogs.keys()]).toEqual(['bad-0'])
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
  const knowing = await open(engine, { minEndSequence })
  expect(knowing.lostTail).toEqual(corrupt)
  await knowing.close()
  const unknowing = await open(engine)
  expect([unknowing.lostTail, unknowing.logIds()]).toEqual([undefined, []])
})

function read(log: PartitionLog, endOffset: number): void {
  log.read(0, 1e9, endOffset, false)
}

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
  options: OpenOptions = {},
): Promise<string> {
  const store = await open(engine, options)
  if (store.lostTail !== undefined) {
    expectOnceTrue(store, before)
    return 'tail lost'
  }
  const whole = [...before].filter(([id]) => !store.corruptLogs.has(id))
  let outcome = whole.length < before.size ? 'logs corrupt' : 'intact'
  for (const [id, { start, batches }] of whole) {
    const log = store.log(id)
    expect([log.logStartOffset, log.logEndOffset]).toEqual([start, start + batches.length])
    try {
      expect(log.read(start, 1e9, log.logEndOffset, true).chunks).toEqual(batches)
    } catch (error) {
      expect(error).toEqual(corrupt)
      outcome = 'refused at read'
    }
  }
  return outcome
}

/** What is left of logs that were never cut off are their first batches. */
function expectOnceTrue(store: SegmentStore, before: Contents): void {
  for (const [id, { start, batches }] of before) {
    const log = store.corruptLogs.has(id) ? undefined : store.find(id)
    if (log === undefined || isCutOff(id) || log.logEndOffset <= start) continue
    const { chunks } = log.read(start, 1e9, log.logEndOffset, true)
    expect(chunks).toEqual(batches.slice(0, chunks.length))
  }
}

/** Whether `mixed` truncated the log. */
function isCutOff(id: string): boolean {
  return Number(id.slice('log-'.length)) % 3 === 1
}
