import { StorageError } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { sequenceKey, sequenceOfKey } from './segments.ts'
import { CrashEngine } from './testing/crash-engine.ts'
import { contents, crashed, fill, fillSegments, open, settled } from './testing/filled-store.ts'

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

test('the high watermark is remembered as it was last noted, within the log', async () => {
  const engine = new CrashEngine()
  const store = await open(engine, { segmentBytes: 5_000 })
  const ids = ['plain-0', 'cut-0', 'begun-0', 'anew-0']
  const logs = ids.map(id => store.log(id))
  const [, cut, begun, anew] = logs
  await fillSegments(store, logs, 4)
  for (const log of logs) {
    expect(log.checkpointedHighWatermark).toBe(0)
    log.checkpointHighWatermark(7)
    log.checkpointHighWatermark(9)
    expect(log.checkpointedHighWatermark).toBe(9)
  }
  await cut?.truncate(5)
  for (const log of cut === undefined ? [] : [cut]) fill(log, 6)
  await begun?.setLogStartOffset(11)
  await anew?.restart(3)
  const marks = (from: typeof store) => ids.map(id => from.log(id).checkpointedHighWatermark)
  expect(marks(store)).toEqual([9, 5, 11, 3])
  expect(marks(await open(await crashed(engine)))).toEqual([9, 5, 11, 3])
  // Now from the checkpoint of a later segment.
  await fillSegments(store, [store.log('filler-0')], 40)
  await store.close()
  expect(marks(await open(engine))).toEqual([9, 5, 11, 3])
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
