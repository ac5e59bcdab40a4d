// The real disk: one LMDB environment per name. The only file that imports lmdb.
//
// What lmdb-js must be told, and must not (each learned from a measurement or from its source):
// - `safeRestore`: otherwise an unclean start trusts pages that were never flushed as long as the
//   boot id is the same, and loses acknowledged keys when the device lost its cache meanwhile.
// - never `useWritemap`: a full disk is then a SIGBUS; never `noMetaSync`, `mapAsync`, `getAsync`.
// - `noSync` only for durability 'os'; see DataDirectory for what it costs.
// - LMDB detects no corruption: checksums and presence checks are the business of the stores.
//
// Commits and flushes run on libuv's thread pool, one thread per environment that writes, together
// with file deletion, DNS and compression: set UV_THREADPOOL_SIZE to 8 or more before the start.

import { assert, concatBytes } from '@klamm/base'
import {
  type Durability,
  type Environment,
  type EnvironmentOptions,
  type Logger,
  type Put,
  type StorageEngine,
  StorageError,
  silentLogger,
} from '@klamm/base/env'
import * as lmdb from 'lmdb'
import { DataDirectory, freeBytes } from './data-directory.ts'

export interface LmdbEngineOptions {
  readonly directory: string
  /** For 'memory' there is the memory engine. */
  readonly durability: Exclude<Durability, 'memory'>
  readonly log?: Logger
  /** The present run of the operating system; for tests. */
  readonly bootId?: string
}

export interface LmdbEngine extends StorageEngine {
  /**
   * Environments that the operating system may have torn when it stopped, because nothing flushed
   * them (durability 'os'). They cannot be opened, only dropped: whoever needs what was in them
   * gets it from another replica, and what this broker had acknowledged counts as lost.
   */
  readonly suspects: readonly string[]
}

/** Opens a data directory, which only one engine can have open. */
export function openLmdbEngine(options: LmdbEngineOptions): LmdbEngine {
  return new Engine(options)
}

class Engine implements LmdbEngine {
  readonly durability: Durability
  readonly #directory: DataDirectory
  readonly #log: Logger
  readonly #open = new Map<string, LmdbEnvironment>()
  #isClosed = false

  constructor({ directory, durability, log = silentLogger, bootId }: LmdbEngineOptions) {
    this.durability = durability
    this.#log = log
    this.#directory = new DataDirectory(directory, durability, bootId)
  }

  get suspects(): readonly string[] {
    return this.#directory.suspects
  }

  list(): readonly string[] {
    this.#refuse()
    return this.#directory.names()
  }

