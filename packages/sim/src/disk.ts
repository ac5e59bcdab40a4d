// The simulated disk of one machine. It outlives the processes: each environment has a visible
// layer and a durable one, and a crash decides what of the difference survives. The engine that a
// process sees is in storage.ts.

import { assert, type Random } from '@klamm/base'
import { type Durability, StorageError } from '@klamm/base/env'
import type { Gate } from './gate.ts'
import type { CrashKind } from './network.ts'
import type { Scheduler } from './scheduler.ts'
import { SortedBytes } from './sorted-bytes.ts'

export interface DiskOptions {
  readonly durability: Durability
  /** The least a flush takes, in ms. */
  readonly minFlushMs: number
  /** Mean of the exponential delay on top, in ms. */
  readonly meanExtraFlushMs: number
  /** Bytes that a flush writes per ms. */
  readonly bytesPerMs: number
  /** A commit becomes visible after up to this many ms; at 0 within the call. */
  readonly maxVisibleMs: number
  readonly capacityBytes: number
}

export const defaultDisk: DiskOptions = {
  durability: 'fsync',
  minFlushMs: 0.5,
  meanExtraFlushMs: 0.5,
  bytesPerMs: 200_000,
  maxVisibleMs: 0,
  capacityBytes: Number.POSITIVE_INFINITY,
}

/** A write, in memory of its own. */
export interface StoredPut {
  readonly key: Uint8Array
  readonly value: Uint8Array | null
}

/** A commit that is not durable yet. */
export interface PendingCommit {
  readonly puts: readonly StoredPut[]
  readonly bytes: number
  /** Whether the caller was told so, which only happens before durability without flushes. */
  isResolved: boolean
}

/**
 * One environment as the machine holds it.
 * Always true: `visible` is `durable` with the first `visibleCount` pending commits applied.
 */
export class DiskFile {
  readonly #onHardened: (commit: PendingCommit) => void
  visible = new SortedBytes()
  durable = new SortedBytes()
  pending: PendingCommit[] = []
  visibleCount = 0
  /** Commits that became durable since the environment was made: numbers the pending ones. */
  hardenedCount = 0
  /** Torn by a power cut: opening it fails. */
  isCorrupt = false

  constructor(onHardened: (commit: PendingCommit) => void) {
    this.#onHardened = onHardened
  }

  /** Makes the next pending commit visible. */
  reveal(): void {
    const commit = this.pending[this.visibleCount]
    assert(commit !== undefined, 'only a pending commit becomes visible')
    this.visibleCount += 1
    apply(this.visible, commit)
  }

  /** Makes the first `count` pending commits durable. */
  harden(count: number): void {
    while (this.visibleCount < count) this.reveal()
    for (const commit of this.pending.splice(0, count)) {
      apply(this.durable, commit)
      this.#onHardened(commit)
    }
    this.visibleCount -= count
    this.hardenedCount += count
  }

  /** What is not durable is gone. */
  forgetPending(): void {
    this.pending = []
    this.visibleCount = 0
    this.visible = this.durable.clone()
  }
}

/** What a disk held at some time, for `SimDisk.restore`. */
export interface DiskImage {
  readonly files: ReadonlyMap<string, SortedBytes>
}

export class SimDisk {
  readonly random: Random
  /**
   * Told of every commit that would survive a power cut from now on, by environment: what a checker
   * compares with what the process on the machine claims. May be told of a commit in a crash.
   */
  onDurable: ((name: string, puts: readonly StoredPut[]) => void) | undefined
  readonly #scheduler: Scheduler
  readonly #files = new Map<string, DiskFile>()
  #options: DiskOptions
  #failingFlushes = 0
  #stalledUntilMs = 0
  #isLying = false
  #owner: Gate | undefined

  constructor(scheduler: Scheduler, random: Random, options: Partial<DiskOptions> = {}) {
    this.#scheduler = scheduler
    this.random = random
    this.#options = { ...defaultDisk, ...options }
  }

  get options(): DiskOptions {
    return this.#options
  }

  /** Changes latency, capacity or durability; the last one only matters to engines opened later. */
  set(options: Partial<DiskOptions>): void {
    this.#options = { ...this.#options, ...options }
  }

  /** Takes the disk for one process: fails while another one that lives has it. */
  lock(gate: Gate): void {
    if (this.#owner?.isAlive === true) {
      throw new StorageError('inUse', 'another process has this disk open')
    }
    this.#owner = gate
  }

