// The logs of a broker on shared, append-only segment environments, with one group commit for all.
//
//   append → index row, tail cache, queue → commit (values + index record) → durable
//   read   → index row → tail cache, or segment: checked on every read
//
// Nothing inside a segment is ever changed or deleted: a truncation, a new start, a deleted log are
// records, and a segment is removed whole once no log wants any batch of it. One log with long
// retention therefore keeps every segment that it wrote to.

import { assert } from '@klamm/base'
import { type Durability, type Logger, type StorageEngine, StorageError } from '@klamm/base/env'
import { CommitMaker } from './commit-maker.ts'
import { CommitQueue } from './commit-queue.ts'
import { maxLogIdBytes } from './index-record.ts'
import { LogState } from './log-state.ts'
import { type Recovered, recover } from './recovery.ts'
import { Segments, segmentIds, segmentName } from './segments.ts'
import type { PartitionLog, SegmentStore, SegmentStoreOptions } from './store-api.ts'
import { StoredLog, type StoredLogContext } from './stored-log.ts'
import { TailCache } from './tail-cache.ts'

export {
  type BatchInfo,
  LogTruncatedError,
  type PartitionLog,
  type ReadResult,
  type SegmentStore,
  type SegmentStoreOptions,
} from './store-api.ts'

const mebibyte = 1024 * 1024
const defaultSegmentBytes = 256 * mebibyte
const defaultCacheBytes = 64 * mebibyte
const defaultMaxQueuedBytes = 512 * mebibyte

/**
 * Opens the store on an engine and rebuilds its index. Damage does not keep it from opening: see
 * `corruptLogs` and `lostTail`.
 */
export async function openSegmentStore(
  engine: StorageEngine,
  options: SegmentStoreOptions,
): Promise<SegmentStore> {
  const { log, segmentBytes = defaultSegmentBytes } = options
  const segments = new Segments(engine, segmentBytes, log)
  // Recovery changes nothing, so there is nothing to release before the queue exists.
  let lastItem = (): number => 0
  const release = (segmentId: number): void => segments.release(segmentId, lastItem())
  let recovered: Recovered
  try {
    recovered = recover(segmentIds(engine), segments, release, options.minEndSequence ?? 0)
  } catch (error) {
    await segments.close()
    throw error
  }
  tellDamage(recovered, log)
  keepDamaged(recovered, segments)
  const store = new Store(engine.durability, segments, recovered, release, options)
  lastItem = () => store.lastItem
  return store
}

function tellDamage({ damagedSegments, logs, lostTail }: Recovered, log: Logger): void {
  for (const { id, error } of damagedSegments) {
    log.error('a segment is damaged', { name: segmentName(id), error })
  }
  for (const { state, error } of logs) {
    if (error !== undefined)
      log.error('a log is damaged: it is not served', { id: state.id, error })
  }
  if (lostTail === undefined) return
  log.error('the newest commits are lost: any log may lack its end', { error: lostTail })
}

/**
 * A damaged segment is of no use here, but stays as long as it may hold the last copy of something:
 * until a start finds every log whole.
 */
function keepDamaged({ damagedSegments, logs, lostTail }: Recovered, segments: Segments): void {
  const isNeeded = lostTail !== undefined || logs.some(({ error }) => error !== undefined)
  for (const { id } of damagedSegments) {
    if (isNeeded) segments.keep(id)
    else segments.dropUnreadable(id)
  }
}

class Store implements SegmentStore {
  readonly #segments: Segments
  readonly #maker: CommitMaker
  readonly #queue: CommitQueue
  readonly #release: (segmentId: number) => void
  readonly #context: StoredLogContext
  readonly #logs = new Map<string, StoredLog>()
  readonly #corrupt = new Map<string, StorageError>()
  readonly lostTail: StorageError | undefined
  #nextLogNumber: number
  #isClosed = false

