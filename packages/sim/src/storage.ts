// The simulated StorageEngine: what one process sees of its machine's disk. Commits
// become visible first and durable later; flushes take time, fail, and are shared by the
// commits that wait for one.

import { assert, compareBytes, concatBytes } from '@klamm/base'
import {
  type Durability,
  type Environment,
  type EnvironmentOptions,
  type Put,
  type StorageEngine,
  StorageError,
} from '@klamm/base/env'
import type { DiskFile, SimDisk, StoredPut } from './disk.ts'
import type { Gate } from './gate.ts'

/** Notes what happened: the node's trace. */
export type RecordEvent = (kind: string, detail: string) => void

export class SimStorage implements StorageEngine {
  readonly durability: Durability
  readonly #disk: SimDisk
  readonly #gate: Gate
  readonly #record: RecordEvent
  readonly #open = new Map<string, SimEnvironment>()
  #isClosed = false

  constructor(disk: SimDisk, gate: Gate, record: RecordEvent) {
    this.#disk = disk
    this.#gate = gate
    this.#record = record
    this.durability = disk.options.durability
    disk.lock(gate)
    if (this.durability === 'memory') disk.replace()
  }

  list(): readonly string[] {
    return this.#disk.names
  }

  open(name: string, options: EnvironmentOptions = {}): Environment {
    assert(/^[a-z0-9-]{1,64}$/.test(name), 'an environment has a plain name', () => name)
    if (this.#isClosed) throw new StorageError('closed', 'the engine is closed')
    assert(!this.#open.has(name), 'an environment is opened once at a time', () => name)
    const environment = new SimEnvironment({
      name,
      disk: this.#disk,
      file: this.#disk.file(name),
      gate: this.#gate,
      record: this.#record,
      isAppendOnly: options.appendOnly === true,
      durability: this.durability,
      onClosed: () => this.#open.delete(name),
    })
    this.#open.set(name, environment)
    return environment
  }

  async drop(name: string): Promise<void> {
    assert(!this.#open.has(name), 'only a closed environment is dropped', () => name)
    await new Promise<void>(resolve => {
      this.#gate.after(this.#disk.flushMs(0), () => {
        this.#disk.remove(name)
        this.#record('drop', name)
        resolve()
      })
    })
  }

  usage(): { readonly freeBytes: number; readonly usedBytes: number } {
    const usedBytes = this.#disk.usedBytes
    return { freeBytes: Math.max(0, this.#disk.options.capacityBytes - usedBytes), usedBytes }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#open.values()].map(environment => environment.close()))
    this.#disk.unlock(this.#gate)
  }
}

interface EnvironmentContext {
  readonly name: string
  readonly disk: SimDisk
  readonly file: DiskFile
  readonly gate: Gate
  readonly record: RecordEvent
  readonly isAppendOnly: boolean
  readonly durability: Durability
  readonly onClosed: () => void
}

/** What a dead process gets for its commits. */
const never = new Promise<void>(() => {})

/** Somebody who waits for the commits up to a number. */
interface Waiting {
  readonly upTo: number
  readonly isForFlush: boolean
  readonly resolve: () => void
  readonly reject: (error: StorageError) => void
}

class SimEnvironment implements Environment {
  readonly name: string
  readonly #context: EnvironmentContext
  readonly #file: DiskFile
  #waiting: Waiting[] = []
  #isWriting = false
  #isClosed = false
  #failure: StorageError | undefined
  #whenIdle: PromiseWithResolvers<void> | undefined

  constructor(context: EnvironmentContext) {
    this.name = context.name
    this.#context = context
    this.#file = context.file
  }

  async commit(puts: readonly Put[]): Promise<void> {
    const { disk, gate, record, durability } = this.#context
    this.#refuse()
    if (!gate.isAlive) return never
    const stored = puts.map(put => this.#stored(put))
    let bytes = 0
    for (const put of stored) bytes += put.key.length + (put.value?.length ?? 0)
    if (disk.usedBytes + bytes > disk.options.capacityBytes) {
      this.#fail(new StorageError('full', `no space left for ${bytes} bytes in ${this.name}`))
      this.#refuse()
    }
    if (stored.length > 0) {
      this.#file.pending.push({ puts: stored, bytes, isResolved: false })
      record('commit', `${this.name} ${this.#lastCommit} ${bytes}`)
      const { maxVisibleMs } = disk.options
      if (maxVisibleMs === 0) this.#revealOne()
      else gate.after(disk.random.float() * maxVisibleMs, () => this.#revealOne())
    }
    return this.#wait(durability === 'fsync')
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#refuse()
    return this.#file.visible.get(key)?.slice()
  }

  visit(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: (key: Uint8Array, value: Uint8Array) => boolean,
  ): void {
    this.#refuse()
    this.#file.visible.visit(from, to, visit)
  }

  async sync(): Promise<void> {
    this.#refuse()
    return this.#context.gate.isAlive ? this.#wait(true) : never
  }

  async close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true
      this.#whenIdle = Promise.withResolvers()
      this.#settleIfIdle()
    }
    await this.#whenIdle?.promise
  }

  /** Number of the newest commit. */
  get #lastCommit(): number {
    return this.#file.hardenedCount + this.#file.pending.length
  }

  #refuse(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#isClosed) throw new StorageError('closed', `${this.name} is closed`)
  }

  #stored(put: Put): StoredPut {
    assert(put.key.length >= 1 && put.key.length <= 64, 'a key has 1 to 64 bytes')
    if (this.#context.isAppendOnly) {
      assert(put.value !== null, 'nothing is deleted from an append-only environment')
    }
    // Not `slice`: that of a Buffer is a view.
    const key = new Uint8Array(put.key)
    if (put.value === null) return { key, value: null }
    const parts = put.value instanceof Uint8Array ? [put.value] : put.value
    return { key, value: concatBytes(parts) }
  }