  unlock(gate: Gate): void {
    if (this.#owner === gate) this.#owner = undefined
  }

  get usedBytes(): number {
    let bytes = 0
    for (const file of this.#files.values()) bytes += file.visible.bytes
    return bytes
  }

  get names(): readonly string[] {
    return [...this.#files.keys()].sort()
  }

  file(name: string): DiskFile {
    let file = this.#files.get(name)
    if (file === undefined) {
      file = this.#newFile(name)
      this.#files.set(name, file)
    }
    if (file.isCorrupt) throw new StorageError('corrupt', `${name} was torn by a power cut`)
    return file
  }

  remove(name: string): void {
    this.#files.delete(name)
  }

  /** The next `count` flushes fail, on whatever environment. What they held stays visible. */
  failFlushes(count = Number.POSITIVE_INFINITY): void {
    this.#failingFlushes = count
  }

  /** No flush ends before `durationMs` from now. */
  stall(durationMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#scheduler.nowMs + durationMs)
  }

  /** From now on (or no longer) flushes are reported and not done: a power cut shows it. */
  lie(isLying: boolean): void {
    this.#isLying = isLying
  }

  /** How long a flush of `bytes` takes that begins now, in ms. */
  flushMs(bytes: number): number {
    const { minFlushMs, meanExtraFlushMs, bytesPerMs } = this.#options
    const extraMs = -meanExtraFlushMs * Math.log(1 - this.random.float())
    const flushMs = minFlushMs + extraMs + bytes / bytesPerMs
    return Math.max(flushMs, this.#stalledUntilMs - this.#scheduler.nowMs)
  }

  /** How long it takes to hand `bytes` to the page cache, in ms. */
  writeMs(bytes: number): number {
    return 0.02 + bytes / (4 * this.#options.bytesPerMs)
  }

  /** The fate of a flush that ends now. */
  flushOutcome(): 'done' | 'failed' | 'lost' {
    if (this.#failingFlushes > 0) {
      this.#failingFlushes -= 1
      return 'failed'
    }
    return this.#isLying ? 'lost' : 'done'
  }

  /**
   * The process or the machine died. With flushes, what survives of each environment is everything
   * durable and a prefix of the later commits. Without them, a dead process loses nothing it was
   * told, and a power cut may tear the environment as a whole, as it does LMDB.
   */
  crashed(kind: CrashKind): void {
    for (const name of this.names) {
      const file = this.#files.get(name)
      if (file === undefined) continue
      this.#crashFile(file, kind)
      if (this.#options.durability === 'memory') this.#files.delete(name)
    }
  }

  #crashFile(file: DiskFile, kind: CrashKind): void {
    const told = file.pending.findLastIndex(commit => commit.isResolved) + 1
    if (kind === 'power' && told > 0 && !this.#isLying) {
      file.isCorrupt = this.random.chance(0.5)
    }
    const least = kind === 'process' ? told : 0
    file.harden(least + this.random.below(file.pending.length - least + 1))
    file.forgetPending()
  }

  /** A copy of what is durable now. */
  image(): DiskImage {
    const files = new Map<string, SortedBytes>()
    for (const [name, file] of this.#files) files.set(name, file.durable.clone())
    return { files }
  }

  /** Puts an older image in place of everything: a restored backup, a rolled-back volume. */
  restore(image: DiskImage): void {
    this.#files.clear()
    for (const [name, durable] of image.files) {
      const file = this.#newFile(name)
      file.durable = durable.clone()
      file.visible = durable.clone()
      this.#files.set(name, file)
    }
  }

  /** Empties the disk: it was replaced. */
  replace(): void {
    this.#files.clear()
  }

  /** Flips one bit of one stored value, in both layers. Returns where, or undefined if empty. */
  flipBit(name: string): { readonly key: Uint8Array } | undefined {
    const file = this.file(name)
    const entry = file.durable.at(this.random.below(file.durable.size))
    if (entry === undefined || entry[1].length === 0) return undefined
    const [key, value] = entry
    const rotten = value.slice()
    const index = this.random.below(rotten.length)
    rotten[index] = (rotten[index] ?? 0) ^ (1 << this.random.below(8))
    this.#overwrite(file, key, rotten)
    return { key }
  }

  /** Loses one key, in both layers. */
  dropKey(name: string): { readonly key: Uint8Array } | undefined {
    const file = this.file(name)
    const entry = file.durable.at(this.random.below(file.durable.size))
    if (entry === undefined) return undefined
    this.#overwrite(file, entry[0], null)
    return { key: entry[0] }
  }

  #newFile(name: string): DiskFile {
    return new DiskFile(commit => this.onDurable?.(name, commit.puts))
  }

  #overwrite(file: DiskFile, key: Uint8Array, value: Uint8Array | null): void {
    file.durable.put(key, value)
    file.visible.put(key, value)
  }
}

function apply(layer: SortedBytes, commit: PendingCommit): void {
  for (const put of commit.puts) layer.put(put.key, put.value)
}