  constructor(
    durability: Durability,
    segments: Segments,
    recovered: Recovered,
    release: (segmentId: number) => void,
    options: SegmentStoreOptions,
  ) {
    const { active, ahead, nextSegmentId, table, nextSequence, nextCommitNumber } = recovered
    const { segmentBytes = defaultSegmentBytes, cacheBytes = defaultCacheBytes } = options
    const cache = new TailCache(cacheBytes)
    this.#segments = segments
    this.#release = release
    this.#nextLogNumber = recovered.nextLogNumber
    this.lostTail = recovered.lostTail
    this.#maker = new CommitMaker(table, segments, nextSequence, nextCommitNumber)
    this.#queue = new CommitQueue({
      maker: this.#maker,
      segments,
      log: options.log,
      segmentBytes,
      commitBytes: options.commitBytes ?? defaultCommitBytes(durability),
      maxQueuedBytes: options.maxQueuedBytes ?? defaultMaxQueuedBytes,
      active,
      ahead,
      nextSegmentId,
      onCommitted: () => cache.trim(),
      onFailure: error => this.#failed(error, options),
    })
    this.#context = {
      queue: this.#queue,
      segments,
      cache,
      refuse: () => this.#refuse(),
      create: (id, startOffset) => this.#newState(id, startOffset),
    }
    for (const { state, error } of recovered.logs) {
      this.#logs.set(state.id, new StoredLog(state, this.#context, Promise.resolve()))
      if (error !== undefined) this.#corrupt.set(state.id, error)
    }
    if (active !== undefined) segments.dropUnwanted(active.id)
  }

  get lastItem(): number {
    return this.#queue.lastItem
  }

  get queuedBytes(): number {
    return this.#queue.queuedBytes
  }

  get endSequence(): number {
    return this.#maker.sequence
  }

  get corruptLogs(): ReadonlyMap<string, Error> {
    return this.#corrupt
  }

  log(id: string): PartitionLog {
    this.#refuse()
    const existing = this.find(id)
    if (existing !== undefined) return existing
    const idBytes = new TextEncoder().encode(id).length
    assert(idBytes >= 1 && idBytes <= maxLogIdBytes, 'the id of a log fits its record', () => id)
    const state = this.#newState(id, 0)
    const created = this.#queue.change('create', state, 0)
    const log = new StoredLog(state, this.#context, created)
    this.#logs.set(id, log)
    return log
  }

  find(id: string): PartitionLog | undefined {
    this.#refuse()
    const error = this.#corrupt.get(id)
    if (error !== undefined) throw error
    return this.#logs.get(id)
  }

  logIds(): string[] {
    return [...this.#logs.keys()]
  }

  markCorrupt(id: string, error: StorageError): void {
    this.#refuse()
    const log = this.#logs.get(id)
    if (log === undefined || this.#corrupt.has(id)) return
    this.#corrupt.set(id, error)
    log.damaged()
  }

  async deleteLog(id: string): Promise<void> {
    this.#refuse()
    const log = this.#logs.get(id)
    if (log === undefined) return
    this.#logs.delete(id)
    this.#corrupt.delete(id)
    await log.delete()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#queue.idle()
    await this.#segments.close()
  }

  #newState(id: string, startOffset: number): LogState {
    const state = new LogState(this.#nextLogNumber, id, startOffset, this.#release)
    this.#nextLogNumber += 1
    return state
  }

  #failed(error: unknown, { log, onFailure }: SegmentStoreOptions): void {
    log.error('the segment store stopped: a commit failed', { error })
    for (const stored of this.#logs.values()) stored.fail(this.#queue.failure ?? closedError())
    onFailure(error)
  }

  #refuse(): void {
    if (this.#queue.failure !== undefined) throw this.#queue.failure
    if (this.#isClosed) throw closedError()
  }
}

/** A flush costs the same for more bytes; without one, smaller commits are done sooner. */
function defaultCommitBytes(durability: Durability): number {
  return durability === 'fsync' ? 4 * mebibyte : mebibyte
}

function closedError(): StorageError {
  return new StorageError('closed', 'the segment store is closed')
}