  open(name: string, options: EnvironmentOptions = {}): Environment {
    this.#refuse()
    assert(/^[a-z0-9-]{1,64}$/.test(name), 'an environment has a plain name', () => name)
    assert(!this.#open.has(name), 'an environment is opened once at a time', () => name)
    if (this.suspects.includes(name)) {
      throw new StorageError('corrupt', `${name} was not flushed when the OS stopped`)
    }
    const isNew = !this.#directory.exists(name)
    if (!isNew) {
      const damage = this.#directory.damage(name, options.appendOnly === true)
      if (damage !== undefined) throw new StorageError('corrupt', `${name} ${damage}`)
    }
    // A process that died while it flushed leaves what is visible and perhaps not durable. What is
    // read from here on counts as durable, so it has to be.
    if (!isNew && this.durability === 'fsync') this.#directory.syncData(name)
    const path = this.#directory.environmentPath(name)
    const environment = new LmdbEnvironment({
      name,
      path,
      database: openDatabase(path, options, this.durability),
      isFlushing: this.durability === 'fsync',
      log: this.#log,
      onClosed: () => this.#open.delete(name),
      ...(isNew && this.durability === 'fsync'
        ? { entriesDurable: this.#directory.syncEntries(name) }
        : {}),
    })
    this.#open.set(name, environment)
    return environment
  }

  async drop(name: string): Promise<void> {
    this.#refuse()
    assert(!this.#open.has(name), 'only a closed environment is dropped', () => name)
    try {
      await this.#directory.drop(name)
    } catch (error) {
      throw new StorageError('io', `removing ${name} failed`, { cause: error })
    }
  }

  usage(): { readonly freeBytes: number; readonly usedBytes: number } {
    return this.#directory.usage()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const environments = [...this.#open.values()]
    await Promise.all(environments.map(environment => environment.close()))
    await this.#directory.close(environments.every(environment => !environment.hasFailed))
  }

  #refuse(): void {
    if (this.#isClosed) throw new StorageError('closed', 'the engine is closed')
  }
}

type Database = lmdb.RootDatabase<Uint8Array, Uint8Array>

const defaultMapBytes = 16 * 1024 * 1024

function openDatabase(
  path: string,
  { expectedBytes }: EnvironmentOptions,
  durability: Durability,
): Database {
  const options: lmdb.RootDatabaseOptions & { readonly safeRestore: boolean } = {
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 1,
    safeRestore: true,
    // A commit then resolves only after fdatasync, and the meta page is written after that.
    overlappingSync: false,
    noSync: durability === 'os',
    // Otherwise lmdb-js wraps all writes of a turn into one more batch, and drops its promise: when
    // the commit fails, that is a rejection which nobody can take.
    eventTurnBatching: false,
    // Not a limit: LMDB grows the map by itself, at the price of mapping it anew.
    mapSize: Math.ceil((expectedBytes ?? defaultMapBytes) * 1.6),
  }
  try {
    return lmdb.open<Uint8Array, Uint8Array>(path, options)
  } catch (error) {
    throw readError(`opening ${path} failed`, error)
  }
}

function readError(what: string, cause: unknown): StorageError {
  const isDamaged = /MDB_(INVALID|CORRUPTED|PAGE_NOTFOUND|VERSION_MISMATCH)/.test(String(cause))
  return new StorageError(isDamaged ? 'corrupt' : 'io', `${what}: ${String(cause)}`, { cause })
}

interface LmdbEnvironmentOptions {
  readonly name: string
  readonly path: string
  readonly database: Database
  /** Whether a commit flushes by itself. */
  readonly isFlushing: boolean
  readonly log: Logger
  readonly onClosed: () => void
  /** A new environment: its directory entry must be durable before any commit counts. */
  readonly entriesDurable?: Promise<void>
}

class LmdbEnvironment implements Environment {
  readonly name: string
  readonly #options: LmdbEnvironmentOptions
  readonly #database: Database
  /** Settles, never rejects, when all commits so far have. */
  #settled: Promise<void> = Promise.resolve()
  /** Settles, never rejects, when all flushes asked for so far have ended. */
  #flushed: Promise<unknown> = Promise.resolve()
  #failure: StorageError | undefined
  #closing: Promise<void> | undefined

  constructor(options: LmdbEnvironmentOptions) {
    this.name = options.name
    this.#options = options
    this.#database = options.database
    // A failure is reported by the commits, which all wait for it.
    options.entriesDurable?.catch(() => {})
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined
  }

  commit(puts: readonly Put[]): Promise<void> {
    const outcome = this.#commit(puts)
    this.#settled = outcome.catch(() => {})
    return outcome
  }

  async #commit(puts: readonly Put[]): Promise<void> {
    this.#refuse()
    if (puts.length === 0) return this.#settled
    for (const { key } of puts) {
      assert(key.length >= 1 && key.length <= 64, 'a key has 1 to 64 bytes')
    }
    const database = this.#database
    // A batch is atomic; the writer may join several batches to one transaction.
    const written = database.batch(() => {
      for (const { key, value } of puts) {
        if (value === null) void database.remove(key)
        else void database.put(key, value instanceof Uint8Array ? value : concatBytes(value))
      }
    })
    await this.#outcome(written)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#refuse()
    const found = this.#read(() => this.#database.getBinaryFast(key))
    if (found === undefined) return undefined
    // A buffer that all environments of the thread share: valid until the next read of any. Its
    // `length` is that of the value, its `byteLength` is not.
    const value = Buffer.allocUnsafeSlow(found.length)
    value.set(found.subarray(0, found.length))
    return new Uint8Array(value.buffer)
  }

  visit(
    from: Uint8Array | undefined,
    to: Uint8Array | undefined,
    visit: (key: Uint8Array, value: Uint8Array) => boolean,
  ): void {
    this.#refuse()
    const range = this.#database.getRange({
      ...(from === undefined ? {} : { start: from }),
      ...(to === undefined ? {} : { end: to }),
    })
    const entries = this.#read(() => range[Symbol.iterator]())
    try {
      for (;;) {
        const next = this.#read(() => entries.next())
        if (next.done === true || !visit(next.value.key, next.value.value)) return
      }
    } finally {
      // An iterator that is left open keeps its cursor, and that pins pages.
      entries.return?.()
    }
  }