  #revealOne(): void {
    const commit = this.#file.pending[this.#file.visibleCount]
    if (commit === undefined) return
    if (this.#context.isAppendOnly) {
      let last = this.#file.visible.lastKey
      for (const { key } of commit.puts) {
        const isAbove = last === undefined || compareBytes(last, key) < 0
        assert(isAbove, 'keys of an append-only environment ascend', () => this.name)
        last = key
      }
    }
    this.#file.reveal()
  }

  #wait(isForFlush: boolean): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#waiting.push({ upTo: this.#lastCommit, isForFlush, resolve, reject })
    this.#write()
    return promise
  }

  /** One write or flush at a time; it covers all commits made before it began. */
  #write(): void {
    const { disk, gate } = this.#context
    if (this.#isWriting || this.#waiting.length === 0 || this.#failure !== undefined) return
    this.#isWriting = true
    const upTo = this.#lastCommit
    const isFlush = this.#waiting.some(waiting => waiting.isForFlush)
    let bytes = 0
    for (const commit of this.#file.pending) if (!commit.isResolved) bytes += commit.bytes
    gate.after(isFlush ? disk.flushMs(bytes) : disk.writeMs(bytes), () => {
      this.#isWriting = false
      this.#written(upTo, isFlush)
      this.#write()
      this.#settleIfIdle()
    })
  }

  #written(upTo: number, isFlush: boolean): void {
    if (this.#failure !== undefined) return
    const { disk, record, durability } = this.#context
    // In memory there is no later: what a crash would have to decide is decided already.
    const unflushed = durability === 'memory' ? 'done' : 'lost'
    const outcome = isFlush ? disk.flushOutcome() : unflushed
    record(isFlush ? 'flush' : 'write', `${this.name} ${upTo} ${outcome}`)
    if (outcome === 'failed') {
      this.#fail(new StorageError('io', `flushing ${this.name}: input/output error`))
      return
    }
    if (outcome === 'done') this.#file.harden(upTo - this.#file.hardenedCount)
    const resolvedCount = upTo - this.#file.hardenedCount
    for (const commit of this.#file.pending.slice(0, resolvedCount)) commit.isResolved = true
    while (this.#file.visibleCount < resolvedCount) this.#revealOne()
    for (;;) {
      const first = this.#waiting[0]
      if (first === undefined || first.upTo > upTo || (first.isForFlush && !isFlush)) return
      this.#waiting.shift()
      first.resolve()
    }
  }

  #fail(error: StorageError): void {
    this.#failure = error
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error)
    this.#settleIfIdle()
  }

  #settleIfIdle(): void {
    if (!this.#isClosed || this.#isWriting || this.#waiting.length > 0) return
    this.#context.onClosed()
    this.#whenIdle?.resolve()
  }
}
