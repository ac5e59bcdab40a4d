// Random histories of operations, crashes and restarts against a model of the logs. What a crash
// may leave is what CrashEngine says: per environment, all that was promised and some of the rest.

import { type Random, seededRandom } from '@klamm/base'
import { silentLogger } from '@klamm/base/env'
import { expect, test } from 'vitest'
import { openSegmentStore, type SegmentStore } from './segment-store.ts'
import { makeBatch } from './testing/batches.ts'
import { CrashEngine } from './testing/crash-engine.ts'
import { type ModelLog, StoreModel } from './testing/store-model.ts'

const seeds = Number(process.env.STORE_SEEDS ?? 60)
const firstSeed = Number(process.env.STORE_SEED ?? 1)

test('after any history and any crash, the logs are as they once were, and nothing durable is lost', async () => {
  let crashes = 0
  let drops = 0
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const history = new History(seededRandom(`store ${seed}`))
    await history.begin()
    for (let step = 0; step < 150; step++) await history.step()
    const problem = await history.end()
    expect(problem, `STORE_SEED=${seed} STORE_SEEDS=1`).toBeUndefined()
    crashes += history.crashes
    drops += history.drops
  }
  // A history without them proves little.
  expect(crashes).toBeGreaterThan(seeds)
  expect(drops).toBeGreaterThan(seeds)
})

test('a disk that forgets what it promised is found out', async () => {
  let problems = 0
  for (let seed = 1; seed <= 10; seed++) {
    const history = new History(seededRandom(`liar ${seed}`), true)
    await history.begin()
    for (let step = 0; step < 50; step++) await history.step()
    if ((await history.end()) !== undefined) problems += 1
  }
  expect(problems).toBeGreaterThan(5)
})

const empty: ModelLog = { startOffset: 0, endOffset: 0, batches: [] }

class History {
  readonly #random: Random
  readonly #model = new StoreModel()
  readonly #segmentBytes: number
  readonly #diskLies: boolean
  #engine = new CrashEngine()
  #store: SegmentStore | undefined
  #problem: string | undefined
  #epoch = 0
  crashes = 0
  drops = 0

  constructor(random: Random, diskLies = false) {
    this.#random = random
    this.#diskLies = diskLies
    this.#segmentBytes = random.pick([5_000, 20_000, 60_000])
  }

  async begin(): Promise<void> {
    await this.#open()
  }

  async step(): Promise<void> {
    if (this.#problem !== undefined) return
    const random = this.#random
    const choice = random.below(100)
    const id = `log-${random.below(4)}`
    if (choice < 50) this.#append(id)
    else if (choice < 57) this.#truncate(id)
    else if (choice < 68) this.#advance(id)
    else if (choice < 70) this.#restart(id)
    else if (choice < 72) this.#delete(id)
    else if (choice < 90) await turns(1 + random.below(3))
    else if (choice < 96) await this.#settle()
    else if (choice < 98) await this.#crash()
    else await this.#close()
  }

  /** Says what is wrong, if anything. */
  async end(): Promise<string | undefined> {
    await this.#crash()
    await this.#close()
    return this.#problem
  }

  #append(id: string): void {
    const random = this.#random
    const log = this.#log(id)
    for (let i = 1 + random.below(3); i > 0; i--) {
      const batch = makeBatch({
        baseOffset: log.logEndOffset,
        count: 1 + random.below(5),
        leaderEpoch: this.#epoch,
        maxTimestamp: random.below(1000),
        producerId: random.below(3) - 1,
        baseSequence: random.below(100),
        sizeBytes: random.chance(0.05) ? 61 + random.below(40_000) : 61 + random.below(500),
        seed: random.u32(),
      })
      log.append(batch.bytes, batch.header)
      const model = this.#model.log(id) ?? empty
      const endOffset = log.logEndOffset
      const batches = [...model.batches, batch]
      const durable = this.#model.set(id, { ...model, endOffset, batches })
      log.whenDurable(endOffset).then(durable, () => {})
    }
  }

  #truncate(id: string): void {
    const log = this.#log(id)
    const toOffset = log.logEndOffset - this.#random.below(12)
    this.#epoch += 1
    const done = log.truncate(Math.max(0, toOffset))
    this.#changed(id, done)
  }

  #advance(id: string): void {
    const log = this.#log(id)
    const { logStartOffset, durableEndOffset } = log
    const length = Math.max(0, durableEndOffset - logStartOffset)
    this.#changed(id, log.setLogStartOffset(logStartOffset + this.#random.below(length + 1)))
  }

  #restart(id: string): void {
    const log = this.#log(id)
    this.#changed(id, log.restart(this.#random.below(1000)))
  }

  #delete(id: string): void {
    if (this.#model.log(id) === undefined) return
    const done = this.#opened.deleteLog(id)
    done.then(this.#model.set(id, undefined), () => {})
  }

  /** The model follows the bounds of the log: which of its batches are left. */
  #changed(id: string, done: Promise<void>): void {
    const { logStartOffset: startOffset, logEndOffset: endOffset } = this.#log(id)
    const model = this.#model.log(id) ?? empty
    // A change of nothing is durable at once, whatever else is waiting.
    if (model.startOffset === startOffset && model.endOffset === endOffset) return
    const batches = model.batches.filter(({ header }) => {
      const lastOffset = header.baseOffset + header.lastOffsetDelta
      return lastOffset >= startOffset && lastOffset < endOffset
    })
    done.then(this.#model.set(id, { startOffset, endOffset, batches }), () => {})
  }

  #log(id: string) {
    const isNew = !this.#opened.logIds().includes(id)
    const log = this.#opened.log(id)
    if (isNew) this.#model.set(id, empty)
    return log
  }

  get #opened(): SegmentStore {
    if (this.#store === undefined) throw new Error('the store is open')
    return this.#store
  }

  async #settle(): Promise<void> {
    const store = this.#opened
    for (const id of store.logIds()) {
      const log = store.log(id)
      await log.whenDurable(log.logEndOffset)
    }
  }

  async #crash(): Promise<void> {
    if (this.#diskLies) this.#engine.lie()
    this.crashes += 1
    this.drops += this.#engine.dropCount
    const crashed = this.#engine.crash(this.#random)
    this.#model.crashed()
    this.#engine = await crashed
    await this.#open()
  }

  async #close(): Promise<void> {
    await this.#opened.close()
    await this.#open()
  }

  async #open(): Promise<void> {
    try {
      this.#store = await openSegmentStore(this.#engine, {
        log: silentLogger,
        segmentBytes: this.#segmentBytes,
        commitBytes: 3_000,
        cacheBytes: this.#random.pick([0, 2_000, 1_000_000]),
        onFailure: error => {
          this.#problem = String(error)
        },
      })
      if (this.#store.corruptLogs.size > 0) {
        this.#problem = [...this.#store.corruptLogs.values()].join()
      } else {
        this.#problem ??= this.#model.adopt(this.#store)
      }
    } catch (error) {
      this.#problem = String(error)
    }
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>(resolve => setImmediate(resolve))
}
