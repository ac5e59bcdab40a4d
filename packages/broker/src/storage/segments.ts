// The environments that hold the batches: opened in order, written to one at a time, removed whole
// when nothing in them is wanted any more.

import { assert } from '@klamm/base'
import { type Environment, type Logger, type StorageEngine, StorageError } from '@klamm/base/env'

const prefix = 'segment-'

export function segmentName(id: number): string {
  return `${prefix}${`${id}`.padStart(10, '0')}`
}

/** Ids of the segments of an engine, ascending. */
export function segmentIds(engine: StorageEngine): number[] {
  const names = engine.list().filter(name => /^segment-\d{10}$/.test(name))
  return names.map(name => Number(name.slice(prefix.length))).sort((a, b) => a - b)
}

/** Arrival sequences as keys: 8 bytes, big-endian, so that keys ascend as numbers do. */
export function sequenceKey(sequence: number, key: Uint8Array = new Uint8Array(8)): Uint8Array {
  const high = Math.floor(sequence / 0x1_0000_0000)
  key[0] = high >>> 24
  key[1] = high >>> 16
  key[2] = high >>> 8
  key[3] = high
  key[4] = sequence >>> 24
  key[5] = sequence >>> 16
  key[6] = sequence >>> 8
  key[7] = sequence
  return key
}

export function sequenceOfKey(key: Uint8Array): number {
  let sequence = 0
  for (const byte of key) sequence = sequence * 256 + byte
  return sequence
}

export interface Segment {
  readonly id: number
  readonly environment: Environment
  /** The key of its first record. */
  readonly firstSequence: number
  /** Of all values. */
  bytes: number
  /** Rows of all indexes whose batch it holds. */
  liveCount: number
  /** The change after which nothing of it was wanted: it is kept until that is durable. */
  releasedBy: number
}

/** Values of this size or less are kept for a while after a read: a block serves several logs. */
const cachedValueBytes = 64 * 1024
const valueCacheBytes = 4 * 1024 * 1024

export class Segments {
  readonly #engine: StorageEngine
  readonly #log: Logger
  readonly #segments = new Map<number, Segment>()
  readonly #open = new Set<Environment>()
  readonly #expectedBytes: number
  /** Segments of which nothing is wanted any more. */
  readonly #released = new Set<Segment>()
  /** Values read lately, the oldest first. */
  readonly #values = new Map<number, Uint8Array>()
  #valuesBytes = 0
  readonly #key = new Uint8Array(8)
  #dropping: Promise<void> = Promise.resolve()

  constructor(engine: StorageEngine, expectedBytes: number, log: Logger) {
    this.#engine = engine
    this.#expectedBytes = expectedBytes
    this.#log = log
  }

  /** Opens or makes a segment's environment. It is closed by `close` or when it is dropped. */
  openEnvironment(id: number): Environment {
    const options = { expectedBytes: this.#expectedBytes, appendOnly: true }
    const environment = this.#engine.open(segmentName(id), options)
    this.#open.add(environment)
    return environment
  }

  add(id: number, environment: Environment, firstSequence: number): Segment {
    const segment = { id, environment, firstSequence, bytes: 0, liveCount: 0, releasedBy: 0 }
    this.#segments.set(id, segment)
    return segment
  }

  /** The key of the first record of all. */
  get oldestSequence(): number {
    let oldest = Number.POSITIVE_INFINITY
    for (const { firstSequence } of this.#segments.values()) {
      oldest = Math.min(oldest, firstSequence)
    }
    return oldest
  }

  get(id: number): Segment {
    const segment = this.#segments.get(id)
    assert(segment !== undefined, 'the segment of a batch is there', () => segmentName(id))
    return segment
  }

  /** One batch more is in it. */
  retain(id: number): void {
    const segment = this.get(id)
    segment.liveCount += 1
    // The one that is written to may have been empty for a while.
    this.#released.delete(segment)
  }

  /** One batch less is wanted; `change` is the number of the change by which. */
  release(id: number, change: number): void {
    const segment = this.get(id)
    segment.liveCount -= 1
    segment.releasedBy = change
    assert(segment.liveCount >= 0, 'a batch is released once')
    if (segment.liveCount === 0) this.#released.add(segment)
  }

  /** Keeps a segment until the next start, whatever becomes of the logs. */
  keep(id: number): void {
    if (this.#segments.has(id)) this.retain(id)
  }

  /** Removes, in the background, a segment of which nothing is wanted, and which was not added. */
  dropUnreadable(id: number): void {
    if (this.#segments.has(id)) return
    const name = segmentName(id)
    const environment = [...this.#open].find(open => open.name === name)
    this.#dropping = this.#dropping.then(async () => {
      await this.#remove(name, environment)
    })
  }

  /** After recovery: removes the segments below `beforeId` of which nothing is wanted. */
  dropUnwanted(beforeId: number): void {
    for (const segment of this.#segments.values()) {
      if (segment.id < beforeId) this.sealed(segment)
    }
    this.dropReleased(beforeId, 0)
  }

  /** To be called once for a segment that is not written to any more. */
  sealed(segment: Segment): void {
    if (segment.liveCount === 0) this.#released.add(segment)
  }

  /**
   * Removes segments of which nothing is wanted, in the background: those below `beforeId`, whose
   * last wanted batch went by a change that is durable, which all up to `durableChange` are.
   */
  dropReleased(beforeId: number, durableChange: number): void {
    if (this.#released.size === 0) return
    for (const segment of this.#released) {
      if (segment.id >= beforeId || segment.releasedBy > durableChange) continue
      this.#released.delete(segment)
      // Still counts as existing until it is gone: checkpoints must speak of what it holds.
      this.#dropping = this.#dropping.then(() => this.#drop(segment))
    }
  }

  /** A value as the disk gives it; absent is corrupt: what an index names was committed. */
  value(id: number, sequence: number, where: string): Uint8Array {
    const cached = this.#values.get(sequence)
    if (cached !== undefined) return cached
    const value = this.get(id).environment.get(sequenceKey(sequence, this.#key))
    if (value === undefined) {
      const message = `value ${sequence} of ${segmentName(id)}, for ${where}, is missing`
      throw new StorageError('corrupt', message)
    }
    if (value.length <= cachedValueBytes) this.#keep(sequence, value)
    return value
  }

  async close(): Promise<void> {
    await this.#dropping
    await Promise.all([...this.#open].map(environment => environment.close()))
  }

  #keep(sequence: number, value: Uint8Array): void {
    this.#values.set(sequence, value)
    this.#valuesBytes += value.length
    for (const [oldest, { length }] of this.#values) {
      if (this.#valuesBytes <= valueCacheBytes) break
      this.#values.delete(oldest)
      this.#valuesBytes -= length
    }
  }

  async #drop(segment: Segment): Promise<void> {
    const isRemoved = await this.#remove(segmentName(segment.id), segment.environment)
    if (isRemoved) this.#segments.delete(segment.id)
  }

  async #remove(name: string, environment: Environment | undefined): Promise<boolean> {
    try {
      if (environment !== undefined) {
        await environment.close()
        this.#open.delete(environment)
      }
      await this.#engine.drop(name)
      this.#log.info('removed a segment', { name })
      return true
    } catch (error) {
      // It is found again, and removed, at the next start.
      this.#log.error('removing a segment failed', { name, error })
      return false
    }
  }
}