  async sync(): Promise<void> {
    this.#refuse()
    await this.#settled
    if (this.#failure !== undefined) throw this.#failure
    if (!this.#options.isFlushing) await this.#flush()
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#settled
    // After a failure LMDB may hold its writer lock for ever: the handle is left to the end of the
    // process, which is near.
    if (this.#failure === undefined) {
      try {
        if (!this.#options.isFlushing) await this.#flush()
        // A flush in a pool thread must not lose the environment under its feet.
        await this.#flushed
        await this.#database.close()
      } finally {
        forget(this.#database)
      }
    }
    this.#options.onClosed()
  }

  async #outcome(written: Promise<unknown>): Promise<void> {
    try {
      await written
      await this.#options.entriesDurable
    } catch (error) {
      throw this.#fail(error)
    }
    // An earlier commit failed, and this one rests on it.
    if (this.#failure !== undefined) throw this.#failure
  }

  /**
   * After a failed write or flush nothing is known of what the disk holds: nothing is tried again.
   */
  #fail(error: unknown): StorageError {
    const { path, name, log } = this.#options
    // lmdb-js rejects a second promise with what LMDB said. Nobody else takes it, and a rejection
    // that nobody takes ends the process before the broker could say why.
    if (error instanceof Error && 'commitError' in error) {
      Promise.resolve(error.commitError).catch((cause: unknown) =>
        log.error('a commit failed', { environment: name, cause: String(cause) }),
      )
    }
    // LMDB reports a full disk as an I/O error: a short write.
    const isFull = freeBytes(path) < fullBelowBytes
    this.#failure ??= new StorageError(
      isFull ? 'full' : 'io',
      isFull ? `the disk of ${path} is full` : `writing to ${path} failed`,
      { cause: error },
    )
    return this.#failure
  }

  async #flush(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    nativeOf(this.#database).sync(error => (error ? reject(error) : resolve()))
    this.#flushed = Promise.allSettled([this.#flushed, promise])
    try {
      await promise
    } catch (error) {
      throw this.#fail(error)
    }
  }

  #read<T>(read: () => T): T {
    try {
      return read()
    } catch (error) {
      throw readError(`reading ${this.#options.path} failed`, error)
    }
  }

  #refuse(): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#closing !== undefined) throw new StorageError('closed', `${this.name} is closed`)
  }
}

/** Less free space than the largest commit means that it was the disk that had no room. */
const fullBelowBytes = 16 * 1024 * 1024

interface NativeEnvironment {
  sync(done: (error: Error | undefined) => void): void
}

/** lmdb-js has no public way to force a flush; its `sync` swallows the error unless asked thus. */
function nativeOf(database: Database): NativeEnvironment {
  const native: unknown = Reflect.get(database, 'env')
  assert(isNative(native), 'this version of lmdb-js has the native environment in `env`')
  return native
}

function isNative(value: unknown): value is NativeEnvironment {
  return typeof value === 'object' && value !== null && 'sync' in value
}

/** lmdb-js keeps every database it ever opened in a map, 64 KiB of buffers each. */
function forget(database: Database): void {
  const all: unknown = Reflect.get(lmdb, 'allDbs')
  assert(all instanceof Map, 'this version of lmdb-js lists its databases in `allDbs`')
  for (const [key, value] of all) if (value === database) all.delete(key)
}
