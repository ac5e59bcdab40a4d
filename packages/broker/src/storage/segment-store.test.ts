import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type StorageEngine, StorageError, silentLogger } from '@klamm/base/env'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLmdbEngine } from './lmdb-engine.ts'
import { MemoryEngine } from './memory-engine.ts'
import {
  LogTruncatedError,
  openSegmentStore,
  type PartitionLog,
  type SegmentStore,
  type SegmentStoreOptions,
} from './segment-store.ts'
import { type BatchFields, makeBatch } from './testing/batches.ts'
import { CrashEngine } from './testing/crash-engine.ts'

const stores: SegmentStore[] = []
const engines: StorageEngine[] = []
const directories: string[] = []
let newEngine: () => Promise<StorageEngine>

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  for (const engine of engines.splice(0)) await engine.close()
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true })
})

async function lmdb(): Promise<StorageEngine> {
  const directory = await mkdtemp(join(tmpdir(), 'klamm-store-'))
  const engine = openLmdbEngine({ directory, durability: 'os' })
  directories.push(directory)
  engines.push(engine)
  return engine
}

describe.each([{ disk: 'memory' }, { disk: 'LMDB' }])('on $disk', ({ disk }) => {
  beforeEach(() => {
    newEngine = disk === 'memory' ? async () => new MemoryEngine() : lmdb
  })

  test('a log begins empty, at offset 0', async () => {
    const log = (await open()).log('t-0')
    expect([log.logStartOffset, log.logEndOffset, log.durableEndOffset]).toEqual([0, 0, 0])
    expect(log.read(0, 1000, 100, true)).toEqual({ chunks: [], sizeBytes: 0, nextOffset: 0 })
    expect(log.lastBatch()).toBeUndefined()
  })

  test('an append is readable at once and durable later', async () => {
    const log = (await open()).log('t-0')
    const batch = append(log, { baseOffset: 0, count: 3 })
    expect(log.logEndOffset).toBe(3)
    expect(log.durableEndOffset).toBe(0)
    expect(log.read(0, 1000, 3, false).chunks).toEqual([batch])
    await log.whenDurable(3)
    expect(log.durableEndOffset).toBe(3)
  })

  test('growth of the durable end is told after each commit, once per log', async () => {
    const store = await open()
    const [a, b] = [store.log('a-0'), store.log('b-0')]
    const told: string[] = []
    a.onDurable = end => told.push(`a ${end}, b is at ${b.durableEndOffset}`)
    b.onDurable = end => told.push(`b ${end}, a is at ${a.durableEndOffset}`)
    appendMany(a, 3)
    appendMany(b, 2)
    await Promise.all([a.whenDurable(3), b.whenDurable(2)])
    expect(told).toEqual(['a 3, b is at 2', 'b 2, a is at 3'])
  })

  test('a fetch inside a batch gives the whole batch', async () => {
    const log = (await open()).log('t-0')
    const batches = [0, 10, 20].map(baseOffset => append(log, { baseOffset, count: 10 }))
    expect(log.read(15, 150, 30, false)).toEqual({
      chunks: [batches[1]],
      sizeBytes: 100,
      nextOffset: 20,
    })
  })

  test('a batch with a record at or after the upper offset is not given', async () => {
    const log = (await open()).log('t-0')
    for (const baseOffset of [0, 10, 20]) append(log, { baseOffset, count: 10 })
    expect(log.read(0, 1000, 29, false).nextOffset).toBe(20)
    expect(log.read(0, 1000, 30, false).nextOffset).toBe(30)
    expect(log.read(25, 1000, 29, true)).toEqual({ chunks: [], sizeBytes: 0, nextOffset: 25 })
  })

  test('a read stops at the byte limit, except for the first batch when one is wanted', async () => {
    const log = (await open()).log('t-0')
    appendMany(log, 3)
    expect(log.read(0, 250, 3, false).nextOffset).toBe(2)
    expect(log.read(0, 50, 3, false).nextOffset).toBe(0)
    expect(log.read(0, 50, 3, true).nextOffset).toBe(1)
  })

  test('what has left the cache is read from the segment', async () => {
    const log = (await open({ cacheBytes: 0 })).log('t-0')
    const sizes = [61, 100, 20_000, 100, 16_384, 16_383, 70_000]
    const batches = sizes.map((sizeBytes, baseOffset) => append(log, { baseOffset, sizeBytes }))
    await log.whenDurable(sizes.length)
    const { chunks, sizeBytes } = log.read(0, 1_000_000, sizes.length, false)
    expect(chunks).toEqual(batches)
    expect(chunks.some((chunk, i) => chunk === batches[i])).toBe(false)
    expect(sizeBytes).toBe(log.sizeBytes)
  })

  test('a cached batch is not read from the disk, and does not pin what it came in', async () => {
    const log = (await open()).log('t-0')
    const frame = new Uint8Array(1_000_000)
    const { bytes, header } = makeBatch({ baseOffset: 0 })
    frame.set(bytes, 500)
    log.append(frame.subarray(500, 500 + bytes.length), header)
    await log.whenDurable(1)
    const [chunk] = log.read(0, 1000, 1, false).chunks
    expect(chunk).toEqual(bytes)
    expect(chunk?.buffer.byteLength).toBeLessThan(1000)
  })

  test('a truncation cuts whole batches off and is seen at once', async () => {
    const log = (await open()).log('t-0')
    for (const baseOffset of [0, 10, 20]) append(log, { baseOffset, count: 10 })
    await log.whenDurable(30)
    const done = log.truncate(15)
    expect([log.logEndOffset, log.durableEndOffset, log.sizeBytes]).toEqual([10, 10, 100])
    append(log, { baseOffset: 10, count: 1, leaderEpoch: 1 })
    expect(log.lastBatch()).toMatchObject({ baseOffset: 10, partitionLeaderEpoch: 1 })
    expect(log.durableEndOffset).toBe(10)
    await done
    await log.whenDurable(11)
  })

  test('the durability of what was cut off is not counted for what came instead', async () => {
    const engine = new CrashEngine()
    const log = (await open({ engine })).log('t-0')
    const ends: number[] = []
    log.onDurable = end => ends.push(end)
    const release = engine.holdCommits()
    appendMany(log, 5)
    await turn()
    expect(engine.commitCount).toBe(1)
    log.truncate(2)
    for (const baseOffset of [2, 3, 4]) append(log, { baseOffset, leaderEpoch: 1 })
    release()
    await log.whenDurable(5)
    expect(ends).toEqual([2, 5])
  })

  test('who waits for an offset that is cut off is told so', async () => {
    const log = (await open()).log('t-0')
    appendMany(log, 3)
    const lost = expect(log.whenDurable(3)).rejects.toBeInstanceOf(LogTruncatedError)
    const kept = log.whenDurable(1)
    await log.truncate(1)
    await lost
    await kept
  })

  test('a truncation at or above the end changes nothing', async () => {
    const log = (await open()).log('t-0')
    appendMany(log, 3)
    await log.truncate(3)
    await log.truncate(7)
    expect(log.logEndOffset).toBe(3)
  })

  test('a truncation below the start makes the log begin there', async () => {
    const store = await open()
    const log = store.log('t-0')
    appendMany(log, 10)
    await log.setLogStartOffset(6)
    await log.truncate(4)
    expect([log.logStartOffset, log.logEndOffset, log.durableEndOffset]).toEqual([4, 4, 4])
    expect(log.sizeBytes).toBe(0)
    append(log, { baseOffset: 4 })
    await log.whenDurable(5)
  })

  test('a restarted log is empty and begins at any offset', async () => {
    const log = (await open()).log('t-0')
    const ends: number[] = []
    log.onDurable = end => ends.push(end)
    appendMany(log, 3)
    await log.restart(100)
    expect([log.logStartOffset, log.logEndOffset, log.durableEndOffset]).toEqual([100, 100, 100])
    append(log, { baseOffset: 100 })
    await log.whenDurable(101)
    expect(ends.at(-1)).toBe(101)
  })

  test('nothing before the start is given, but the batch that holds it is', async () => {
    const log = (await open()).log('t-0')
    for (const baseOffset of [0, 10, 20]) append(log, { baseOffset, count: 10 })
    await log.setLogStartOffset(15)
    expect(log.logStartOffset).toBe(15)
    expect(log.sizeBytes).toBe(200)
    expect(log.read(15, 1000, 30, false).sizeBytes).toBe(200)
    expect(log.batchAt(14)).toBeUndefined()
    expect(log.batchAt(15)?.baseOffset).toBe(10)
    expect([...log.batches(0, 100)].map(({ baseOffset }) => baseOffset)).toEqual([10, 20])
    await log.setLogStartOffset(3)
    expect(log.logStartOffset).toBe(15)
  })

  test('a start beyond what is durable is kept in order with the appends', async () => {
    const engine = await newEngine()
    const log = (await open({ engine })).log('t-0')
    appendMany(log, 4)
    const done = log.setLogStartOffset(4)
    appendMany(log, 2)
    expect(log.sizeBytes).toBe(200)
    await Promise.all([done, log.whenDurable(6)])
    const again = (await reopen(engine)).log('t-0')
    expect([again.logStartOffset, again.logEndOffset]).toEqual([4, 6])
  })

  test('a deleted log is gone, and its id makes a new one', async () => {
    const store = await open()
    const log = store.log('t-0')
    appendMany(log, 3)
    const lost = expect(log.whenDurable(3)).rejects.toBeInstanceOf(LogTruncatedError)
    const done = store.deleteLog('t-0')
    expect(store.logIds()).toEqual([])
    expect(() => log.read(0, 1, 1, false)).toThrow(expect.objectContaining({ code: 'closed' }))
    const second = store.log('t-0')
    append(second, { baseOffset: 0, seed: 2 })
    await Promise.all([done, lost, second.whenDurable(1)])
    expect(second.logEndOffset).toBe(1)
    await store.deleteLog('never-0')
  })

  test('batches are found by offset, by timestamp and by epoch', async () => {
    const log = (await open()).log('t-0')
    const timestamps = [50, 10, 70, 60]
    timestamps.forEach((maxTimestamp, i) => {
      append(log, { baseOffset: i * 10, count: 10, maxTimestamp, leaderEpoch: i * 2 })
    })
    expect(log.batchAt(29)?.baseOffset).toBe(20)
    expect(log.batchAt(40)).toBeUndefined()
    expect(log.firstBatchAtOrAfterTimestamp(0)?.baseOffset).toBe(0)
    expect(log.firstBatchAtOrAfterTimestamp(51)?.baseOffset).toBe(20)
    expect(log.firstBatchAtOrAfterTimestamp(71)).toBeUndefined()
    expect(log.lastBatchAtOrBelowEpoch(3)?.baseOffset).toBe(10)
    expect(log.lastBatchAtOrBelowEpoch(100)?.baseOffset).toBe(30)
    expect(log.lastBatchAtOrBelowEpoch(-1)).toBeUndefined()
  })

  test('an index entry has what the header had', async () => {
    const engine = await newEngine()
    const log = (await open({ engine })).log('t-0')
    append(log, {
      baseOffset: 0,
      count: 5,
      leaderEpoch: 7,
      maxTimestamp: 1_700_000_000_000,
      producerId: 2 ** 40,
      producerEpoch: 9,
      baseSequence: 0x7fff_fffe,
      attributes: 0x10,
    })
    const info = {
      baseOffset: 0,
      lastOffset: 4,
      lastOffsetDelta: 4,
      partitionLeaderEpoch: 7,
      maxTimestamp: 1_700_000_000_000,
      producerId: 2 ** 40,
      producerEpoch: 9,
      baseSequence: 0x7fff_fffe,
      lastSequence: 2,
      attributes: 0x10,
      recordCount: 5,
      sizeInBytes: 100,
    }
    expect(log.lastBatch()).toMatchObject(info)
    await log.whenDurable(5)
    expect((await reopen(engine)).log('t-0').lastBatch()).toMatchObject(info)
  })

  test('appends of one stretch of code share a commit', async () => {
    const engine = new CrashEngine()
    const store = await open({ engine })
    const logs = ['a-0', 'b-0', 'c-0'].map(id => store.log(id))
    for (const log of logs) appendMany(log, 20)
    await Promise.all(logs.map(log => log.whenDurable(20)))
    expect(engine.commitCount).toBe(1)
  })

  test('bytes that wait for a commit are counted', async () => {
    const store = await open()
    const log = store.log('t-0')
    appendMany(log, 3)
    expect(store.queuedBytes).toBe(300)
    await log.whenDurable(3)
    expect(store.queuedBytes).toBe(0)
  })

  test('a batch that does not fit the end of the log is a bug of the caller', async () => {
    const log = (await open()).log('t-0')
    append(log, { baseOffset: 0, count: 3 })
    expect(() => append(log, { baseOffset: 2 })).toThrow('a batch begins where the log ends')
    expect(() => append(log, { baseOffset: 4 })).toThrow('a batch begins where the log ends')
    const { bytes } = makeBatch({ baseOffset: 3 })
    const other = makeBatch({ baseOffset: 4 })
    expect(() => log.append(other.bytes, { ...other.header, baseOffset: 3 })).toThrow('its offset')
    const cut = bytes.subarray(0, 99)
    expect(() => log.append(cut, makeBatch({ baseOffset: 3 }).header)).toThrow('one whole batch')
  })

  test('after close everything is refused', async () => {
    const store = await open()
    const log = store.log('t-0')
    appendMany(log, 1)
    await store.close()
    const closed = expect.objectContaining({ name: 'StorageError', code: 'closed' })
    expect(() => log.read(0, 1, 1, false)).toThrow(closed)
    expect(() => append(log, { baseOffset: 1 })).toThrow(closed)
    expect(() => store.log('x-0')).toThrow(closed)
    await expect(log.whenDurable(1)).rejects.toEqual(closed)
  })

  test('a failed commit stops the store: told once, refused everywhere', async () => {
    const engine = new CrashEngine()
    const failures: unknown[] = []
    const store = await open({ engine, onFailure: error => failures.push(error) })
    const log = store.log('t-0')
    appendMany(log, 1)
    await log.whenDurable(1)
    const full = new StorageError('full', 'the disk is full')
    engine.failCommits(full)
    append(log, { baseOffset: 1 })
    const durable = expect(log.whenDurable(2)).rejects.toBe(full)
    const truncated = expect(log.setLogStartOffset(1)).rejects.toBe(full)
    await durable
    await truncated
    expect(failures).toEqual([full])
    expect(log.durableEndOffset).toBe(1)
    expect(() => log.read(0, 1000, 1, false)).toThrow(full)
    expect(() => append(log, { baseOffset: 2 })).toThrow(full)
  })
})

interface TestOptions extends Partial<SegmentStoreOptions> {
  readonly engine?: StorageEngine
}

async function open(options: TestOptions = {}): Promise<SegmentStore> {
  const store = await openSegmentStore(options.engine ?? (await newEngine()), {
    log: silentLogger,
    onFailure: error => {
      throw error
    },
    ...options,
  })
  stores.push(store)
  return store
}

async function reopen(engine: StorageEngine): Promise<SegmentStore> {
  for (const store of stores.splice(0)) await store.close()
  return open({ engine })
}

function append(log: PartitionLog, fields: BatchFields): Uint8Array {
  const { bytes, header } = makeBatch(fields)
  log.append(bytes, header)
  return bytes
}

function appendMany(log: PartitionLog, count: number): void {
  for (let i = 0; i < count; i++) append(log, { baseOffset: log.logEndOffset })
}

function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
